package layer

import (
	"fmt"
	"time"
)

const (
	blackoutAfter = 300 * time.Millisecond // fifteen reports in a row are missing
	soundAfter    = time.Second
	closeAfter    = 5 * time.Second
	// breakerTimes and breakerAfter: the circuit breaker of RFC 8083 §4.3.
	breakerTimes = 10
	breakerAfter = 3 * time.Second
)

// breaker watches for silence from the other end, and for a rate that no TCP
// would get a tenth of.
type breaker struct {
	started  time.Time
	blackout bool
	excess   held
}

// breakOff handles a link from which nothing comes. It reports whether the usual
// rules have nothing to say.
func (s *Selector) breakOff() bool {
	b := &s.quiet
	if b.started.IsZero() {
		b.started = s.now
	}
	age := s.now.Sub(later(later(s.sig.At, b.started), s.want.Resumed))
	b.blackout = age > blackoutAfter
	s.out.Blackout, s.out.Close = b.blackout, age > closeAfter
	if b.blackout {
		s.probe.stop()
		if floor := s.ladder.subs; age > soundAfter && s.level > floor {
			// What the link carries after a second of nothing is not known.
			s.fallTo(RuleBlackout, floor, fmt.Sprintf("no report for %s", ms(age)))
		}
		return true
	}
	c := s.sig.Contest
	over := c.TFRCRate > 0 && s.flowing() > breakerTimes*c.TFRCRate && s.level > s.floor()
	if b.excess.lasted(s.now, over) < breakerAfter {
		return false
	}
	rate := s.flowing()
	s.fallTo(RuleBreaker, 0, fmt.Sprintf("we take %s, ten times what TCP would get (%s)", mbit(rate), mbit(c.TFRCRate)))
	return true
}

const (
	undoLook  = 2500 * time.Millisecond
	undoFor   = 60 * time.Second
	undoShare = 0.2
)

// undo checks a step down for loss without a queue: when the loss stays although
// we send less, it was random, and the step is taken back.
type undo struct {
	at    time.Time // when to look; zero: nothing to look at
	level int
	loss  float64
	until time.Time // no loss rule before this
}

func (u *undo) watch(now time.Time, level int, loss float64) {
	u.at, u.level, u.loss = now.Add(undoLook), level, loss
}

// random tells whether loss was found to be random lately, or is being looked at.
func (u *undo) random(now time.Time) bool { return now.Before(u.until) || !u.at.IsZero() }

// stepBack takes back a step down that did not help.
func (s *Selector) stepBack() bool {
	u := &s.undo
	if u.at.IsZero() || s.now.Before(u.at) {
		return false
	}
	u.at = time.Time{}
	level := min(u.level, s.top())
	if s.sig.Sent600 < lossLeast/2 || s.sig.Loss600 <= undoShare*u.loss || level <= s.level {
		return false
	}
	u.until = s.now.Add(undoFor)
	s.up.after = s.now
	s.move(level, RuleUndo, fmt.Sprintf("%.0f %% is lost still: it is the link, not our rate", s.sig.Loss600*100))
	return true
}
