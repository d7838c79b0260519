package playout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// maxJump is how far a sequence number may be from the highest seen. Ten
	// seconds of a camera's main stream: what is further away is not late, it is
	// another stream.
	maxJump = 4096
	// lead is how many packets may precede the first one seen in its frame, on
	// their way as repairs: a burst of loss at the beginning of a layer took nine.
	// Where there are none, Packet.Leap says so.
	lead = 64
	// staleFor is how long packets of a replaced source are still under way.
	staleFor = time.Second
	// maxIdle is how many frames a layer keeps that is not in use: 40 s at 25
	// fps. A camera with key frames further apart is waited for.
	maxIdle = 1000
)

// lane puts one layer back in order and collects whole frames that can be
// decoded. It is part of Splicer.
type lane struct {
	layer media.Layer
	codec media.Codec
	wait  time.Duration // how long a hole holds up what is behind it

	ssrc, stale uint32
	staleUntil  time.Time
	stream      int  // counts the sources the lane has had
	anew        bool // the next packet begins a new stream, whatever its number
	win         window
	leap        int64 // the last packet in front of which the sender left some out
	keyEnd      int64 // the last packet of a whole key frame behind a hole

	part  part // the frame that is being collected
	torn  tear // in the frame at hand
	blind bool // references are missing: only a key frame helps
	gap   bool // the next frame follows a lost one that nothing refers to

	ready  []*frame // whole and decodable, in order
	quick  quickest // how long frames take to come here
	inUse  bool     // the viewer sees this layer, or none yet
	raised bool     // it waits for a key frame that is not older than what is shown
	asking bool     // frames are thrown away for want of a key frame
	stats  Stats
}

// part is the frame that is being collected.
type part struct {
	packets []*media.Packet
	seq     int64 // its first number
	key     bool
	sps     bool    // it has an SPS
	opened  opening // how it was begun when what is in front of it is unknown
}

// tear says that a frame has lost its beginning.
type tear struct {
	open  bool   // it has, and what comes is thrown away to its end
	seen  bool   // a packet of it has been seen
	stamp uint32 // its timestamp, once one has
}

// within tells whether a packet of that timestamp belongs to the torn frame.
func (t tear) within(stamp uint32) bool { return t.open && t.seen && t.stamp == stamp }

func newLane(layer media.Layer, codec media.Codec, wait time.Duration) *lane {
	return &lane{layer: layer, codec: codec, wait: wait, inUse: true, blind: codec.IsVideo()}
}

// push takes a packet as it arrives.
func (l *lane) push(now time.Time, p *media.Packet) {
	if l.stream > 0 && p.SSRC == l.stale && p.SSRC != l.ssrc && now.Before(l.staleUntil) {
		l.stats.Late++
		return
	}
	seq, ok := l.number(p)
	if !ok {
		l.restart(now, p)
		seq = int64(p.Seq) + 1<<16
	}
	for seq-l.win.next >= 2*maxJump { // the window's limit: what is missing now is too old
		l.giveUp(now)
	}
	if !l.win.put(seq, p, now) {
		l.stats.Late++
		return
	}
	if p.Leap {
		l.leap = seq
	}
	l.collect(now)
	if seq > l.win.next {
		l.noteKey(seq)
	}
	l.advance(now)
}

// number unwraps the sequence number; false: p begins another stream.
func (l *lane) number(p *media.Packet) (int64, bool) {
	if l.stream == 0 || p.SSRC != l.ssrc || l.anew {
		return 0, false
	}
	d := media.SeqDiff(p.Seq, uint16(l.win.top-1))
	return l.win.top - 1 + int64(d), d <= maxJump && d >= -maxJump
}

// restart begins a new stream with p. What is ready stays ready.
func (l *lane) restart(now time.Time, p *media.Packet) {
	l.dropPart()
	if l.stream > 0 && p.SSRC != l.ssrc {
		l.stale, l.staleUntil = l.ssrc, now.Add(staleFor)
		l.stats.Restarts++
	}
	l.ssrc, l.anew = p.SSRC, false
	l.stream++
	first := int64(p.Seq) + 1<<16
	if open, _ := inspect(l.codec, p.Payload()); open != opensFrame {
		first -= lead
		l.torn = tear{open: true}
	} else {
		l.torn.open = false
	}
	l.win = newWindow(first)
	l.keyEnd, l.leap = 0, 0
	l.part.opened = opensFrame
	l.blind = l.codec.IsVideo()
}

// advance collects frames as far as it goes and gives up holes that nobody will
// fill in time.
func (l *lane) advance(now time.Time) {
	for {
		l.collect(now)
		since, ok := l.win.hole()
		if !ok || now.Before(since.Add(l.patience())) {
			return
		}
		l.giveUp(now)
	}
}

// deadline is when advance has something to do without a new packet; zero: never.
func (l *lane) deadline() time.Time {
	since, ok := l.win.hole()
	if !ok {
		return time.Time{}
	}
	return since.Add(l.patience())
}

// patience is how long a hole may hold up what is behind it.
func (l *lane) patience() time.Duration {
	switch {
	case l.leap > l.win.next: // it will never be filled
		return 0
	case l.keyEnd >= l.win.next && l.blind: // nobody needs it
		return 0
	case l.keyEnd >= l.win.next: // nobody needs it but who wants every frame
		return min(l.wait, lastFrames)
	}
	return l.wait
}

// collect takes packets up to the first hole.
func (l *lane) collect(now time.Time) {
	for p := l.win.take(); p != nil; p = l.win.take() {
		if l.torn.open && !l.mend(p) {
			continue
		}
		if len(l.part.packets) > 0 && l.part.packets[0].Timestamp != p.Timestamp {
			l.finish(now) // a sender that sets no marker
		}
		l.add(p)
		if p.Marker || !l.codec.IsVideo() {
			l.finish(now)
		}
	}
}

// mend looks for the place where a frame's beginning is certain again. A frame of
// which something is known to be lost is thrown away to its end.
func (l *lane) mend(p *media.Packet) bool {
	open, _ := inspect(l.codec, p.Payload())
	lost := open == opensNothing
	if l.torn.seen {
		lost = p.Timestamp == l.torn.stamp
		open = opensFrame // at another timestamp a frame begins
	}
	if !lost {
		l.torn.open = false
		l.part.opened = open
		return true
	}
	if !l.torn.seen {
		l.count(&l.stats.Incomplete)
	}
	l.asking = l.asking || l.blind
	l.torn = tear{open: !p.Marker, seen: true, stamp: p.Timestamp} // behind the marker a frame begins
	return false
}

func (l *lane) add(p *media.Packet) {
	_, sps := inspect(l.codec, p.Payload())
	if len(l.part.packets) == 0 {
		l.part.seq = l.win.next - 1
	}
	l.part.packets = append(l.part.packets, p)
	l.part.key = l.part.key || p.Key
	l.part.sps = l.part.sps || sps
}

// finish makes a frame of what was collected.
func (l *lane) finish(now time.Time) {
	f := &frame{
		packets: l.part.packets,
		key:     l.part.key || !l.codec.IsVideo(),
		stream:  l.stream,
		seq:     l.part.seq,
		gap:     l.gap,
		done:    now,
	}
	for _, p := range f.packets {
		f.disposable = f.disposable || p.Disposable
	}
	certain := l.part.opened != opensMaybe || l.part.sps
	l.clearPart(len(f.packets))
	switch {
	case !certain:
		l.count(&l.stats.Incomplete)
		l.blind, l.asking = true, true
	case l.blind && !f.key:
		l.count(&l.stats.Skipped)
		l.asking = true
	default:
		l.blind, l.gap = false, false
		l.offer(f)
	}
}

// offer appends a decodable frame. A layer that is not in use keeps only what a
// viewer needs to change over: the frames from the last key frame on.
func (l *lane) offer(f *frame) {
	l.asking = false
	if !l.inUse && (f.key || len(l.ready) >= maxIdle) {
		clear(l.ready)
		l.ready = l.ready[:0]
		if !f.key {
			l.blind = true
			return
		}
	}
	l.ready = append(l.ready, f)
	l.quick.note(f.done, f.done.Sub(f.when()))
}

// giveUp leaves the hole at the window's beginning for lost, and with it the
// frame it is in.
func (l *lane) giveUp(now time.Time) {
	begun := l.part.packets
	l.win.skip()
	if !l.codec.IsVideo() {
		l.count(&l.stats.Incomplete)
		l.collect(now)
		return
	}
	// A hole inside one frame that nothing refers to costs only that frame.
	behind := l.win.at(l.win.next)
	inside := len(begun) > 0 && behind.Timestamp == begun[0].Timestamp ||
		l.torn.within(behind.Timestamp)
	harmless := inside && behind.Disposable
	l.dropPart()
	l.torn = tear{open: true, seen: inside, stamp: behind.Timestamp}
	if harmless {
		l.gap = true
	} else {
		l.blind, l.asking = true, true
	}
	l.collect(now)
}

// dropPart throws away the frame that is being collected.
func (l *lane) dropPart() {
	if len(l.part.packets) > 0 {
		l.count(&l.stats.Incomplete)
	}
	l.clearPart(0)
}

func (l *lane) clearPart(size int) {
	l.part = part{packets: make([]*media.Packet, 0, size), opened: opensFrame}
}

// newest is when the newest frame that is ready was taken. There is one.
func (l *lane) newest() time.Time { return l.ready[len(l.ready)-1].when() }

// count adds one where the viewer sees this layer; what an idle layer loses
// costs nobody anything.
func (l *lane) count(n *uint64) {
	if l.inUse {
		*n++
	}
}
