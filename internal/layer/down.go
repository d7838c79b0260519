package layer

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

const (
	// targetShare of the rate that came through is what the lower level may take:
	// the rest drains the queue that stands.
	targetShare = 0.85
	// soundOnlyAfter: the last sub stream goes only after a longer look, since
	// below it there is no picture at all.
	soundOnlyAfter = 2 * time.Second
	// lossTooMuch is a loss that no radio makes by itself for long.
	lossTooMuch = 0.25
	// lossLeast is how many packets a loss is counted over at least.
	lossLeast = 30
	// yieldAfter: links that climb side by side hear each other's probes.
	yieldAfter = 8 * time.Second
	// A newcomer's slow start overflows the queue for a second; what goes on longer
	// does not end by itself.
	crowdLoss  = 0.06
	crowdQueue = 30 * time.Millisecond
	crowdHold  = 1300 * time.Millisecond
	crowdAfter = time.Second            // a fade looks like others for a moment
	crowdStep  = 100 * time.Millisecond // most that one report counts for
	// lateReserve of the budget is for a frame's own sending and the screen.
	lateReserve = 60 * time.Millisecond
	// fairAllowance: we take up to 1/0.7 of what a TCP would get. Simulated: three
	// bulk flows on twice our rate give at most 0.61, one flow beside us on a link
	// that is wide enough at least 0.78.
	fairAllowance = 0.7
	// fairSmall is the same where we take less than smallShare of the link: flows
	// that do not back off on loss (BBR) make a TCP look poorer than its share. Beside
	// one real BBR flow it looked like 0.23 to 0.36 of our 4.6 of 20 Mbit/s.
	fairSmall  = 0.15
	smallShare = 0.33
)

// downRules holds since when each condition of a step down has been true.
type downRules struct {
	self, loss, stand, fair, late, queued held
	crowd                                 crowding
}

func (d *downRules) reset() { *d = downRules{} }

// stepDown goes down by the first rule that holds.
func (s *Selector) stepDown() bool {
	if s.level <= s.floor() {
		return false
	}
	return s.selfRule() || s.lossRule() || s.crowdRule() || s.standRule() || s.fairRule() || s.yieldRule() || s.lateRule()
}

// selfRule: a queue grows, less comes through than we send, and the packet
// trains say that the link is slower than we are.
func (s *Selector) selfRule() bool {
	b, q, rate, train := s.sig.Busy, s.sig.Queue-s.sig.Noise, s.flowing(), s.sig.Train
	slow := b.Length >= 100*time.Millisecond && b.Growth >= 15*time.Millisecond && q > 20*time.Millisecond &&
		b.Rate < 0.95*rate && (train == 0 || train < 0.97*rate)
	fast := b.Length >= 60*time.Millisecond && b.Growth >= 10*time.Millisecond && q > 14*time.Millisecond &&
		train > 0 && train < 0.9*rate && b.Rate < rate
	hold := selfHold(s.sig.Phi)
	if b.Rate < 0.65*rate {
		hold = min(hold, 350*time.Millisecond)
	}
	if s.leash.siblings {
		hold = max(hold, 500*time.Millisecond) // the uplink sees all of it, and sooner
	}
	if s.leash.disturbed || s.now.Sub(s.probe.seen) < probeSettle {
		hold = max(hold, time.Second) // a probe, ours or another link's, and its draining
	}
	if s.down.self.lasted(s.now, slow || fast) >= s.floorHold(hold) {
		s.fall(RuleSelf, targetShare*b.Rate, fmt.Sprintf("we send %s, %s comes through, the queue grew by %s to %s; %s",
			mbit(rate), mbit(b.Rate), ms(b.Growth), ms(s.sig.Queue), whose(s.sig.Phi)))
		return true
	}
	// The pacer keeps the link's queue short by its own: then that one is looked at.
	limit := s.pace.limit
	tight := limit > 0 && limit < rate && s.want.Waiting > 100*time.Millisecond && q > capQueue &&
		b.Rate < 0.95*rate
	if s.down.queued.lasted(s.now, tight) < s.floorHold(hold) {
		return false
	}
	s.fall(RuleSelf, targetShare*limit, fmt.Sprintf("the link takes %s of %s, packets wait %s to leave",
		mbit(limit), mbit(rate), ms(s.want.Waiting)))
	return true
}

// selfHold is how long to look: the surer it is that we are alone, the shorter.
func selfHold(phi bwe.Share) time.Duration {
	switch {
	case !phi.Known:
		return 80 * time.Millisecond
	case phi.Value < 0.2:
		return 0
	case phi.Value <= 0.4:
		return 500 * time.Millisecond
	}
	return 1500 * time.Millisecond
}

// floorHold lengthens a hold before the last sub stream is given up.
func (s *Selector) floorHold(hold time.Duration) time.Duration {
	if s.atLastSub() {
		return soundOnlyAfter
	}
	return hold
}

// atLastSub tells whether the level is the last one with a picture, and a small one.
func (s *Selector) atLastSub() bool { return s.level == 1 && s.ladder.startsSmall() }

// lossRule: so much is lost that sending it is of no use. Without a queue it may
// be a policer, or a radio that got worse: that is checked afterwards (undo).
func (s *Selector) lossRule() bool {
	queue := s.sig.Queue500 > 10*time.Millisecond
	others := queue && s.sig.Phi.Or(0) > rivalPhi
	hold := 500 * time.Millisecond
	switch {
	case others:
		hold = 1500 * time.Millisecond // a newcomer's slow start overshoots for a second
	case !queue:
		hold = 900 * time.Millisecond
	}
	bad := s.sig.Loss600 > lossTooMuch && s.sig.Loss250 > lossTooMuch && s.sig.Sent600 >= lossLeast &&
		!s.undo.random(s.now)
	if s.down.loss.lasted(s.now, bad) < s.floorHold(hold) || others && s.atLastSub() {
		return false // a sub stream's going makes no room where others fill the link
	}
	from, loss := s.level, s.sig.Loss600
	s.fall(RuleLoss, targetShare*s.sig.Delivered,
		fmt.Sprintf("%.0f %% is lost, the queue is %s", loss*100, ms(s.sig.Queue)))
	if !queue {
		s.undo.watch(s.now, from, loss)
	}
	return true
}

// crowdRule: others keep the queue so full that it overflows on our main streams, again
// and again. They do not back off (BBR does not look at loss), and a frame of a main
// stream is mostly more than what is left of the queue, one of a sub stream is not.
func (s *Selector) crowdRule() bool {
	lost := s.sig.Loss250 > s.sig.LossUsual+crowdLoss && s.sig.Sent600 >= lossLeast
	crowded := lost && s.level > s.ladder.subs && !s.leash.siblings && s.sig.Queue500-s.sig.Noise > crowdQueue &&
		s.rivals.lasted(s.now) > crowdAfter && s.sig.PhiSlow.Or(0) > rivalPhi
	if s.down.crowd.total(s.now, crowded) < crowdHold {
		return false
	}
	s.fallTo(RuleCrowd, s.level-1, fmt.Sprintf("others keep a queue of %s full, and %.0f %% of ours is lost in it",
		ms(s.sig.Queue500), s.sig.Loss600*100))
	return true
}

// crowding is for how long a condition has held, all in all: a time without it takes
// back a quarter of its length. Frames are lost in it now and then, not all the time.
type crowding struct {
	sum  time.Duration
	last time.Time
}

func (c *crowding) total(now time.Time, holds bool) time.Duration {
	dt := min(now.Sub(c.last), crowdStep)
	c.last = now
	if holds {
		c.sum += dt
	} else {
		c.sum = max(0, c.sum-dt/4)
	}
	return c.sum
}

// standRule: our queue stands, and nobody else is there.
func (s *Selector) standRule() bool {
	stands := s.sig.Queue500-s.sig.Noise > 25*time.Millisecond && s.sig.Phi.Or(1) < 0.25 &&
		s.sig.Delivered < 1.05*s.flowing() && s.rivals.absent(s.now) >= 3*time.Second
	if s.down.stand.lasted(s.now, stands) < s.floorHold(1500*time.Millisecond) {
		return false
	}
	s.fall(RuleStand, targetShare*s.sig.Delivered, fmt.Sprintf("a queue of %s stands and is ours", ms(s.sig.Queue500)))
	return true
}

// fairRule: by the losses that we see, a TCP would get much less than we take.
func (s *Selector) fairRule() bool {
	c := s.sig.Contest
	allowance := fairAllowance
	if s.flowing() < smallShare*s.capacityBeside() {
		allowance = fairSmall
	}
	events, patience := 5, 8*time.Second
	if s.up.unfair > 0 {
		events, patience = 3, 5*time.Second // it was so before
	}
	unfair := c.Events >= events && c.Lasted > patience && s.rivals.absent(s.now) < time.Second &&
		c.FairRate > 0 && c.FairRate < allowance*s.flowing()
	if s.down.fair.lasted(s.now, unfair) < s.floorHold(2*time.Second) {
		return false
	}
	if s.atLastSub() {
		return false // a sub stream is no burden on anybody; the breaker bounds it
	}
	rate := s.flowing()
	s.fall(RuleFair, c.FairRate/0.8, fmt.Sprintf("we take %s, a TCP would get %s", mbit(rate), mbit(c.FairRate)))
	return true
}

// yieldRule: somebody like us wants in, and can have a share without our going
// below ours.
func (s *Selector) yieldRule() bool {
	if s.now.Sub(s.since) < yieldAfter || !s.shouldYield(s.level) {
		return false
	}
	capacity, pulses, contested := s.sig.Capacity, s.rivals.pulses(s.now), s.rivals.lasted(s.now)
	s.fallTo(RuleYield, s.level-1, fmt.Sprintf("we take %s of %s, and others want some (%d probes, %s of queue)",
		mbit(s.ladder.rate(s.level)), mbit(capacity), pulses, ms(contested)))
	s.rivals.answered(s.now)
	return true
}

func (s *Selector) shouldYield(level int) bool {
	return !s.leash.siblings && s.ladder.mains(level) >= 2 && s.ladder.rate(level) > 0.5*s.sig.Capacity &&
		s.ladder.rate(level-1) > 0.4*s.sig.Capacity &&
		s.rivals.ask(s.now)
}

// lateRule: behind this queue no frame is in time, and a good part of it is ours.
func (s *Selector) lateRule() bool {
	// Our own queue in front of a narrow link: a key frame alone takes so long that
	// what is behind it is late. Waiting any longer costs a group of pictures.
	alone := !s.leash.siblings && !s.pace.beside && s.rivals.absent(s.now) >= 3*time.Second
	spare := s.level > s.ladder.subs // a poorer picture is left for everybody
	if alone && spare && s.pace.limit > 0 && s.want.Waiting > s.cfg.Budget/2 && s.floorHold(0) == 0 {
		s.fallTo(RuleLate, s.level-1, fmt.Sprintf("the link takes %s, and packets wait %s to leave",
			mbit(s.pace.limit), ms(s.want.Waiting)))
		return true
	}
	limit := s.cfg.Budget - s.sig.RTT - lateReserve
	late := s.sig.Queue500 > max(limit, 40*time.Millisecond) && s.sig.Phi.Or(1) <= 0.4
	if s.down.late.lasted(s.now, late) < s.floorHold(time.Second) {
		return false
	}
	s.fallTo(RuleLate, s.level-1, fmt.Sprintf("a queue of %s makes every frame late", ms(s.sig.Queue500)))
	return true
}

// fall goes down to what fits a budget, at least by one level. The last sub
// stream stays unless it was the level already.
func (s *Selector) fall(rule Rule, budget float64, why string) {
	level := s.ladder.fits(budget, s.level-1)
	if level == 0 && s.level > 1 && s.ladder.startsSmall() {
		level = 1
	}
	s.fallTo(rule, level, why)
	if rule == RuleSelf || rule == RuleLoss {
		s.pace.after(budget)
	}
}

func (s *Selector) fallTo(rule Rule, level int, why string) {
	lasted, rose := s.now.Sub(s.since), s.rose
	s.move(max(level, s.floor()), rule, why)
	s.up.fell(s.now, rule, lasted, rose)
	if s.level < s.ladder.subs { // somebody has no picture at all
		s.up.after = s.up.after.Add(-max(0, s.up.after.Sub(s.now)-darkMost))
	}
	s.pace.fell(s.now)
}
