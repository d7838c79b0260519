package ingest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// intake is the way of one track through one session: from the camera's packets to
// the sink. push is called by the reader of the session.
type intake struct {
	choice
	origin *origin
	lane   *lane
	pack   packetizer
	ask    func() // asks the source for a key frame; nil for sound

	// Picture only.
	frames *assembler
	gate   *gate
	// Sound only.
	sound     audioReader
	next      uint16
	begun     bool
	announced bool

	heard  atomic.Int64  // when the last packet came, nanoseconds since the epoch; 0: never
	source atomic.Uint32 // SSRC of the camera
	flows  chan struct{} // closed at the first packet given to the sink
	flow   sync.Once

	// mu is held over a whole packet, the call to the sink included, so that close
	// is a barrier: a session that takes over must not meet the one before in the
	// lane. Nobody waits for it otherwise, and the sink never blocks.
	mu      sync.Mutex
	started bool // the lane is ours, until closed
	closed  bool
}

func newIntake(o *origin, c choice, ask func()) (*intake, error) {
	in := &intake{choice: c, origin: o, lane: &o.lanes[c.layer], ask: ask, flows: make(chan struct{})}
	var err error
	if in.pack, err = newPacketizer(c.format, o.cfg.MaxPacketSize); err != nil {
		return nil, err
	}
	if !c.codec.IsVideo() {
		in.sound, err = newAudioReader(c.format)
		return in, err
	}
	if in.frames, err = newAssembler(c.codec, &in.lane.stats); err != nil {
		return nil, err
	}
	in.gate = &gate{codec: c.codec, params: paramSets{codec: c.codec}, stats: &in.lane.stats}
	in.gate.params.learn(described(c.format))
	return in, nil
}

// described returns the parameter sets of the SDP.
func described(f format.Format) (units [][]byte) {
	switch f := f.(type) {
	case *format.H264:
		units = [][]byte{f.SPS, f.PPS}
	case *format.H265:
		units = [][]byte{f.VPS, f.SPS, f.PPS}
	}
	return units
}

// start is called before the first packet of the session.
func (in *intake) start() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.started = true
	in.origin.begin(in.layer, clockRate(in.format))
}

// push takes one packet of the camera.
func (in *intake) push(now time.Time, p *rtp.Packet) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.started || in.closed {
		return
	}
	in.heard.Store(int64(now.Sub(in.origin.cfg.Epoch)) | 1) // never 0
	in.source.Store(p.SSRC)
	if in.frames != nil {
		in.pushPicture(now, p)
	} else {
		in.pushSound(now, p)
	}
	in.lane.publish(now)
}

func (in *intake) pushPicture(now time.Time, p *rtp.Packet) {
	for _, f := range in.frames.Push(now, p) {
		units, key := in.gate.Push(f)
		if units == nil {
			continue
		}
		if key {
			in.lane.announce(in.origin.sink, trackOf(in.choice, &in.gate.params))
			in.lane.stats.KeyFrames++
		}
		in.forward(units, f.rtp, f.first, f.last)
	}
	if in.gate.waiting() && in.ask != nil {
		in.ask()
	}
}

func (in *intake) pushSound(now time.Time, p *rtp.Packet) {
	s := &in.lane.stats
	s.PacketsIn++
	if d := media.SeqDiff(p.SequenceNumber, in.next); in.begun && d != 0 {
		if d < 0 && d >= -lateReach {
			s.PacketsBad++
			return
		}
		if d > 0 && d <= farAhead {
			s.PacketsLost += uint64(d)
		}
	}
	in.begun, in.next = true, p.SequenceNumber+1
	units, err := in.sound.Read(p)
	if errors.Is(err, errIncomplete) {
		return
	}
	if err != nil || len(units) == 0 {
		s.PacketsBad++
		return
	}
	if !in.announced {
		in.announced = true
		in.lane.announce(in.origin.sink, trackOf(in.choice, nil))
	}
	in.forward(units, p.Timestamp, now, now)
}

func (in *intake) forward(units [][]byte, ts uint32, first, last time.Time) {
	s := &in.lane.stats
	payloads, err := in.pack.Encode(units)
	if err != nil {
		s.FramesBroken++
		return
	}
	// What comes together is dated by its end: a camera that puts 100 ms of sound into
	// a packet has sent it when the last of it was there.
	span, rate := payloads[len(payloads)-1].Timestamp, clockRate(in.format)
	stamp := in.origin.stamp(in.layer, first, ts+span)
	if stamp.Jumped {
		s.Jumps++
	}
	s.Frames++
	in.lane.send(in.origin.sink, in.codec, rate, payloads, stamp.before(span, rate), last)
	in.flow.Do(func() { close(in.flows) })
}

// report takes a sender report of the camera.
func (in *intake) report(ntp uint64, ts uint32) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.started || in.closed {
		return
	}
	in.lane.stats.SenderReportsIn++
	in.origin.report(in.layer, ntp, ts)
}

// close returns when no packet is on its way any more, and lets none in.
func (in *intake) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.started && !in.closed { // else the lane may be another's
		s := in.lane.stats
		in.lane.published.Store(&s)
	}
	in.closed = true
}

// lastHeard is when the last packet came; zero: never.
func (in *intake) lastHeard() time.Time {
	d := in.heard.Load()
	if d == 0 {
		return time.Time{}
	}
	return in.origin.cfg.Epoch.Add(time.Duration(d))
}
