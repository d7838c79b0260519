package layer

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

const ms1 = time.Millisecond

// bench plays signals to a selector, 20 ms apart.
type bench struct {
	t    *testing.T
	s    *Selector
	now  time.Time
	want Want
	sig  bwe.Signals
	last Verdict
}

// calm is a link with room.
func calm() bwe.Signals {
	return bwe.Signals{RTT: 40 * ms1, Delivered: 4.5e6, Capacity: 4.5e6, Sent600: 300}
}

func feeds(n int) []Feed {
	f := make([]Feed, n)
	for i := range f {
		f[i] = Feed{Audio: 88e3, Sub: 0.58e6, Main: 4.47e6}
	}
	return f
}

func newBench(t *testing.T, n int, cfg Config) *bench {
	t.Helper()
	b := &bench{t: t, s: New(cfg, rand.New(rand.NewPCG(1, 1))), now: time.Unix(100, 0), sig: calm()}
	b.want.Feeds = feeds(n)
	b.step()
	return b
}

func (b *bench) step() Verdict {
	b.now = b.now.Add(20 * ms1)
	b.sig.At = b.now
	b.last = b.s.Decide(b.now, b.sig, b.want)
	return b.last
}

// until steps until the level changes, at most for d, and returns how long it took.
func (b *bench) until(d time.Duration) (time.Duration, Verdict) {
	for took := 20 * ms1; took <= d; took += 20 * ms1 {
		if v := b.step(); v.Changed {
			return took, v
		}
	}
	return d, Verdict{}
}

// climb goes to a level in calm, and lets it last.
func (b *bench) climb(level int) {
	b.t.Helper()
	b.sig = calm()
	for b.s.level < level {
		if _, v := b.until(20 * time.Second); !v.Changed {
			b.t.Fatalf("level %d is never reached, stuck at %d", level, b.s.level)
		}
	}
	if b.s.level != level {
		b.t.Fatalf("climbed past %d to %d", level, b.s.level)
	}
	b.until(time.Second)
}

func share(v float64) bwe.Share { return bwe.Share{Value: v, Known: true} }

func overload(s *bwe.Signals) {
	s.Queue, s.Queue250, s.Queue500 = 60*ms1, 30*ms1, 10*ms1
	s.Busy = bwe.Busy{Length: 200 * ms1, Growth: 50 * ms1, Rate: 3e6}
	s.Train, s.Phi, s.Delivered = 3e6, share(0.05), 3.5e6
}

// TestEachRuleHasItsTrace plays what the estimator says in each situation.
func TestEachRuleHasItsTrace(t *testing.T) {
	for _, ca := range []struct {
		name   string
		feeds  int
		from   int // level
		play   func(*bwe.Signals)
		rule   Rule
		to     int
		within [2]time.Duration
	}{
		{"we overload a link alone", 1, 2, overload, RuleSelf, 1, [2]time.Duration{0, 20 * ms1}},
		{"overload, nobody knows whose queue", 1, 2, func(s *bwe.Signals) {
			overload(s)
			s.Phi = bwe.Share{}
		}, RuleSelf, 1, [2]time.Duration{80 * ms1, 120 * ms1}},
		{"overload, some of it by others", 1, 2, func(s *bwe.Signals) {
			overload(s)
			s.Phi, s.Busy.Rate, s.Train = share(0.3), 4e6, 4e6
		}, RuleSelf, 1, [2]time.Duration{500 * ms1, 540 * ms1}},
		{"overload, much of it by others", 1, 2, func(s *bwe.Signals) {
			overload(s)
			s.Phi, s.Busy.Rate, s.Train = share(0.6), 4e6, 4e6
		}, RuleSelf, 1, [2]time.Duration{1500 * ms1, 1560 * ms1}},
		{"a deep drop is believed soon, whoever else is there", 1, 2, func(s *bwe.Signals) {
			overload(s)
			s.Phi, s.Busy.Rate, s.Train = share(0.6), 1e6, 1e6
		}, RuleSelf, 1, [2]time.Duration{340 * ms1, 380 * ms1}},
		{"three main streams, room for one", 3, 6, func(s *bwe.Signals) {
			overload(s)
			s.Busy.Rate, s.Train = 7.2e6, 7.2e6
		}, RuleSelf, 4, [2]time.Duration{0, 20 * ms1}},
		{"a policer drops a third", 1, 2, func(s *bwe.Signals) {
			s.Loss250, s.Loss600, s.Delivered = 0.35, 0.33, 3e6
		}, RuleLoss, 1, [2]time.Duration{900 * ms1, 940 * ms1}},
		{"a full queue drops a third", 1, 2, func(s *bwe.Signals) {
			s.Loss250, s.Loss600, s.Queue500, s.Phi = 0.35, 0.33, 40*ms1, share(0.1)
			s.Delivered = 4.9e6
		}, RuleLoss, 1, [2]time.Duration{500 * ms1, 540 * ms1}},
		{"our queue stands", 1, 2, func(s *bwe.Signals) {
			s.Queue, s.Queue250, s.Queue500, s.Phi = 40*ms1, 40*ms1, 35*ms1, share(0.1)
		}, RuleStand, 1, [2]time.Duration{1500 * ms1, 1560 * ms1}},
		{"a download keeps the queue full and does not back off", 1, 2, func(s *bwe.Signals) {
			s.Queue, s.Queue250, s.Queue500, s.Phi, s.PhiSlow = 85*ms1, 85*ms1, 80*ms1, share(0.8), share(0.8)
			s.Loss250, s.Loss600 = 0.15, 0.14
		}, RuleCrowd, 1, [2]time.Duration{2300 * ms1, 2360 * ms1}},
		{"a TCP would get much less", 1, 2, func(s *bwe.Signals) {
			s.Queue, s.Queue250, s.Queue500, s.Phi, s.PhiSlow = 60*ms1, 60*ms1, 50*ms1, share(0.6), share(0.6)
			s.Contest = bwe.Contest{Lasted: 10 * time.Second, Events: 6, FairRate: 2e6, TFRCRate: 2e6}
		}, RuleFair, 1, [2]time.Duration{2 * time.Second, 2060 * ms1}},
		{"two main streams, others want some", 2, 4, func(s *bwe.Signals) {
			s.Queue, s.Queue250, s.Queue500, s.Phi, s.PhiSlow = 40*ms1, 40*ms1, 40*ms1, share(0.45), share(0.45)
			s.Delivered, s.Capacity = 7e6, 12.5e6
		}, RuleYield, 3, [2]time.Duration{5 * time.Second, 7060 * ms1}},
		{"every frame would be late", 1, 2, func(s *bwe.Signals) {
			s.Queue, s.Queue250, s.Queue500, s.Phi = 260*ms1, 260*ms1, 250*ms1, share(0.3)
		}, RuleLate, 1, [2]time.Duration{time.Second, 1040 * ms1}},
		{"ten times the rate of a TCP", 1, 2, func(s *bwe.Signals) {
			s.Contest = bwe.Contest{Lasted: 5 * time.Second, Events: 3, FairRate: 0.4e6, TFRCRate: 0.4e6}
		}, RuleBreaker, 0, [2]time.Duration{3 * time.Second, 3060 * ms1}},
	} {
		t.Run(ca.name, func(t *testing.T) {
			b := newBench(t, ca.feeds, Config{})
			b.climb(ca.from)
			ca.play(&b.sig)
			took, v := b.until(10 * time.Second)
			if v.Rule != ca.rule || v.Level != ca.to {
				t.Fatalf("%q to level %d, want %q to %d: %s", v.Rule, v.Level, ca.rule, ca.to, v.Why)
			}
			if took < ca.within[0] || took > ca.within[1]+20*ms1 {
				t.Fatalf("after %v, want %v", took, ca.within)
			}
			if !strings.Contains(v.Why, string(ca.rule)) || len(v.Why) < 20 {
				t.Fatalf("no words for an operator: %q", v.Why)
			}
		})
	}
}

func TestNothingToStepDownFor(t *testing.T) {
	for _, ca := range []struct {
		name string
		play func(*bwe.Signals)
	}{
		{"random loss of a fifth", func(s *bwe.Signals) { s.Loss250, s.Loss600 = 0.22, 0.20 }},
		{"a queue that others fill", func(s *bwe.Signals) {
			s.Queue, s.Queue250, s.Queue500, s.Phi, s.PhiSlow = 90*ms1, 90*ms1, 80*ms1, share(0.8), share(0.8)
			s.Busy = bwe.Busy{Length: time.Second, Growth: 20 * ms1, Rate: 4.5e6}
		}},
		{"the overshoot of a newcomer", func(s *bwe.Signals) { s.Queue500, s.Phi, s.Loss600 = 90*ms1, share(0.8), 0.5 }},
		{"jitter", func(s *bwe.Signals) { s.Queue, s.Noise = 22*ms1, 12*ms1 }},
	} {
		t.Run(ca.name, func(t *testing.T) {
			b := newBench(t, 1, Config{})
			b.climb(2)
			ca.play(&b.sig)
			if took, v := b.until(30 * time.Second); v.Changed {
				t.Fatalf("after %v: %s", took, v.Why)
			}
		})
	}
}

func TestUpAfterTwoCleanProbes(t *testing.T) {
	b := newBench(t, 1, Config{})
	probes, on, most := 0, false, 0.0
	for b.s.level < 2 {
		v := b.step()
		if v.Probe.Rate > 0 && !on {
			probes++
		}
		on = v.Probe.Rate > 0
		most = max(most, v.Probe.Rate)
		if b.now.Sub(time.Unix(100, 0)) > 5*time.Second {
			t.Fatal("no step up in 5 s of calm")
		}
	}
	if probes != 2 || most < 4.9e6 || most > 5.1e6 {
		t.Fatalf("%d probes of up to %.2f Mbit/s", probes, most/1e6)
	}
	if b.last.Rule != RuleProbe || b.last.Feeds[0] != Main {
		t.Fatalf("%+v", b.last)
	}
}

func TestAProbeThatMakesAQueueEndsAtOnce(t *testing.T) {
	b := newBench(t, 1, Config{})
	for b.step().Probe.Rate == 0 {
		if b.now.Sub(time.Unix(100, 0)) > 5*time.Second {
			t.Fatal("no probe in 5 s of calm")
		}
	}
	b.sig.Queue = 15 * ms1
	if v := b.step(); v.Probe.Rate != 0 {
		t.Fatalf("the padding goes on: %+v", v.Probe)
	}
	b.sig.Queue = 0
	for quiet := time.Duration(0); quiet < 2900*ms1; quiet += 20 * ms1 {
		if v := b.step(); v.Probe.Rate != 0 {
			t.Fatalf("the next try comes after %v", quiet)
		}
	}
}

func TestUpBesideOthersWithoutAProbe(t *testing.T) {
	b := newBench(t, 1, Config{})
	b.sig = bwe.Signals{
		RTT: 20 * ms1, Queue: 80 * ms1, Queue250: 80 * ms1, Queue500: 80 * ms1, Delivered: 0.65e6, Sent600: 100,
		Phi: share(0.96), PhiSlow: share(0.96),
	}
	took, v := b.until(10 * time.Second)
	if v.Rule != RuleBeside || v.Level != 2 || took < 2*time.Second {
		t.Fatalf("%v after %v: %s", v.Rule, took, v.Why)
	}
}

func TestNotUpWhereATCPWouldGetLess(t *testing.T) {
	b := newBench(t, 1, Config{})
	b.sig = bwe.Signals{
		RTT: 20 * ms1, Queue: 80 * ms1, Queue250: 80 * ms1, Queue500: 80 * ms1, Delivered: 0.65e6, Sent600: 100,
		Phi: share(0.96), PhiSlow: share(0.96), Contest: bwe.Contest{Lasted: time.Minute, Events: 9, FairRate: 3e6},
	}
	if _, v := b.until(30 * time.Second); v.Changed {
		t.Fatal(v.Why)
	}
}

func TestALevelThatDidNotLastWaitsLongerEachTime(t *testing.T) {
	b := newBench(t, 1, Config{})
	b.climb(2)
	for _, least := range []time.Duration{30 * time.Second, 60 * time.Second, 120 * time.Second, 120 * time.Second} {
		overload(&b.sig)
		if _, v := b.until(time.Second); v.Rule != RuleSelf {
			t.Fatalf("%+v", v)
		}
		b.sig = calm()
		took, v := b.until(5 * time.Minute)
		if v.Rule != RuleProbe || took < least || took > least+6*time.Second {
			t.Fatalf("up again after %v, want %v", took, least)
		}
		b.until(time.Second)
	}
}

func TestALevelThatLastedIsTriedAgainSoon(t *testing.T) {
	b := newBench(t, 1, Config{})
	b.climb(2)
	b.until(20 * time.Second)
	overload(&b.sig)
	b.until(time.Second)
	b.sig = calm()
	if took, v := b.until(time.Minute); v.Rule != RuleProbe || took < 4*time.Second || took > 6*time.Second {
		t.Fatalf("%v after %v", v.Rule, took)
	}
}

func TestRandomLossTakesTheStepBack(t *testing.T) {
	b := newBench(t, 1, Config{})
	b.climb(2)
	b.sig.Loss250, b.sig.Loss600 = 0.35, 0.35
	if _, v := b.until(2 * time.Second); v.Rule != RuleLoss {
		t.Fatalf("%+v", v)
	}
	took, v := b.until(5 * time.Second)
	if v.Rule != RuleUndo || v.Level != 2 || took < 2400*ms1 || took > 2600*ms1 {
		t.Fatalf("%v after %v", v.Rule, took)
	}
	if _, v = b.until(50 * time.Second); v.Changed {
		t.Fatalf("and down again: %s", v.Why)
	}
}

func TestNoReportsAreABlackoutThenSoundThenTheEnd(t *testing.T) {
	b := newBench(t, 1, Config{})
	b.climb(2)
	silent := func(until time.Duration) Verdict {
		for age := b.now.Sub(b.sig.At); age < until; age += 20 * ms1 {
			b.now = b.now.Add(20 * ms1)
			b.last = b.s.Decide(b.now, b.sig, b.want)
		}
		return b.last
	}
	if v := silent(280 * ms1); v.Blackout || v.Level != 2 {
		t.Fatalf("%+v", v)
	}
	if v := silent(340 * ms1); !v.Blackout || v.Level != 2 || v.Close {
		t.Fatalf("%+v", v)
	}
	if v := silent(1100 * ms1); !v.Blackout || v.Level != 1 {
		t.Fatalf("%+v", v)
	}
	if v := silent(5100 * ms1); !v.Close {
		t.Fatalf("%+v", v)
	}
	if v := b.step(); v.Blackout || v.Close || v.Level != 1 {
		t.Fatalf("after a report: %+v", v)
	}
}

func TestTheLastPictureGoesOnlyAfterTwoSeconds(t *testing.T) {
	b := newBench(t, 1, Config{})
	overload(&b.sig)
	b.sig.Busy.Rate, b.sig.Train = 0.3e6, 0.3e6
	took, v := b.until(5 * time.Second)
	if v.Rule != RuleSelf || v.Level != 0 || took < 2*time.Second || took > 2100*ms1 {
		t.Fatalf("%v to %d after %v", v.Rule, v.Level, took)
	}
	b.sig = calm()
	if _, v = b.until(time.Minute); v.Rule != RuleProbe || v.Level != 1 {
		t.Fatalf("%+v", v)
	}
}

func TestTheCapOfTheOperatorHolds(t *testing.T) {
	b := newBench(t, 2, Config{MaxRate: 6e6})
	b.climb(3)
	if _, v := b.until(time.Minute); v.Changed {
		t.Fatal(v.Why)
	}
	if v := b.last; v.Rate > 6e6 || v.Feeds[0] != Main || v.Feeds[1] != Sub {
		t.Fatalf("%+v", v)
	}
}

func BenchmarkDecide(b *testing.B) {
	for name, n := range map[string]int{"one feed": 1, "ten feeds": 10} {
		b.Run(name, func(b *testing.B) {
			s := New(Config{}, rand.New(rand.NewPCG(1, 1)))
			now, sig, want := time.Unix(100, 0), calm(), Want{Feeds: feeds(n)}
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(20 * ms1)
				sig.At = now
				s.Decide(now, sig, want)
			}
		})
	}
}

func TestAQueueOfOthersThatIsTooDeepIsSaidInWords(t *testing.T) {
	b := newBench(t, 1, Config{})
	b.climb(2)
	b.sig.Queue, b.sig.Queue250, b.sig.Queue500, b.sig.Phi, b.sig.PhiSlow = 350*ms1, 350*ms1, 350*ms1, share(0.8), share(0.8)
	if took, v := b.until(6 * time.Second); v.Changed {
		t.Fatalf("down after %v: %s", took, v.Why)
	}
	if !strings.Contains(b.last.Advice, "queue of 350 ms") {
		t.Fatalf("advice %q", b.last.Advice)
	}
	b.sig = calm()
	b.until(6 * time.Second)
	if b.last.Advice != "" {
		t.Fatalf("advice stays: %q", b.last.Advice)
	}
}

func TestANewPathIsNotProbedAtOnce(t *testing.T) {
	b := newBench(t, 1, Config{})
	b.want.Moved = true
	v := b.step()
	b.want.Moved = false
	if v.PaceCap == 0 || v.Level != 1 {
		t.Fatalf("%+v", v)
	}
	for range 190 {
		if v := b.step(); v.Probe.Rate > 0 {
			t.Fatal("probed within 4 s")
		}
	}
	if _, v := b.until(5 * time.Second); v.Rule != RuleProbe {
		t.Fatalf("%+v", v)
	}
}

func TestTheWayToAViewerBeginsWithTheBestPictureAndEndsAtThePoorest(t *testing.T) {
	b := newBench(t, 1, Config{Viewer: true})
	if b.last.Level != 2 || b.last.Feeds[0] != Main {
		t.Fatalf("begins at level %d with %v", b.last.Level, b.last.Feeds)
	}
	overload(&b.sig)
	took, v := b.until(time.Second)
	if v.Level != 1 || v.Rule != RuleSelf || v.Feeds[0] != Sub {
		t.Fatalf("after %v: level %d by rule %q, want the sub stream", took, v.Level, v.Rule)
	}
	b.sig.Busy.Rate, b.sig.Delivered, b.sig.Train = 0.2e6, 0.2e6, 0.2e6
	b.sig.Contest = bwe.Contest{Events: 9, Lasted: 20 * time.Second, FairRate: 0.03e6, TFRCRate: 0.03e6}
	if took, v := b.until(20 * time.Second); v.Changed {
		t.Errorf("after %v of worse: level %d by rule %q, want the sub stream still", took, v.Level, v.Rule)
	}
	b.climb(2)
}
