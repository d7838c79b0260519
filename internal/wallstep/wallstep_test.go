package wallstep

import (
	"testing"
	"time"
)

func TestAStepMovesTheWallAndNotTheMonotonicClock(t *testing.T) {
	now := time.Now()
	if !Works(now) {
		t.Fatal("this Go keeps times in another way: the layout in Step has to follow")
	}
	for _, seconds := range []int64{1, -1, 3600, -3600, 0, -20 * 365 * 86400} {
		moved := Step(now, seconds)
		if got := moved.Sub(now); got != 0 {
			t.Errorf("stepped by %d s: the monotonic clock moved by %v", seconds, got)
		}
		if got := moved.UnixNano() - now.UnixNano(); got != seconds*1e9 {
			t.Errorf("stepped by %d s: the wall moved by %d ns", seconds, got)
		}
		if later := moved.Add(time.Second); later.Sub(now) != time.Second {
			t.Errorf("stepped by %d s: a second later is %v later", seconds, later.Sub(now))
		}
	}
}

func TestATimeWithoutMonotonicClockStaysAsItIs(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	if Step(now, 5) != now || Works(now) {
		t.Error("there is nothing to tell the wall from")
	}
}
