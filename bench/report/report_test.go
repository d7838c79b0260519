package report

import (
	"math"
	"time"

	"github.com/classrelay/classrelay/bench/scenario"
)

// hostile is a text that would run, or break out of what it stands in.
const hostile = `</style></script><script>alert("1")</script>" onload='x' =1+1 ` + "\x01"

// sample is a bench in which most things happen: two seeds, one that missed, a stall,
// a switch, values that never came.
func sample() *scenario.Report {
	nan := math.NaN()
	timeline := func() *scenario.Timeline {
		return &scenario.Timeline{
			StepMs: 200, P50: scenario.Column{nan, 30, 31, nan, 700}, P99: scenario.Column{nan, 40, 41, nan, 1500},
			Max: scenario.Column{nan, 40, 41, nan, 1500}, Late: scenario.Column{nan, 0, 0, 0, 5},
			Missing: scenario.Column{nan, 0, 0, 5, 0}, Lost: scenario.Column{0, 0.02, 0, 0.5, nan},
			Rate: scenario.Column{0, 4e6, 4e6, 0, 5e5}, Overhead: scenario.Column{nan, 0.02, 0.02, 0, 0},
			Layers:   []scenario.LayerSpan{{FromMs: 200, ForMs: 500, Layer: "main"}, {FromMs: 700, ForMs: 300, Layer: "sub"}},
			Stalls:   []scenario.Stall{{FromMs: 600, ForMs: 300, Causes: []scenario.Cause{scenario.CauseOutage, "new"}}},
			Switches: []scenario.Switch{{AtMs: 650, From: "hub", To: hostile, Rule: "blackout", Why: hostile}},
			CDF:      scenario.CDF{Ms: scenario.Column{30, 31, 700}, Share: scenario.Column{0.3, 0.6, 0.8}},
		}
	}
	run := func(seed uint64, p99 float64) scenario.Run {
		return scenario.Run{
			Seed: seed, Seconds: 20, Timeline: timeline(),
			Figures: map[string]*float64{
				"p50": new(30.0), "p99": new(p99), "max": new(1500.0), "good_in_time": new(0.8), "longest_stall": new(300.0),
				"broken_frames": new(0.0), "back_on_main": nil, "emulator_late_p99": new(0.5),
			},
			Hops: []scenario.Hop{
				{From: "hub", To: "branch", Packets: 100, Lost: 5, Restored: 4, Missing: 1, P50Ms: new(29.0), RTTMinMs: new(20.0)},
			},
		}
	}
	return &scenario.Report{
		Schema: scenario.Schema, Bench: "run", Verdict: scenario.Missed,
		Environment: scenario.Environment{
			Version: "v1", Command: []string{"classrelay", "bench", "run", hostile}, Started: time.Unix(1_800_000_000, 0).UTC(),
		},
		Scenarios: []scenario.ResultReport{{
			Name: "line", Title: hostile, Seconds: 20, DeadlineMs: 300, Seeds: 2, Verdict: scenario.Missed,
			Plan: &scenario.Plan{
				Lines:    []scenario.PlanLine{{Down: scenario.PlanWay{Rate: 20e6, DelayMs: 30, Loss: 0.02, Burst: 5}}},
				Outages:  []scenario.PlanSpan{{FromMs: 550, ForMs: 200}},
				Capacity: []scenario.PlanCapacity{{AtMs: 0, Rate: 20e6}, {AtMs: 400, Rate: 3e6}},
				Beside:   []scenario.PlanBulk{{Congestion: hostile, Flows: 2, FromMs: 1500}, {Flows: 1, ToMs: new(4000.0)}},
			},
			Rules: []scenario.RuleReport{
				{
					Rule: "p99 <= 100ms", Figure: "p99", Unit: "ms", Limit: new(100.0), Median: new(90.0), Worst: new(110.0),
					MissedBy: []uint64{2},
				},
				{
					Rule: "back_on_main <= 8s", Figure: "back_on_main", Unit: "ms", Limit: new(8000.0), MissedBy: []uint64{1, 2},
				},
				{
					Rule: "good_in_time >= 70%", Figure: "good_in_time", Unit: "ratio", Limit: new(0.7), Median: new(0.8),
					Worst: new(0.8), Met: true,
				},
			},
			Runs: []scenario.Run{run(1, 90), run(2, 110)},
		}},
	}
}

// interrupted is a bench that was ended early: one run that does not count, one that
// could not be played, one scenario never begun.
func interrupted() *scenario.Report {
	r := sample()
	r.Verdict, r.Interrupted = scenario.Incomplete, true
	s := &r.Scenarios[0]
	s.Verdict = scenario.Incomplete
	for i := range s.Rules {
		s.Rules[i] = scenario.RuleReport{Rule: s.Rules[i].Rule, Figure: s.Rules[i].Figure, Unit: s.Rules[i].Unit, Limit: new(1.0)}
	}
	s.Runs[0].Interrupted, s.Runs[0].Late = true, true
	s.Runs[1] = scenario.Run{Seed: 2, Figures: map[string]*float64{}, Failed: "=no port " + hostile}
	r.Scenarios = append(r.Scenarios, scenario.ResultReport{
		Name: "never", Seeds: 2, DeadlineMs: 300, Verdict: scenario.Incomplete, Rules: s.Rules[:1],
	})
	return r
}

// empty is a bench that was ended before anything began.
func empty() *scenario.Report {
	return &scenario.Report{Schema: scenario.Schema, Bench: "run", Verdict: scenario.Incomplete, Interrupted: true}
}

// busy is the sample on a machine that was too slow, twice.
func busy() *scenario.Report {
	r := sample()
	for i := range r.Scenarios[0].Runs {
		r.Scenarios[0].Runs[i].Late, r.Scenarios[0].Runs[i].Repeated = true, i == 1
	}
	return r
}

// bare has runs of an older version, without what pictures are made of.
func bare() *scenario.Report {
	r := sample()
	r.Scenarios[0].Plan = nil
	for i := range r.Scenarios[0].Runs {
		r.Scenarios[0].Runs[i].Timeline, r.Scenarios[0].Runs[i].Hops = nil, nil
	}
	return r
}

func cases() map[string]*scenario.Report {
	return map[string]*scenario.Report{
		"a bench with everything": sample(), "one that was interrupted": interrupted(), "nothing at all": empty(),
		"a machine that was too busy": busy(), "no timelines": bare(),
	}
}
