package repair

import (
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/media"
)

// rhythm learns how a flow normally comes: how long frames are apart, how much
// that varies, how far out of order packets come, how far apart the packets of a
// frame are. What deviates from it is missing.
type rhythm struct {
	frames   []picture // the latest, in order
	interval time.Duration
	jitter   time.Duration // of the interval: the highest lately
	gap      time.Duration // between the packets of a frame: the longest lately
	disorder time.Duration // how late packets were that came out of turn: lately
	last     time.Time     // latest packet or row

	ended  int64     // up to here all frames have ended
	parity int       // how many more frames parity is expected with
	rowed  int64     // up to here all parity that goes with frames has come
	window time.Time // latest row over a window
}

// picture is what is known of a frame.
type picture struct {
	timestamp   uint32
	first, last int64 // packets seen lie between, both included
	start, end  time.Time
	key         bool
	marked      bool // its marker was seen
	whole       bool // first is its first packet: it follows the marker of the one before
}

const (
	maxPictures = 64
	// Before anything is learnt: 25 pictures per second.
	firstInterval = 40 * time.Millisecond
	firstDisorder = 2 * time.Millisecond
	// leastDisorder and mostDisorder bound how long a gap is given to close by
	// itself.
	leastDisorder = 1 * time.Millisecond
	mostDisorder  = 10 * time.Millisecond
	// mostJitter bounds what is believed to be jitter.
	mostJitter = 40 * time.Millisecond
	// videoClock is the rate of RTP timestamps of H.264 and H.265 (RFC 6184 §8.2.1).
	videoClock = 90000
	// parityMemory is for how many frames we wait for parity that does not come,
	// after some came.
	parityMemory = 8
)

// packet notes that packet v of a frame came.
func (c *rhythm) packet(now time.Time, p *media.Packet, v int64) {
	f := c.picture(p.Timestamp)
	if f == nil {
		f = c.begin(now, p, v)
	} else if v > f.last {
		c.gap = max(c.gap, now.Sub(f.end))
	}
	f.first, f.last = min(f.first, v), max(f.last, v)
	f.end, c.last = now, now
	f.key = f.key || p.Key
	if p.Marker {
		f.marked = true
		c.ended = max(c.ended, v)
	}
}

// fade lets what was learnt grow old, once per frame.
func (c *rhythm) fade() {
	const fade = 0.99 // forgets in four seconds
	c.jitter = time.Duration(float64(c.jitter) * fade)
	c.gap = time.Duration(float64(c.gap) * fade)
	c.disorder = time.Duration(float64(c.disorder) * fade)
	if c.interval == 0 {
		c.interval, c.disorder = firstInterval, firstDisorder
	}
}

// picture finds a frame by its timestamp.
func (c *rhythm) picture(timestamp uint32) *picture {
	for i := len(c.frames) - 1; i >= 0; i-- {
		if c.frames[i].timestamp == timestamp {
			return &c.frames[i]
		}
	}
	return nil
}

// begin notes a new frame. Frames before it have ended; one of which nothing came
// in its time is put where it belongs.
func (c *rhythm) begin(now time.Time, p *media.Packet, v int64) *picture {
	if len(c.frames) == maxPictures {
		c.frames = append(c.frames[:0], c.frames[1:]...)
	}
	at := len(c.frames)
	for at > 0 && c.frames[at-1].first > v {
		at--
	}
	f := picture{timestamp: p.Timestamp, first: v, last: v, start: now, end: now}
	if at == len(c.frames) {
		c.fade()
		if at > 0 && c.frames[at-1].marked && c.frames[at-1].last == v-1 {
			f.whole = true
			if before := &c.frames[at-1]; before.whole {
				c.beat(now, before, p.Timestamp)
			}
		}
		c.ended = max(c.ended, v-1)
		c.parity--
	}
	c.frames = append(c.frames, picture{})
	copy(c.frames[at+1:], c.frames[at:])
	c.frames[at] = f
	return &c.frames[at]
}

// beat learns from the start of a frame that follows the one before without a gap.
// Time stamps tell how far apart they were taken, so that an unsteady camera does
// not look like an unsteady link.
func (c *rhythm) beat(now time.Time, before *picture, timestamp uint32) {
	step := now.Sub(before.start)
	c.interval += (step - c.interval) / 16
	taken := time.Duration(media.TimestampDiff(timestamp, before.timestamp)) * time.Second / videoClock
	// A long frame delays the next one at the sender: that is no jitter either.
	if taken > 0 && taken < time.Second && before.end.Sub(before.start) < c.interval/2 {
		c.jitter = max(c.jitter, min(max(step-taken, taken-step), mostJitter))
	}
}

// outOfTurn notes that a packet came that much after a later one.
func (c *rhythm) outOfTurn(late time.Duration) {
	if late < 2*mostDisorder { // later ones will not be waited for anyway
		c.disorder = max(c.disorder, late+late/4)
	}
}

// patience is how long a gap is given to close by itself.
func (c *rhythm) patience() time.Duration {
	return min(max(c.disorder, leastDisorder), mostDisorder)
}

// row notes that a row over packets up to last came.
func (c *rhythm) row(now time.Time, h *fec.Header, last int64) {
	c.ended = max(c.ended, last)
	c.last = now
	switch h.Type {
	case fec.Window:
		c.window = now
		fallthrough
	case fec.Proactive:
		c.parity = parityMemory
		if h.Last {
			c.rowed = max(c.rowed, last+int64(h.Stride)-1)
		}
	case fec.OnDemand, fec.Probe:
	}
}

// startOf estimates when the frame of packet v began to come.
func (c *rhythm) startOf(v int64, noticed time.Time) time.Time {
	i := len(c.frames) - 1
	for i >= 0 && c.frames[i].first > v {
		i--
	}
	switch {
	case i < 0:
		return noticed
	case v <= c.frames[i].last || !c.frames[i].marked:
		return c.frames[i].start
	}
	// Between two frames: of the next one, or of one of which nothing came.
	start := c.frames[i].start.Add(c.interval)
	if i+1 < len(c.frames) && c.frames[i+1].start.Before(start) {
		start = c.frames[i+1].start
	}
	if noticed.Before(start) {
		start = noticed
	}
	return start
}

// refreshed is where the latest key frame begins that ended and of which nothing
// is missing: nothing before it is referred to any more.
func (c *rhythm) refreshed(missing []*hole) int64 {
	for i := len(c.frames) - 1; i >= 0; i-- {
		f := &c.frames[i]
		if f.key && f.marked && !anyWithin(missing, f.first-1, f.last) {
			return f.first
		}
	}
	return 0
}

func anyWithin(missing []*hole, first, last int64) bool {
	for _, h := range missing {
		if h.seq >= first && h.seq <= last {
			return true
		}
	}
	return false
}
