package playout

import (
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// Splicer makes one continuous RTP stream of the layers of one picture, or of one
// sound: in order, in whole frames, from a key frame on, numbered and stamped
// anew. See timeline for the stamps.
//
// It is a core: call Push for each packet, then Pop until it is not ok, then wait
// until Next or the next packet. It is not safe for concurrent use.
type Splicer struct {
	cfg   Config
	pt    uint8
	lanes []*lane // the preferred one first
	use   *lane   // the layer the viewer sees; nil before the first key frame

	line      timeline
	seq       uint16
	timestamp uint32    // of the first frame
	lastAt    time.Time // when the last frame was taken
	left      time.Time // when it left
	back      time.Time // when a viewer came back that had been away; zero: it is with us

	out      *frame // the frame that is leaving
	outNext  int
	outStamp uint32
	checked  struct { // what the last frame was, for Stats.Broken
		lane   *lane
		stream int
		next   int64
	}

	asked [media.NumLayers]time.Time
	stats Stats
}

// askEvery is the least time between two requests for a key frame. Cameras take
// up to half a second to make one.
const askEvery = time.Second

// Start is where a stream's numbers begin. RFC 3550 §5.1 wants both random.
type Start struct {
	Seq       uint16
	Timestamp uint32
}

// NewSplicer makes one of the layers given, the preferred one first. They have
// the codec and clock rate of track, whose payload type goes out.
func NewSplicer(cfg Config, track *media.Track, start Start, layers ...media.Layer) *Splicer {
	cfg = cfg.withDefaults()
	s := &Splicer{cfg: cfg, pt: track.PayloadType, seq: start.Seq, timestamp: start.Timestamp}
	s.line = timeline{rate: int64(track.ClockRate), sound: !track.Codec.IsVideo()}
	wait := cfg.MaxWait
	if s.line.sound {
		wait = cfg.AudioWait
	}
	for _, l := range layers {
		s.lanes = append(s.lanes, newLane(l, track.Codec, wait))
	}
	return s
}

// Push takes a packet as it arrives, in any order. Packets of other layers are
// left alone.
func (s *Splicer) Push(now time.Time, p *media.Packet) {
	for _, l := range s.lanes {
		if l.layer == p.Layer {
			l.push(now, p)
			s.leaveOut(now, l)
		}
	}
}

// Pop returns the next packet to send, if there is one now. The payload is shared
// and must not be written to; the SSRC is for the caller to set. Once a frame's
// first packet is out, its others follow without a gap.
func (s *Splicer) Pop(now time.Time) (rtp.Packet, bool) {
	if s.out == nil && !s.begin(now) {
		return rtp.Packet{}, false
	}
	p := s.out.packets[s.outNext]
	out := rtp.Packet{
		Header: rtp.Header{
			Version:        2,
			Marker:         p.Marker,
			PayloadType:    s.pt,
			SequenceNumber: s.seq,
			Timestamp:      s.outStamp,
		},
		Payload: unpadded(p),
	}
	s.seq++
	s.stats.Packets++
	s.outNext++
	if s.outNext == len(s.out.packets) {
		s.out = nil
	}
	return out, true
}

// Next is when Pop may have something without another Push; zero: not before.
func (s *Splicer) Next() time.Time {
	var next time.Time
	for _, l := range s.lanes {
		next = sooner(next, l.deadline())
	}
	if s.use == nil {
		return next
	}
	if len(s.use.ready) > 0 {
		next = sooner(next, s.due(s.use))
	}
	if first := s.lanes[0]; first != s.use && len(first.ready) > 0 && !s.behind(first) && !s.outdated(first) {
		next = sooner(next, s.patience(first))
	}
	return next
}

// KeyFrameWanted returns a layer that needs a key frame before anything of it can
// be shown. It returns the same layer at most once a second.
func (s *Splicer) KeyFrameWanted(now time.Time) (media.Layer, bool) {
	for i, l := range s.lanes {
		if !l.asking && !s.outdated(l) || i > 0 && l != s.use || now.Sub(s.asked[l.layer]) < askEvery {
			continue
		}
		s.asked[l.layer] = now
		s.stats.KeyAsked++
		return l.layer, true
	}
	return 0, false
}

// Report relates the RTP clock to the time of capture (RFC 3550 §6.4.1): what is
// taken at the moment now gets this timestamp. It reports false before the first
// frame.
func (s *Splicer) Report(now time.Time) (timestamp uint32, ok bool) {
	if !s.line.begun {
		return 0, false
	}
	return s.timestamp + uint32(s.line.at(now)), true
}

// Stats returns a copy of the counters.
func (s *Splicer) Stats() Stats {
	st := s.stats
	for _, l := range s.lanes {
		st.add(l.stats)
	}
	if s.use != nil {
		st.Layer = s.use.layer
	}
	return st
}

// begin makes the next frame leave, if one may.
func (s *Splicer) begin(now time.Time) bool {
	for _, l := range s.lanes {
		l.advance(now)
		s.leaveOut(now, l)
	}
	for {
		s.choose(now)
		l := s.use
		if l == nil || len(l.ready) == 0 || s.due(l).After(now) {
			return false
		}
		f, newest := l.ready[0], s.newest(l)
		l.ready[0] = nil
		l.ready = l.ready[1:]
		x, closer, ok := s.line.stamp(now, l, f, newest)
		s.check(l, f, ok)
		if !ok {
			s.stats.Skipped++
			continue
		}
		s.returns(now, l, f)
		s.out, s.outNext, s.outStamp = f, 0, s.timestamp+uint32(x)
		s.lastAt, s.left = f.when(), now
		s.stats.Frames++
		if closer {
			s.stats.CaughtUp++
		}
		return true
	}
}

// newest is the capture time of the newest frame that leaves together with the
// first one that is ready. With B-frames it need not be the last one.
func (s *Splicer) newest(l *lane) time.Time {
	newest := l.ready[0].when()
	if s.cfg.Delay > 0 {
		return newest // the others are not due yet
	}
	for _, f := range l.ready[max(0, len(l.ready)-reorder):] {
		if at := f.when(); at.After(newest) {
			newest = at
		}
	}
	return newest
}

// choose decides which layer the viewer sees from the next frame on. All changes
// happen at a key frame: a layer that is not in use keeps frames from one on.
func (s *Splicer) choose(now time.Time) {
	for i, l := range s.lanes {
		if l == s.use || len(l.ready) == 0 {
			continue
		}
		switch {
		case s.use == nil:
		case i == 0: // the preferred one, when it is not behind
			if s.behind(l) || s.outdated(l) || now.Before(s.patience(l)) {
				continue
			}
		case len(s.use.ready) > 0 || l.newest().Before(s.lastAt.Add(s.cfg.SwitchAfter)):
			continue
		}
		s.change(now, l)
		return
	}
}

// behind tells whether a layer is further behind what is shown than it may be to take
// over.
func (s *Splicer) behind(l *lane) bool { return l.newest().Before(s.lastAt.Add(-s.cfg.SwitchAfter)) }

const (
	// frameAndHalf tells a frame that is missing from one that is next, at 25 fps.
	frameAndHalf = 60 * time.Millisecond
	// lastFrames is how long the last frames in front of a key frame may take to
	// be repaired when the key frame is there already, so that nobody needs them
	// any more but who wants to see every frame: two rounds over a rural link.
	lastFrames = 150 * time.Millisecond
)

// patience is until when the layer in use may still bring what lies between the
// last frame shown and the key frame that another layer has ready.
func (s *Splicer) patience(to *lane) time.Time {
	key := to.ready[0]
	if len(s.use.ready) == 0 && !s.lastAt.Add(frameAndHalf).Before(key.when()) {
		return time.Time{}
	}
	return key.done.Add(lastFrames)
}

func (s *Splicer) change(now time.Time, to *lane) {
	if s.use != nil {
		s.stats.Switches++
		// What it still has is older than what the viewer will see.
		clear(s.use.ready)
		s.use.ready = nil
		s.use.blind = true
	}
	to.raised = false
	s.use, s.back = to, now // what it has is a group of pictures, from its key frame on
	for _, l := range s.lanes {
		l.inUse = l == to
	}
}

// check looks once more whether a frame may leave; see Stats.Broken. Pictures that
// came after a key frame and are shown before it may be left out: none of those
// shown later refers to them.
func (s *Splicer) check(l *lane, f *frame, leaves bool) {
	c := &s.checked
	follows := c.lane == l && c.stream == f.stream && (c.next == f.seq || f.gap)
	if leaves && (!f.whole() || !f.key && !follows) {
		s.stats.Broken++
	}
	c.lane, c.stream, c.next = l, f.stream, f.seq+int64(len(f.packets))
}

// unpadded is the payload without RTP padding (RFC 3550 §5.1), since the header
// that goes out has no padding bit.
func unpadded(p *media.Packet) []byte {
	b := p.Payload()
	const padding = 0x20
	if p.Raw[0]&padding == 0 || len(b) == 0 {
		return b
	}
	if n := int(b[len(b)-1]); n > 0 && n <= len(b) {
		return b[:len(b)-n]
	}
	return b
}

// sooner is the earlier of two times, where zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
