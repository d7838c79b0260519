package ingest

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// jumpLimit is how far a camera's clock may be off before it is anchored anew
	// instead of followed.
	jumpLimit = time.Second
	// Our timestamps are moved when they are more than slewStart off, and until they
	// are slewStop off: a quarter of a frame of a 50 Hz camera is not seen, and a
	// clock that only jitters leaves every difference between timestamps untouched.
	slewStart = 5 * time.Millisecond
	slewStop  = 500 * time.Microsecond
	// Slewing takes a tenth of the error per second, at least 5 ms per second (five
	// times the worst quartz) and at most 50, which players follow without a step.
	slewTime = 10 * time.Second
	slewMin  = 0.005
	slewMax  = 0.05
)

// Stamp is what a Timeline says about one frame.
type Stamp struct {
	// Timestamp is ours, in units of the track's clock: the time of capture on this
	// node's clock since 1970, modulo 2³², slewed.
	Timestamp uint32
	// Capture is when the camera took the frame, on this node's clock; never after
	// its arrival.
	Capture time.Time
	// Jumped says that the camera's clock was anchored anew at this frame.
	Jumped bool
}

// before is the stamp of what was taken so many ticks of a clock earlier.
func (s Stamp) before(ticks uint32, clockRate int) Stamp {
	s.Timestamp -= ticks
	s.Capture = s.Capture.Add(-lasting(ticks, clockRate))
	return s
}

// lasting is how long so many ticks of a clock last.
func lasting(ticks uint32, clockRate int) time.Duration {
	return time.Duration(ticks) * time.Second / time.Duration(clockRate)
}

// Timeline maps the RTP timestamps of one source to timestamps that follow the
// clock of this node. The camera's clock may drift (it is followed), jump or
// start over (it is anchored anew, and our timestamps go on with the time that
// really passed). The shortest time from a timestamp to its arrival in the last
// ten seconds tells the two clocks apart; what is longer is jitter.
//
// The tracks of a source are set against each other by the camera's sender
// reports when all have consistent ones (RFC 3550 §6.4.1), else by arrival.
//
// A Timeline is a core: not safe for concurrent use. Its times must carry a
// monotonic reading.
type Timeline struct {
	epoch  time.Time
	tracks [media.NumLayers]trackClock
}

// trackClock is what the Timeline knows of one track. Times on the node's clock
// and on the camera's are both counted in nanoseconds; an offset is what has to
// be added to the camera's.
type trackClock struct {
	rate   int64 // of the RTP clock, in Hz; 0: no such track
	fresh  bool  // no frame in this session yet
	ticks  int64 // the last timestamp, unwrapped
	head   int64 // the highest timestamp in this session
	delay  minFilter
	offset int64 // node's time − camera's time, as slewed; our timestamps come from it
	slews  bool

	sent   bool // out and outAt are valid
	out    int64
	outAt  int64
	report senderClock
}

// NewTimeline returns one whose timestamps count from epoch. Sources with the same
// epoch have timestamps that line up.
func NewTimeline(epoch time.Time) *Timeline { return &Timeline{epoch: epoch} }

// Begin declares a track of a new session: what its clock said before is void, our
// own timestamps go on. The clock rate is in Hz and must be positive.
func (t *Timeline) Begin(layer media.Layer, clockRate int) {
	c := &t.tracks[layer]
	c.rate = int64(clockRate)
	c.fresh = true
	c.report = senderClock{}
	c.delay = minFilter{}
}

// Report takes the camera's sender report: the NTP time at which the track's RTP
// timestamp was rtp.
func (t *Timeline) Report(layer media.Layer, ntp uint64, rtp uint32) {
	c := &t.tracks[layer]
	if c.rate <= 0 || c.fresh {
		return
	}
	c.report.push(media.FromNTP(ntp).UnixNano() - c.nanos(c.unwrap(rtp)))
}

// Stamp takes the RTP timestamp of a frame and the arrival of its first packet.
// Frames come in decoding order; their timestamps need not rise. A track that was
// never begun has no clock: its timestamp is 0, its capture the arrival.
func (t *Timeline) Stamp(layer media.Layer, arrival time.Time, rtp uint32) Stamp {
	c := &t.tracks[layer]
	if c.rate <= 0 {
		return Stamp{Capture: arrival}
	}
	now := t.nanos(arrival)
	jumped := c.see(now, rtp)
	in := c.nanos(c.ticks)
	target := t.target(c, now)
	if target-c.offset > int64(jumpLimit) { // our timestamps are late: the camera's clock stood still
		c.offset, jumped = target, true
	}
	c.slew(in, target)
	c.head = max(c.head, c.ticks)
	if out := in + c.offset; !c.sent || out > c.out {
		c.sent, c.out, c.outAt = true, out, now
	}
	return Stamp{
		Timestamp: uint32(c.ticks + c.toTicks(c.offset)),
		Capture:   arrival.Add(time.Duration(in + target - now)),
		Jumped:    jumped,
	}
}

// see takes a timestamp in, and anchors the clock anew when it cannot be the one
// we know.
func (c *trackClock) see(now int64, rtp uint32) (jumped bool) {
	if c.fresh {
		c.ticks = int64(rtp)
	} else {
		c.ticks = c.unwrap(rtp)
	}
	in := c.nanos(c.ticks)
	known, _ := c.delay.min(now)
	switch {
	case c.fresh:
	case now-in < known-int64(jumpLimit): // leapt ahead
		jumped = true
	case in < c.nanos(c.head)-int64(jumpLimit): // went back further than any B frame
		jumped = true
	}
	if c.fresh || jumped {
		c.anchor(now, in)
	}
	c.delay.push(now, now-in)
	return jumped
}

// anchor starts the camera's clock over. Our timestamps go on from the last one by
// the time that passed, and never stand still.
func (c *trackClock) anchor(now, in int64) {
	out := now
	if c.sent {
		out = c.out + max(now-c.outAt, int64(time.Second)/c.rate+1)
	}
	c.offset = out - in
	c.fresh, c.slews = false, false
	c.head = c.ticks
	c.delay = minFilter{}
	c.report = senderClock{}
}

// target is the offset that the arrivals ask for. It is never above the lowest
// delay of the track, so no frame is captured after it came.
func (t *Timeline) target(c *trackClock, now int64) int64 {
	base, _ := c.delay.min(now)
	if !c.report.valid {
		return base
	}
	common, tracks := int64(0), 0
	for i := range t.tracks {
		o := &t.tracks[i]
		b, live := o.delay.min(now)
		if o.rate <= 0 || o.fresh || !live {
			continue
		}
		if !o.report.valid {
			return base // one track without reports: arrival is the common measure
		}
		if d := b - o.report.offset; tracks == 0 || d < common {
			common = d
		}
		tracks++
	}
	synced := c.report.offset + common
	if tracks < 2 || base-synced > int64(jumpLimit) { // reports that cannot be true
		return base
	}
	return synced
}

// slew moves the offset towards the target, by a share of the camera's time that
// passed, so that rising timestamps stay rising.
func (c *trackClock) slew(in, target int64) {
	err := target - c.offset
	size := max(err, -err)
	switch {
	case size <= int64(slewStop):
		c.slews = false
	case size > int64(slewStart):
		c.slews = true
	}
	passed := in - c.nanos(c.head)
	if !c.slews || passed <= 0 {
		return
	}
	share := min(max(float64(size)/float64(slewTime), slewMin), slewMax)
	step := min(size, int64(share*float64(passed)))
	if err < 0 {
		step = -step
	}
	c.offset += step
}

// nanos is the node's time in nanoseconds since 1970, by the monotonic clock.
func (t *Timeline) nanos(at time.Time) int64 { return t.epoch.UnixNano() + int64(at.Sub(t.epoch)) }

// unwrap returns the timestamp without wrap that is nearest to the last one.
func (c *trackClock) unwrap(rtp uint32) int64 {
	return c.ticks + int64(media.TimestampDiff(rtp, uint32(c.ticks)))
}

// nanos and toTicks split the whole seconds off: 28 hours at 90 kHz times 10⁹
// would overflow.
func (c *trackClock) nanos(ticks int64) int64 {
	return ticks/c.rate*int64(time.Second) + ticks%c.rate*int64(time.Second)/c.rate
}

func (c *trackClock) toTicks(ns int64) int64 {
	return ns/int64(time.Second)*c.rate + ns%int64(time.Second)*c.rate/int64(time.Second)
}
