package relay

import (
	"math"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/probe"
)

const (
	hubIP   = "10.0.0.1"
	proveIP = "10.0.0.2"
)

// prober makes one that belongs to the county.
func (c *county) prober(name, ip string, cfg probe.Config) *Prober {
	c.t.Helper()
	if err := identity.Issue(c.pki, name); err != nil {
		c.t.Fatal(err)
	}
	id, err := identity.Load(filepath.Join(c.pki, name))
	if err != nil {
		c.t.Fatal(err)
	}
	host := c.net.Host(ip)
	return &Prober{
		Identity: id, Address: hubIP + ":4433", Config: cfg,
		Network: Network{ListenPacket: host.ListenPacket, DialContext: host.DialContext},
	}
}

// measure probes a hub over a link: down carries packets from the hub.
func measure(t *testing.T, down, up netem.Profile, cfg probe.Config) (r *probe.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		if err := c.net.Link(hubIP, proveIP, down, up); err != nil {
			t.Fatal(err)
		}
		c.start("hub", hubIP)
		synctest.Wait()
		p := c.prober("school", proveIP, cfg)
		var err error
		if r, err = p.Run(t.Context(), zap.NewNop()); err != nil {
			t.Error(err)
		}
		c.close("hub")
		synctest.Wait()
	})
	if t.Failed() {
		t.FailNow()
	}
	return r
}

// A line of known making, and what the probe says of it. Tolerances: times 1 ms
// (a full packet at 8 Mbit/s takes 1.4), shares of loss a third of the truth or
// three standard deviations of as many bursts, whichever is more.
func TestProbeTellsTheTruthAboutALine(t *testing.T) {
	const ms = time.Millisecond
	for _, x := range []struct {
		name     string
		down, up netem.Profile
		rooms    [2]int // that hold, down and up, of 1, 2 and 4
	}{
		{"10 ms down and 30 ms up", netem.Profile{Delay: 10 * ms}, netem.Profile{Delay: 30 * ms}, [2]int{4, 4}},
		{"1 % lost at random down", netem.Profile{Delay: 20 * ms, Loss: 0.01}, netem.Profile{Delay: 20 * ms}, [2]int{4, 4}},
		{
			"2 % lost in bursts of 5 up",
			netem.Profile{Delay: 20 * ms},
			netem.Profile{Delay: 20 * ms, Loss: 0.02, Burst: 5},
			[2]int{4, 4},
		},
		{
			"8 Mbit/s down and 16 up",
			netem.Profile{Delay: 20 * ms, Rate: 8e6},
			netem.Profile{Delay: 20 * ms, Rate: 16e6},
			[2]int{1, 2},
		},
		{
			"jitter of 10 ms down, 2 % overtaken up",
			netem.Profile{Delay: 20 * ms, Jitter: 10 * ms},
			netem.Profile{Delay: 20 * ms, Reorder: 0.02},
			[2]int{4, 4},
		},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := measure(t, x.down, x.up, probe.Config{ClockError: ms, For: 10 * time.Second, MaxRate: 20e6})
			t.Logf("%+v", r)
			// The fastest of some fifty echoes had some of the jitter, since packets of a
			// line that keeps their order wait for the slowest before them.
			if rtt := x.down.Delay + x.up.Delay; !near(r.RTT.Min, rtt, ms+(x.down.Jitter+x.up.Jitter)/2) {
				t.Errorf("round trip %v, not %v", r.RTT.Min, rtt)
			}
			for i, way := range []struct {
				got  probe.Way
				line netem.Profile
			}{{r.Down, x.down}, {r.Up, x.up}} {
				checkWay(t, []string{"down", "up"}[i], way.got, way.line)
				if got := way.got.Holds(); got != x.rooms[i] {
					t.Errorf("%d rooms hold, not %d: %+v", got, x.rooms[i], way.got.Steps)
				}
			}
			if r.Interrupted || r.Ended != "" || r.Node != "hub" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func near(got, want, by time.Duration) bool { return (got - want).Abs() <= by }

func checkWay(t *testing.T, name string, w probe.Way, line netem.Profile) {
	t.Helper()
	if !near(w.Delay, line.Delay, 2*time.Millisecond) || w.DelayError != time.Millisecond {
		t.Errorf("%s: delay %v ± %v, not %v", name, w.Delay, w.DelayError, line.Delay)
	}
	bursts := line.Loss * float64(w.Offered) / max(1, line.Burst)
	by := max(line.Loss/3, 3*line.Loss/math.Sqrt(max(1, bursts)))
	if math.Abs(w.Loss-line.Loss) > by {
		t.Errorf("%s: loss %.4f, not %.4f ± %.4f", name, w.Loss, line.Loss, by)
	}
	if line.Burst > 1 && math.Abs(w.MeanBurst-line.Burst) > 3*line.Burst/math.Sqrt(bursts) {
		t.Errorf("%s: bursts of %.1f, not of %.1f", name, w.MeanBurst, line.Burst)
	}
	if line.Loss > 0 && line.Burst <= 1 && w.MeanBurst > 1.2 {
		t.Errorf("%s: single losses are reported as bursts of %.1f", name, w.MeanBurst)
	}
	// The spread of an even jitter of J: half of it in the middle, all of it at p99.
	if !near(w.Jitter.P50, line.Jitter/2, line.Jitter/4+2*time.Millisecond) ||
		!near(w.Jitter.P99, line.Jitter, line.Jitter/4+3*time.Millisecond) {
		t.Errorf("%s: jitter %+v, not 0 to %v", name, w.Jitter, line.Jitter)
	}
	if overtaken := line.Reorder * float64(w.Offered); line.Jitter == 0 &&
		math.Abs(float64(w.Reordered)-overtaken) > overtaken/2 {
		t.Errorf("%s: %d of %d out of order, %.0f were held back", name, w.Reordered, w.Offered, overtaken)
	}
	if w.Duplicated > 0 || w.FullLost > w.FullOffered/2 {
		t.Errorf("%s: %+v", name, w)
	}
}

func TestWithoutKnownClocksTheWayThereIsHalfTheRoundTripGiveOrTakeAllOfIt(t *testing.T) {
	const ms = time.Millisecond
	r := measure(t, netem.Profile{Delay: 10 * ms}, netem.Profile{Delay: 30 * ms}, probe.Config{For: probe.MinFor, MaxRate: 6e6})
	for _, w := range []probe.Way{r.Down, r.Up} {
		if !near(w.Delay, 20*ms, ms) || !near(w.DelayError, 20*ms, ms) {
			t.Errorf("delay %v ± %v, not 20 ± 20 ms", w.Delay, w.DelayError)
		}
	}
	if !near(r.Clock.Error, 20*ms, ms) || r.Clock.Offset.Abs() > r.Clock.Error {
		t.Errorf("clock %+v", r.Clock)
	}
	if !r.Clock.DriftKnown || math.Abs(r.Clock.Drift) > r.Clock.DriftError {
		t.Errorf("the two clocks are one, and the probe says %+v", r.Clock)
	}
}
