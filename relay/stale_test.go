package relay

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
)

// A lesson is watched, nobody watches for a minute, and somebody comes back: the
// branch still holds the last group of pictures of then, and must not show it.
func TestNobodyBeginsWithAPictureOfAMinuteAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		c.view(5 * time.Second)
		time.Sleep(time.Minute)
		r := c.view(5 * time.Second)
		t.Logf("%d good, the oldest %.0f ms old, first after %.0f ms", r.FramesGood, r.Latency.Max, r.FirstFrameMs)
		// The hub has to be asked, and has to ask its camera: 20 ms for the line alone.
		if r.FramesGood < 60 || r.FirstFrameMs < 20 {
			t.Errorf("%d good, the first after %.0f ms", r.FramesGood, r.FirstFrameMs)
		}
		c.end()
	})
}
