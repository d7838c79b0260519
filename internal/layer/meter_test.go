package layer

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/wallstep"
)

func TestARateStaysWhatItIsWhenTheWallClockIsSet(t *testing.T) {
	for _, seconds := range []int64{-3600, -5, 5, 3600} {
		var r Meter
		start := time.Now()
		var now time.Time
		for i := range 4000 { // 40 s at 1 Mbit/s
			now = start.Add(time.Duration(i) * 10 * time.Millisecond)
			if i >= 2000 {
				now = wallstep.Step(now, seconds)
			}
			r.Add(now, 1250)
		}
		if got, ok := r.Bits(now); !ok || got < 0.98e6 || got > 1.02e6 {
			t.Errorf("step by %d s: %.0f bit/s instead of a million", seconds, got)
		}
	}
}
