package capacity

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/capacity/usage"
)

func TestRulesBreakByFigures(t *testing.T) {
	for _, c := range []struct {
		name             string
		rules            Rules
		schools, viewers *Seen
		want             []string // what each broken rule begins with
	}{
		{"all well", Rules{}, &Seen{P99Ms: 120, GoodRatio: 1}, &Seen{P99Ms: 300, GoodRatio: 0.995}, nil},
		{"nobody saw anything", Rules{}, nil, nil, nil},
		{"late at the branches", Rules{}, &Seen{P99Ms: 301, GoodRatio: 1}, nil, []string{"p99 <= 300ms: 301 ms at the branches"}},
		{
			"late and missing at the viewers",
			Rules{P99: 100 * time.Millisecond, Good: 0.9},
			&Seen{P99Ms: 99, GoodRatio: 0.95}, &Seen{P99Ms: 101, GoodRatio: 0.5},
			[]string{"p99 <= 100ms: 101 ms at the viewers", "good >= 90.00 %: 50.00 % at the viewers"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.rules.Broken(c.schools, c.viewers); !slices.Equal(got, c.want) {
				t.Errorf("broken: %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheLimitIsWhoUsesTheMachine(t *testing.T) {
	const seconds = 10
	// A machine of two CPUs has 20 s of CPU time in these ten.
	machine := func(idle float64) usage.Machine { return usage.Machine{Busy: 2*seconds - idle, Idle: idle} }
	for _, c := range []struct {
		name  string
		spent Spent
		want  Limit
	}{
		{"CPU time is left over", Spent{Hub: usage.Time{User: 10}, Machine: machine(6)}, LimitNone},
		{"idle, but packets found no room", Spent{Hub: usage.Time{User: 10}, Machine: machine(6), Drops: 3}, LimitKernel},
		{"the load", Spent{Hub: usage.Time{User: 6}, Generator: usage.Time{User: 8, System: 5}, Machine: machine(0)}, LimitGenerator},
		{"the hub's code", Spent{Hub: usage.Time{User: 8, System: 4}, Generator: usage.Time{User: 7}, Machine: machine(0)}, LimitHub},
		{"the kernel for the hub", Spent{Hub: usage.Time{User: 4, System: 8}, Generator: usage.Time{User: 7}, Machine: machine(0)}, LimitKernel},
		{"somebody else", Spent{Hub: usage.Time{User: 4}, Generator: usage.Time{User: 3}, Machine: machine(0)}, LimitOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.spent.Limit(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestFiguresOfAStep(t *testing.T) {
	r := figure(Step{Cameras: 2, Schools: 9, Viewers: 1}, &measured{
		mediaBits: 800e6, rss: 120 << 20, rssBefore: 20 << 20,
		schools: &Seen{P99Ms: 500, GoodRatio: 1},
		spent:   Spent{Seconds: 10, Hub: usage.Time{User: 3, System: 1}, Machine: usage.Machine{Busy: 10, Idle: 10}},
	}, Rules{})
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"Mbit/s", *r.MbitPerSecond, 80},
		{"cores", *r.HubCores, 0.4},
		{"Mbit/s per core", *r.MbitPerCore, 200},
		{"share of the kernel", *r.HubSystemShare, 0.25},
		{"bytes a stream", *r.RSSPerStream, 100 << 20 / 20},
	} {
		if diff := c.got - c.want; diff > 1e-9 || diff < -1e-9 {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if len(r.Broken) != 1 || r.Limit != LimitNone {
		t.Errorf("broken %q, limit %s; want one rule and no limit", r.Broken, r.Limit)
	}
}

func TestAStepWithoutFiguresHasNone(t *testing.T) {
	r := figure(Step{Cameras: 1, Schools: 1}, &measured{}, Rules{})
	if r.MbitPerSecond != nil || r.HubCores != nil || r.MbitPerCore != nil || r.HubRSS != nil || r.RSSPerStream != nil {
		t.Errorf("figures from nothing: %+v", r)
	}
}

func TestRampsGoUpAndStopAtTheMost(t *testing.T) {
	ramps, err := Ramps([]int{1, 4}, []int{50, 1, 10, 10, 500}, []int{0, 2}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(ramps) != 4 {
		t.Fatalf("%d ramps, want one for each number of cameras and viewers", len(ramps))
	}
	want := Ramp{{1, 1, 0}, {1, 10, 0}, {1, 50, 0}}
	if !slices.Equal(ramps[0], want) {
		t.Errorf("ramp %v, want %v", ramps[0], want)
	}
	for _, c := range []struct {
		name                       string
		cameras, branches, viewers []int
		want                       string
	}{
		{"no camera", []int{0}, []int{1}, []int{1}, "--cameras: it is below 1"},
		{"no branch", []int{1}, []int{0}, []int{1}, "--branches: it is below 1"},
		{"less than no viewer", []int{1}, []int{1}, []int{-1}, "--viewers: it is below 0"},
		{"only steps above the most", []int{1}, []int{101}, []int{1}, "above --max-branches"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Ramps(c.cameras, c.branches, c.viewers, 100); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestCountsAreListsOfNumbers(t *testing.T) {
	got, err := ParseCounts("1, 10,50")
	if err != nil || !slices.Equal(got, []int{1, 10, 50}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "1,", "a", "1;2"} {
		if got, err := ParseCounts(bad); err == nil {
			t.Errorf("%q gives %v, want an error", bad, got)
		}
	}
}

func TestExtentsCountNumbersOnce(t *testing.T) {
	var e extent
	for _, seq := range []uint16{65534, 65535, 1, 0, 1, 2} {
		e.put(seq)
	}
	if got := e.take(); got != 4 { // 65535, 0, 1, 2
		t.Errorf("%d packets expected, want 4", got)
	}
	e.put(3)
	if got := e.take(); got != 1 {
		t.Errorf("%d packets since, want 1", got)
	}
}

func TestTalliesAddUp(t *testing.T) {
	var all tally
	if all.seen() != nil {
		t.Error("nothing was expected, and something seen")
	}
	all.add(&tally{expected: 100, good: 99, latencies: []time.Duration{30 * time.Millisecond}})
	all.add(&tally{expected: 100, good: 100, latencies: []time.Duration{10 * time.Millisecond}})
	if s := all.seen(); s.GoodRatio != 0.995 || s.P99Ms != 30 {
		t.Errorf("%+v, want 0.995 and 30 ms", s)
	}
}
