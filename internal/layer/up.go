package layer

import (
	"fmt"
	"time"
)

const (
	holdAfterFall = 4 * time.Second
	holdShort     = 30 * time.Second // doubled for each level that did not last
	holdMost      = 120 * time.Second
	darkMost      = 8 * time.Second // while a feed has no picture at all
	holdFairMost  = 240 * time.Second
	residency     = 15 * time.Second
	// residencyFirst is what the level has to last that a link reached after its
	// start: it has not failed yet, and a link that fades ten seconds into the
	// lesson shall have its picture back soon.
	residencyFirst = 5 * time.Second
	holdBeside     = 8 * time.Second
	besideAfter    = 2 * time.Second
	quietQueue     = 10 * time.Millisecond
	fairRoom       = 0.8
	// A thin flow sees fewer of the losses that a thick one would: after each
	// level that turned out to be unfair, more room is asked for.
	fairMore, fairTries = 0.25, 2
	rivalMemory         = 30 * time.Second
	strideMost          = 4
	settleAfterUp       = 2500 * time.Millisecond // longest wait for a key frame that was due
	latestForPlain      = 260 * time.Millisecond
)

// upRules says when the next step up may be tried, and how far.
type upRules struct {
	after  time.Time // not before
	fallen bool      // there was a step down before
	failed int       // levels in a row that did not last or that others needed
	unfair int       // of those, how many were unfair
	stride int       // levels of the next step: 1, 2, 4 after successes
	sure   bool      // the last try was a success: one probe is enough
	beside held
}

// fell sets the wait after a step down: short when the level had lasted, longer
// and longer when it had not.
func (u *upRules) fell(now time.Time, rule Rule, lasted time.Duration, rose bool) {
	wait, least := holdAfterFall, residency
	if !u.fallen {
		least = residencyFirst
	}
	u.fallen = true
	switch {
	case rule == RuleFair || rule == RuleYield || rule == RuleCrowd:
		wait = min(holdShort<<min(u.failed, 4), holdFairMost)
		u.failed++
		if rule != RuleCrowd {
			u.unfair++
		}
	case rose && lasted < least:
		wait = min(holdShort<<min(u.failed, 4), holdMost)
		u.failed++
	case rose:
		u.failed, u.unfair = 0, 0
	}
	u.after = later(u.after, now.Add(wait))
	u.stride, u.sure = 1, false
}

func (u *upRules) rise(now time.Time, wait time.Duration) {
	u.after = later(u.after, now.Add(wait))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stepUp probes while the link is quiet, and goes up without a probe where others
// keep a queue that padding would only lengthen.
func (s *Selector) stepUp() {
	next := min(s.level+max(s.up.stride, 1), s.top())
	if next > s.level && s.level < s.ladder.subs {
		next = s.level + 1 // back to a picture, one feed at a time
	}
	if next <= s.level || s.now.Before(s.up.after) || s.pending() && !s.up.sure {
		s.probe.stop()
		s.up.beside.on = false
		return
	}
	if s.besideRule() {
		return
	}
	s.probeUp(next)
}

// pending tells whether an earlier step up still waits for its key frame.
func (s *Selector) pending() bool {
	return s.rose && s.want.Sending > 0 && s.want.Sending < 0.9*s.ladder.rate(s.level) &&
		s.now.Sub(s.since) < settleAfterUp
}

// besideRule: others hold a queue, and the link has room for our next level at a
// share that is fair.
func (s *Selector) besideRule() bool {
	phi := s.sig.PhiSlow
	others := !s.leash.siblings && phi.Known && phi.Value > rivalPhi && s.sig.Queue500 >= quietQueue &&
		s.sig.Queue500 < latestForPlain-s.sig.RTT
	room := 0.6
	if s.level > s.ladder.subs || s.ladder.subs == 0 && s.level > 0 {
		room = 0.5
	}
	capacity := s.capacityBeside()
	rate := s.ladder.rate(s.level + 1)
	fits := others && rate <= room*capacity && s.fairFor(rate)
	if s.up.beside.lasted(s.now, fits) < besideAfter {
		return false
	}
	s.move(s.level+1, RuleBeside, fmt.Sprintf("the link carries %s with others on it, %s is a fair share",
		mbit(capacity), mbit(rate)))
	s.up.rise(s.now, holdBeside)
	return true
}

// capacityBeside is what the link carries in all, from the slow share: the quick
// one swings too much to divide by what is left of it.
func (s *Selector) capacityBeside() float64 {
	return s.sig.Delivered / (1 - min(s.sig.PhiSlow.Or(0), 0.97))
}

// fairFor tells whether a TCP would get about as much, as far as is known.
func (s *Selector) fairFor(rate float64) bool {
	fair := s.sig.Contest.FairRate
	room := fairRoom + fairMore*float64(min(s.up.unfair, fairTries))
	return fair == 0 || fair >= room*rate
}

// probeUp runs the probe and steps up when enough of them were clean.
func (s *Selector) probeUp(next int) {
	rate := s.ladder.rate(next)
	beside := !s.leash.siblings && s.rivals.absent(s.now) < rivalMemory
	if s.shouldYield(next) || beside && !s.fairFor(rate) {
		s.probe.stop()
		return
	}
	needed := 2
	if s.up.sure {
		needed = 1
	}
	switch s.probe.run(s.now, &s.sig, rate, s.want.NextKey, s.random) {
	case probeFailed:
		s.up.stride, s.up.sure = 1, false
	case probeClean:
		if s.probe.clean < needed {
			break
		}
		clean := s.probe.clean
		s.move(next, RuleProbe, fmt.Sprintf("%d probes of %s went through without a queue", clean, mbit(rate*probeOver)))
		s.up.stride, s.up.sure = min(max(s.up.stride, 1)*2, strideMost), true
		// What was read from the link before it widened makes the first key frame wait.
		s.pace.limit = 0
	case probeIdle, probeRunning:
	}
	s.out.Probe = s.probe.ask(s.now, s.flowing())
}
