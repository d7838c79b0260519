package layer

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

// TestBesideOthersAKeyFrameTakesTheTimeItHas: a main stream of 4.7 Mbit/s, whose key
// frames are 0.28 s of that rate.
func TestBesideOthersAKeyFrameTakesTheTimeItHas(t *testing.T) {
	const level = 4.7e6
	for _, c := range []struct {
		name   string
		queue  time.Duration
		phi    float64
		lo, hi float64 // Mbit/s
	}{
		{"alone it leaves quickly", 60 * ms1, 0.1, 16, 18},
		{"a short queue of others leaves time", 40 * ms1, 0.8, 7.1, 7.3},
		{"a longer one less", 90 * ms1, 0.8, 9.3, 9.5},
		{"behind a very long one nothing is gained by waiting", 250 * ms1, 0.8, 16, 18},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pace{budget: defaultBudget}
			s := bwe.Signals{
				At: time.Unix(100, 0), RTT: 60 * ms1, Queue: c.queue, Queue500: c.queue, Phi: share(c.phi), Capacity: 20e6,
			}
			p.read(&s, level, 0, 0)
			rate, _ := p.rate(level, 1, false, 0)
			if rate < c.lo*1e6 || rate > c.hi*1e6 {
				t.Errorf("%.2f Mbit/s", rate/1e6)
			}
		})
	}
}

func TestWhereNothingOverflowsForLongAFrameLeavesQuicklyAgain(t *testing.T) {
	const level = 4.7e6
	p := pace{budget: defaultBudget}
	at := time.Unix(100, 0)
	pace := func(contested time.Duration, lost float64) float64 {
		at = at.Add(time.Second)
		s := bwe.Signals{
			At: at, RTT: 60 * ms1, Queue: 60 * ms1, Queue250: 60 * ms1, Queue500: 60 * ms1, Phi: share(0.8), Loss250: lost,
		}
		p.read(&s, level, contested, 0)
		rate, _ := p.rate(level, 1, false, 0)
		return rate
	}
	if r := pace(3*time.Second, 0); r < 16e6 {
		t.Errorf("%.1f Mbit/s though nothing is lost", r/1e6)
	}
	if r := pace(4*time.Second, 0.1); r > 10e6 {
		t.Errorf("%.1f Mbit/s while the queue overflows", r/1e6)
	}
	at = at.Add(9 * time.Second)
	if r := pace(14*time.Second, 0); r < 16e6 {
		t.Errorf("%.1f Mbit/s ten seconds after it overflowed", r/1e6)
	}
}
