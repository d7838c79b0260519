package layer

import (
	"math/rand/v2"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

const (
	probeOver   = 1.1                    // of the next level's rate: key frames and noise
	probeLength = 450 * time.Millisecond // longer than ten frames, so the queue shows
	probeRamp   = 180 * time.Millisecond
	probeFirst  = 0.3 // the ramp begins here
	probeAgain  = 800 * time.Millisecond
	probeSettle = 500 * time.Millisecond // after a change of level
	probeKey    = 1200 * time.Millisecond
	retryLeast  = 3000 * time.Millisecond
	retrySpread = 500 * time.Millisecond
	// retryPatience: padding costs data on a link that has been too narrow for long.
	retryPatience = time.Minute
	// probeLoss is how much more than before may be lost: with a queue, without.
	probeLoss, probeLossPlain = 0.15, 0.35
)

type probeState uint8

const (
	probeIdle probeState = iota
	probeRunning
	probeClean
	probeFailed
)

// prober sends padding into the gaps of our own traffic to see whether the next
// level fits.
type prober struct {
	on       bool
	began    time.Time
	rate     float64
	queue    time.Duration // before it
	loss     float64       // before it
	clean    int           // clean probes in a row
	next     time.Time     // not before
	seen     time.Time     // when it last ran
	failures int           // probes that failed, ever
	failing  time.Time     // since when every probe has failed
	wanted   time.Time     // since when a moment without a key frame is waited for
}

func (p *prober) stop() {
	p.on, p.clean, p.wanted = false, 0, time.Time{}
}

// run starts, watches and ends probes; rate is that of the level that is tried.
func (p *prober) run(now time.Time, s *bwe.Signals, rate float64, key time.Time, random *rand.Rand) probeState {
	if p.on {
		p.seen = now
	}
	if !p.on {
		p.start(now, s, rate*probeOver, key)
		return probeIdle
	}
	if p.spoilt(s) {
		p.retry(now, random)
		return probeFailed
	}
	// The last padding has to arrive and be reported.
	if now.Sub(p.began) < probeLength+s.RTT+20*time.Millisecond {
		return probeRunning
	}
	p.on, p.failing = false, time.Time{}
	p.clean++
	p.next = later(p.began.Add(probeAgain), now)
	return probeClean
}

// spoilt tells whether the padding made a queue or a loss.
func (p *prober) spoilt(s *bwe.Signals) bool {
	limit := max(12*time.Millisecond, 6*time.Millisecond+3*s.Noise)
	rise, more := s.Queue-p.queue, s.Loss250-max(p.loss, s.LossUsual)
	plain := min(probeLossPlain, probeLoss+2*s.LossUsual)
	return rise > limit || more > plain || more > probeLoss && rise > limit/2
}

// retry sets the next try; after a minute of failures tries become half as many.
func (p *prober) retry(now time.Time, random *rand.Rand) {
	p.stop()
	p.failures++
	wait := retryLeast + time.Duration(random.Int64N(int64(retrySpread)))
	if p.failing.IsZero() {
		p.failing = now
	}
	if now.Sub(p.failing) > retryPatience {
		wait *= 2
	}
	p.next = now.Add(wait)
}

func (p *prober) start(now time.Time, s *bwe.Signals, rate float64, key time.Time) {
	if s.Queue500 >= quietQueue+s.Noise || s.Queue >= quietQueue+s.Noise || now.Before(p.next) {
		p.wanted = time.Time{}
		return
	}
	if p.wanted.IsZero() {
		p.wanted = now
	}
	// With many feeds there is always a key frame: then it is probed all the same.
	if wait := key.Sub(now); !key.IsZero() && wait > 0 && wait < probeLength && now.Sub(p.wanted) < probeKey {
		return
	}
	p.on, p.began, p.rate, p.wanted = true, now, rate, time.Time{}
	p.queue, p.loss = s.Queue, s.Loss600
}

// ask is what the verdict says of the probe.
func (p *prober) ask(now time.Time, flowing float64) Probe {
	age := now.Sub(p.began)
	if !p.on || age >= probeLength {
		return Probe{}
	}
	share := min(1, probeFirst+(1-probeFirst)*age.Seconds()/probeRamp.Seconds())
	return Probe{Rate: flowing + share*max(0, p.rate-flowing), Until: p.began.Add(probeLength)}
}

// Filler works out how much padding a probe needs: what the link's own traffic
// leaves of the probe's rate, tick by tick.
type Filler struct {
	at     time.Time
	credit float64 // bytes
	on     bool
}

// fillMost is the most that is made up for at once: a gap between two frames.
const fillMost = 40 * time.Millisecond

// Fill is called every 5 ms or so with the bytes that were sent since the last
// call, padding included, and returns how many bytes of padding to send now.
func (f *Filler) Fill(now time.Time, p Probe, sent int) int {
	dt := now.Sub(f.at)
	f.at = now
	if p.Rate <= 0 || !now.Before(p.Until) {
		f.on, f.credit = false, 0
		return 0
	}
	if !f.on {
		f.on = true
		return 0
	}
	most := p.Rate / 8 * fillMost.Seconds()
	f.credit += p.Rate/8*min(dt, fillMost).Seconds() - float64(sent)
	f.credit = min(max(f.credit, -most), most)
	return max(0, int(f.credit))
}
