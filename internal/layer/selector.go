package layer

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

// Config of a Selector. The zero value works.
type Config struct {
	// MaxRate is the operator's cap on the link in bits per second. 0 means none.
	MaxRate float64
	// Budget is the latency that frames have to keep, from one end of the link to
	// the screen. 0 means 300 ms.
	Budget time.Duration
	// Viewer says that the link is the way to one viewer, the last one. He is to see the
	// best picture from the start, not after probes, and he goes without a picture
	// never: he would take that for a fault. Default: a link between nodes, which
	// begins with the sub streams of all feeds.
	Viewer bool
}

const defaultBudget = 300 * time.Millisecond

// Selector decides the level of one link.
type Selector struct {
	cfg    Config
	random *rand.Rand

	ladder Ladder
	rung

	now  time.Time
	sig  bwe.Signals
	want Want

	rivals rivals
	down   downRules
	up     upRules
	probe  prober
	pace   pace
	quiet  breaker
	undo   undo

	leash leash
	feeds []Picture
	out   Verdict
}

// rung is where the selector stands.
type rung struct {
	level int
	since time.Time // when it was reached
	rose  bool      // by a step up
	began bool
}

// New makes a Selector. The random source, seeded by the caller, spreads the
// times of probes: a fixed period locks to the key frames, and two links to each
// other.
func New(cfg Config, random *rand.Rand) *Selector {
	if cfg.Budget <= 0 {
		cfg.Budget = defaultBudget
	}
	return &Selector{cfg: cfg, random: random, pace: pace{budget: cfg.Budget}}
}

// Level is the present rung of the ladder.
func (s *Selector) Level() int { return s.level }

// Decide gives the verdict at a time. Call it after every report, and every 20 ms
// while none comes.
func (s *Selector) Decide(now time.Time, sig bwe.Signals, want Want) Verdict {
	fresh := sig.At.After(s.sig.At)
	s.now, s.sig, s.want = now, sig, want
	s.out = Verdict{Feeds: s.feeds}
	s.climbTo(want.Feeds)
	if want.Moved {
		s.moved()
	}
	if s.breakOff() {
		return s.verdict()
	}
	if s.leash.on && s.level > s.leash.ceiling {
		s.fallTo(RuleUplink, s.leash.ceiling, s.leash.why)
		return s.verdict()
	}
	if fresh {
		s.rivals.update(now, &s.sig)
		s.rivals.warn(now, &s.sig, s.cfg.Budget)
		if s.leash.disturbed {
			s.pace.limit = 0 // what it would read is the other link's padding
		} else {
			s.pace.read(&s.sig, s.flowing(), s.rivals.lasted(now), want.Waiting)
		}
		if !s.stepDown() && !s.stepBack() {
			s.stepUp()
		}
	}
	return s.verdict()
}

// climbTo makes the ladder of the feeds that are wanted and keeps the number of
// main streams when feeds come or go.
func (s *Selector) climbTo(feeds []Feed) {
	mains, atSubs := s.ladder.mains(s.level), s.level >= s.ladder.subs
	top := s.ladder.top()
	s.ladder.build(feeds)
	level := s.level
	switch {
	case !s.began:
		s.began = true
		level = s.ladder.subs
		if s.cfg.Viewer {
			level = s.ladder.top()
		}
	case s.ladder.top() == top:
	case atSubs:
		level = s.ladder.subs + mains
	}
	rule := RuleWant
	level = min(level, s.ladder.top())
	if limit := s.cfg.MaxRate; limit > 0 && s.ladder.rate(level) > limit {
		level, rule = s.ladder.fits(limit, level), RuleCap
	}
	if level != s.level {
		s.move(level, rule, fmt.Sprintf("%d feeds are wanted", len(feeds)))
	}
}

// moved forgets what was read from the old path.
func (s *Selector) moved() {
	s.up.rise(s.now, holdAfterFall)
	s.pace.limit = paceLeast * s.flowing()
	s.probe.stop()
	s.down.reset()
}

// flowing is the rate of what flows now, which is less than that of the level
// while a step up waits for its key frame.
func (s *Selector) flowing() float64 {
	level := s.ladder.rate(s.level)
	if s.want.Sending > 0 {
		return min(level, s.want.Sending)
	}
	return level
}

// floor is the level below which it does not go.
func (s *Selector) floor() int {
	if s.cfg.Viewer {
		return s.ladder.subs
	}
	return 0
}

// top is the highest level that the operator and the uplink allow.
func (s *Selector) top() int {
	top := s.ladder.top()
	if s.leash.on {
		top = min(top, s.leash.reach)
	}
	if s.cfg.MaxRate > 0 {
		top = s.ladder.fits(s.cfg.MaxRate, top)
	}
	return top
}

// move changes the level and says why.
func (s *Selector) move(level int, rule Rule, why string) {
	from := s.level
	s.rose = level > from
	s.level, s.since = level, s.now
	s.out.Changed, s.out.Rule = true, rule
	s.out.Why = fmt.Sprintf("%s: level %d to %d (%s): %s", rule, from, level, mbit(s.ladder.rate(level)), why)
	s.probe.stop()
	s.down.reset()
}

func (s *Selector) verdict() Verdict {
	s.feeds = s.ladder.fill(s.feeds, s.level)
	v := &s.out
	v.Level, v.Feeds, v.Rate = s.level, s.feeds, s.ladder.rate(s.level)
	if v.Blackout {
		v.Probe = Probe{}
	}
	v.Advice = s.rivals.advice
	v.Beside = s.pace.beside
	v.Silence = s.ladder.mains(s.level) >= crowded
	v.Pace, v.PaceCap = s.pace.rate(v.Rate, s.ladder.mains(s.level), v.Silence, v.Probe.Rate)
	return *v
}

func mbit(rate float64) string { return fmt.Sprintf("%.2f Mbit/s", rate/1e6) }

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// whose says what Phi means.
func whose(phi bwe.Share) string {
	if !phi.Known {
		return "nobody knows whose queue it is"
	}
	return fmt.Sprintf("others fill %.0f %% of it", phi.Value*100)
}

// held tells for how long a condition has held.
type held struct {
	since time.Time
	on    bool
}

func (h *held) lasted(now time.Time, holds bool) time.Duration {
	if !holds {
		h.on = false
		return -1
	}
	if !h.on {
		h.on, h.since = true, now
	}
	return now.Sub(h.since)
}
