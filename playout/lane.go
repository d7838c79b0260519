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
	stream      int // counts the sources the lane has had
	win         window
	leap        int64 // the last packet in front of which the sender left some out
	keyEnd      int64 // the last packet of a whole key frame behind a hole

	part    []*media.Packet // the frame that is being collected
	partSeq int64           // its first number
	partKey bool
	partNew opening // how the frame was begun when what is in front of it is unknown
	partSet bool    // it has an SPS

	torn     bool   // the frame at hand has lost its beginning
	tornTime uint32 // its timestamp
	tornSeen bool   // a packet of it has been seen
	blind    bool   // references are missing: only a key frame helps
	gap      bool   // the next frame follows a lost one that nothing refers to

	ready  []*frame // whole and decodable, in order
	inUse  bool     // the viewer sees this layer, or none yet
	asking bool     // frames are thrown away for want of a key frame
	stats  Stats
}

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
	if l.stream == 0 || p.SSRC != l.ssrc {
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
	l.ssrc = p.SSRC
	l.stream++
	first := int64(p.Seq) + 1<<16
	if open, _ := inspect(l.codec, p.Payload()); open != opensFrame {
		first -= lead
		l.torn, l.tornSeen = true, false
	} else {
		l.torn = false
	}
	l.win = newWindow(first)
	l.keyEnd, l.leap = 0, 0
	l.partNew = opensFrame
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
		if l.torn && !l.mend(p) {
			continue
		}
		if len(l.part) > 0 && l.part[0].Timestamp != p.Timestamp {
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
	if l.tornSeen {
		lost = p.Timestamp == l.tornTime
		open = opensFrame // at another timestamp a frame begins
	}
	if !lost {
		l.torn = false
		l.partNew = open
		return true
	}
	if !l.tornSeen {
		l.count(&l.stats.Incomplete)
	}
	l.tornSeen, l.tornTime = true, p.Timestamp
	l.asking = l.asking || l.blind
	l.torn = !p.Marker // behind the marker a frame begins
	return false
}

func (l *lane) add(p *media.Packet) {
	_, sps := inspect(l.codec, p.Payload())
	if len(l.part) == 0 {
		l.partSeq = l.win.next - 1
	}
	l.part = append(l.part, p)
	l.partKey = l.partKey || p.Key
	l.partSet = l.partSet || sps
}

// finish makes a frame of what was collected.
func (l *lane) finish(now time.Time) {
	f := &frame{
		packets: l.part,
		key:     l.partKey || !l.codec.IsVideo(),
		stream:  l.stream,
		seq:     l.partSeq,
		gap:     l.gap,
		done:    now,
	}
	for _, p := range f.packets {
		f.disposable = f.disposable || p.Disposable
	}
	certain := l.partNew != opensMaybe || l.partSet
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
}

// giveUp leaves the hole at the window's beginning for lost, and with it the
// frame it is in.
func (l *lane) giveUp(now time.Time) {
	part := l.part
	l.win.skip()
	if !l.codec.IsVideo() {
		l.count(&l.stats.Incomplete)
		l.collect(now)
		return
	}
	// A hole inside one frame that nothing refers to costs only that frame.
	behind := l.win.at(l.win.next)
	inside := len(part) > 0 && behind.Timestamp == part[0].Timestamp ||
		l.torn && l.tornSeen && behind.Timestamp == l.tornTime
	harmless := inside && behind.Disposable
	l.dropPart()
	l.torn, l.tornSeen = true, inside
	if inside {
		l.tornTime = behind.Timestamp
	}
	if harmless {
		l.gap = true
	} else {
		l.blind, l.asking = true, true
	}
	l.collect(now)
}

// dropPart throws away the frame that is being collected.
func (l *lane) dropPart() {
	if len(l.part) > 0 {
		l.count(&l.stats.Incomplete)
	}
	l.clearPart(0)
}

func (l *lane) clearPart(size int) {
	l.part = make([]*media.Packet, 0, size)
	l.partKey, l.partSet, l.partNew = false, false, opensFrame
}

// noteKey looks whether the packet at seq, behind a hole, made a key frame whole.
// Then nobody needs what is missing in front of it any more.
func (l *lane) noteKey(seq int64) {
	if l.win.keys == 0 || !l.codec.IsVideo() {
		return
	}
	first, last := seq, seq
	stamp := l.win.at(seq).Timestamp
	for p := l.win.at(first - 1); p != nil && p.Timestamp == stamp && !p.Marker; p = l.win.at(first - 1) {
		first--
	}
	for !l.win.at(last).Marker {
		last++
		if last == l.win.top || l.win.at(last) == nil || l.win.at(last).Timestamp != stamp {
			return
		}
	}
	begun, certain := l.begins(first)
	key := false
	for i := first; i <= last; i++ {
		_, sps := inspect(l.codec, l.win.at(i).Payload())
		key = key || l.win.at(i).Key
		certain = certain || sps
	}
	if begun && certain && key {
		l.keyEnd = max(l.keyEnd, last)
	}
}

// begins reports whether a frame begins at seq, behind a hole or not, as mend will
// see it. certain: even if there is no SPS in it.
func (l *lane) begins(seq int64) (begun, certain bool) {
	if l.win.at(seq-1) != nil {
		return true, true
	}
	stamp := l.win.at(seq).Timestamp
	before := seq - 1
	for before >= l.win.next && l.win.at(before) == nil {
		before--
	}
	var inside bool
	switch {
	case before >= l.win.next:
		inside = l.win.at(before).Timestamp == stamp
	case len(l.part) > 0:
		inside = l.part[0].Timestamp == stamp
	default:
		inside = l.torn && l.tornSeen && l.tornTime == stamp
	}
	open, _ := inspect(l.codec, l.win.at(seq).Payload())
	return open != opensNothing && !inside, open == opensFrame
}

// count adds one where the viewer sees this layer; what an idle layer loses
// costs nobody anything.
func (l *lane) count(n *uint64) {
	if l.inUse {
		*n++
	}
}
