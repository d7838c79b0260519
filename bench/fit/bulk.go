package fit

import (
	"math"
	"math/rand/v2"
	"time"
)

// Control names how a bulk flow controls its rate.
type Control uint8

// The bulk flows. They are short models of the ideas, not copies of any stack.
const (
	NewReno  Control = iota
	Cubic            // RFC 9438, without HyStart
	BBR              // version 1, as of its first description
	Constant         // no control at all
)

// Bulk is a flow of others across the Path.
type Bulk struct {
	Control  Control
	From     time.Duration
	ExtraRTT time.Duration // beside the Path's
	Rate     float64       // of Constant, bits per second
	// Every makes it a series of transfers: on average one every so often, of Size
	// bytes on average, both exponential. 0: one flow that never ends.
	Every time.Duration
	Size  float64
}

const segment = 1250

// bulk is one transfer.
type bulk struct {
	loop   *loop
	link   *link
	extra  instant
	algo   algorithm
	left   int // segments to send; below 0: no end
	flight int
	next   int64
	paced  instant
	armed  bool
	got    *int64 // bytes delivered, of all transfers of the flow
}

// algorithm decides how much may be under way.
type algorithm interface {
	window() float64                          // segments
	pace() float64                            // bits per second; 0: as the window opens
	acked(now instant, s *segmentSent, f int) // f is what is still under way
	lost(now instant, s *segmentSent)
}

type segmentSent struct {
	seq       int64
	at        instant
	delivered int64
	atCount   instant
}

// startBulk sets a flow going.
func startBulk(l *loop, link *link, cfg Bulk, random *rand.Rand, got *int64) {
	begin := func(left int) {
		b := &bulk{loop: l, link: link, extra: cfg.ExtraRTT / 2, left: left, got: got}
		b.algo = newAlgorithm(cfg, l, link.RTT+cfg.ExtraRTT)
		b.pump()
	}
	if cfg.Every == 0 {
		l.at(cfg.From, func() { begin(-1) })
		return
	}
	var again func()
	again = func() {
		begin(1 + int(random.ExpFloat64()*cfg.Size/segment))
		l.at(l.now+instant(random.ExpFloat64()*float64(cfg.Every)), again)
	}
	l.at(cfg.From, again)
}

func newAlgorithm(cfg Bulk, l *loop, rtt time.Duration) algorithm {
	switch cfg.Control {
	case Cubic:
		return &cubic{reno: reno{cwnd: 10, threshold: 1e9}}
	case BBR:
		return &bbr{started: l.now, minRTT: 10 * time.Second, gain: bbrStartup, cwndGain: bbrStartup, rtt: rtt}
	case Constant:
		return constant(cfg.Rate)
	case NewReno:
	}
	return &reno{cwnd: 10, threshold: 1e9}
}

func (b *bulk) pump() {
	for b.left != 0 && float64(b.flight) < b.algo.window() {
		pace := b.algo.pace()
		if pace > 0 && b.paced > b.loop.now {
			if !b.armed {
				b.armed = true
				b.loop.at(b.paced, func() { b.armed = false; b.pump() })
			}
			return
		}
		if pace > 0 {
			b.paced = max(b.paced, b.loop.now-time.Millisecond) + instant(segment*8/pace*1e9)
		}
		b.send()
	}
}

func (b *bulk) send() {
	b.next++
	b.left--
	b.flight++
	s := &segmentSent{seq: b.next, at: b.loop.now}
	if m, ok := b.algo.(*bbr); ok {
		m.stamp(s, b.loop.now)
	}
	f := b.link.send(b.loop.now, segment, b.extra)
	back := f.arrive + b.link.RTT/2 + b.extra
	b.loop.at(back, func() {
		b.flight--
		if f.lost {
			if b.left >= 0 {
				b.left++
			}
			b.algo.lost(b.loop.now, s)
		} else {
			*b.got += segment
			b.algo.acked(b.loop.now, s, b.flight)
		}
		b.pump()
	})
}

// reno is NewReno: once per window it halves.
type reno struct {
	cwnd, threshold float64
	recover         int64
	highest         int64
}

func (r *reno) window() float64 { return r.cwnd }
func (*reno) pace() float64     { return 0 }

func (r *reno) acked(_ instant, s *segmentSent, _ int) {
	r.highest = max(r.highest, s.seq)
	if s.seq <= r.recover {
		return
	}
	if r.cwnd < r.threshold {
		r.cwnd++
		return
	}
	r.cwnd += 1 / r.cwnd
}

func (r *reno) lost(_ instant, s *segmentSent) {
	if s.seq <= r.recover {
		return
	}
	r.recover = s.seq + int64(r.cwnd)
	r.threshold = max(2, r.cwnd/2)
	r.cwnd = r.threshold
}

// cubic grows by the cube of the time since its last loss (RFC 9438 §4).
type cubic struct {
	reno
	most   float64 // the window before the last loss
	epoch  instant
	k      float64
	rtt    float64
	friend float64
}

const (
	cubicC    = 0.4
	cubicBeta = 0.7
)

func (c *cubic) acked(now instant, s *segmentSent, _ int) {
	c.rtt = (now - s.at).Seconds()
	if s.seq <= c.recover {
		return
	}
	if c.cwnd < c.threshold {
		c.cwnd++
		return
	}
	if c.epoch == 0 {
		c.epoch = now
		c.most = max(c.most, c.cwnd)
		c.k = math.Cbrt((c.most - c.cwnd) / cubicC)
		c.friend = c.cwnd
	}
	t := (now - c.epoch).Seconds() + c.rtt - c.k
	target := cubicC*t*t*t + c.most
	c.friend += 3 * (1 - cubicBeta) / (1 + cubicBeta) / c.cwnd
	target = max(target, c.friend)
	if target > c.cwnd {
		c.cwnd += min((target-c.cwnd)/c.cwnd, 0.5)
	} else {
		c.cwnd += 0.01 / c.cwnd
	}
}

func (c *cubic) lost(_ instant, s *segmentSent) {
	if s.seq <= c.recover {
		return
	}
	c.recover = s.seq + int64(c.cwnd)
	if c.cwnd < c.most {
		c.most = c.cwnd * (1 + cubicBeta) / 2 // fast convergence, RFC 9438 §4.7
	} else {
		c.most = c.cwnd
	}
	c.cwnd = max(2, c.cwnd*cubicBeta)
	c.threshold = c.cwnd
	c.epoch = 0
}

// constant sends at a fixed rate, whatever happens.
type constant float64

func (constant) window() float64                  { return math.Inf(1) }
func (c constant) pace() float64                  { return float64(c) }
func (constant) acked(instant, *segmentSent, int) {}
func (constant) lost(_ instant, _ *segmentSent)   {}
