package clock

import (
	"testing"
	"time"
)

func TestAClockThatIsSetIsBelievedWithTheNextAnswer(t *testing.T) {
	for _, step := range []time.Duration{-time.Hour, -time.Second, 200 * time.Millisecond, 30 * 24 * time.Hour} {
		var a Exchange
		now := time.Unix(10_000_000, 0)
		for range 20 { // the best of these has the shorter round trip
			w := wire{offset: 7 * time.Second, out: 10 * time.Millisecond, back: 10 * time.Millisecond}
			w.exchange(t, &a, now)
			now = now.Add(interval)
		}
		w := wire{offset: 7*time.Second + step, out: 40 * time.Millisecond, back: 20 * time.Millisecond}
		got := a.Offset(w.exchange(t, &a, now))
		if d := (got.Offset - w.offset).Abs(); d > got.Uncertainty {
			t.Errorf("set by %v: off by %v, claimed at most %v", step, d, got.Uncertainty)
		}
	}
}

func TestAStepWithinTheUncertaintyDropsNothing(t *testing.T) {
	var a Exchange
	now := time.Unix(1000, 0)
	wire{out: 10 * time.Millisecond, back: 10 * time.Millisecond}.exchange(t, &a, now)
	now = now.Add(interval)
	wire{offset: 20 * time.Millisecond, out: 20 * time.Millisecond, back: 20 * time.Millisecond}.exchange(t, &a, now)
	if got := a.Offset(now); got.RTT != 20*time.Millisecond {
		t.Fatalf("the better sample is gone: %+v", got)
	}
}
