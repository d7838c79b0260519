package report

import (
	"html/template"
	"math"

	"github.com/classrelay/classrelay/bench/scenario"
)

// overview is the first picture: every scenario's latency against the deadline.
type overview struct {
	Ticks    []tick
	Deadline float64 // per cent
	Limit    template.HTML
	Rows     []overviewRow
}

type overviewRow struct {
	*scenario.ResultReport
	Index      int     // of its section
	From, To   float64 // the bar, p50 to p99, per cent
	Max        float64
	Beyond     bool // the slowest frame is beyond the picture
	Nothing    bool // no run with a picture
	Late       bool // p99 is past the deadline
	Numbers    template.HTML
	Good       template.HTML
	Stall      template.HTML
	Met, Rules int
}

func newOverview(r *scenario.Report) overview {
	const most = 2.5 // deadlines; what is slower lies on the edge
	longest := usualDeadline * 1.2
	worst := make([]*scenario.Run, len(r.Scenarios))
	for i := range r.Scenarios {
		worst[i] = slowest(&r.Scenarios[i])
		if worst[i] != nil {
			if v := figure(worst[i], "max"); !math.IsInf(v, 1) {
				longest = max(longest, v*1.05)
			}
		}
	}
	x := across(min(longest, most*usualDeadline))
	o := overview{
		Ticks:    x.ticks(6, func(v float64) string { return short(v, 0) }),
		Deadline: x.percent(usualDeadline), Limit: value("ms", scenario.Number(usualDeadline)),
	}
	for i := range r.Scenarios {
		o.Rows = append(o.Rows, newOverviewRow(&r.Scenarios[i], i, worst[i], x))
	}
	return o
}

// slowest is the run with the highest p99 among those that count or, without one,
// among all with figures.
func slowest(r *scenario.ResultReport) (found *scenario.Run) {
	for _, all := range []bool{false, true} {
		for i := range r.Runs {
			run := &r.Runs[i]
			if run.Failed != "" || run.Interrupted && !all {
				continue
			}
			if found == nil || figure(run, "p99") > figure(found, "p99") {
				found = run
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

func newOverviewRow(r *scenario.ResultReport, index int, worst *scenario.Run, x scale) overviewRow {
	row := overviewRow{ResultReport: r, Index: index, Rules: len(r.Rules), Nothing: true, Good: "–", Stall: "–"}
	for _, rule := range r.Rules {
		if rule.Met {
			row.Met++
		}
	}
	if worst == nil {
		return row
	}
	row.Good = value("ratio", scenario.Number(overRuns(r, "good_in_time", true)))
	row.Stall = value("ms", scenario.Number(overRuns(r, "longest_stall", false)))
	p50, p99, slow := figure(worst, "p50"), figure(worst, "p99"), figure(worst, "max")
	if math.IsInf(p99, 1) {
		row.Numbers = must("never")
		return row
	}
	row.Nothing = false
	row.From, row.To, row.Max = x.percent(p50), x.percent(p99), x.percent(slow)
	row.Beyond, row.Late = slow > x.to, p99 > r.DeadlineMs
	row.Numbers = template.HTML(number("ms", p50) + " – " + number("ms", p99)) //nolint:gosec // numbers
	return row
}

// overRuns is the lowest or the highest of a figure over runs.
func overRuns(r *scenario.ResultReport, name string, lowest bool) float64 {
	worst := math.NaN()
	for i := range r.Runs {
		v := figure(&r.Runs[i], name)
		switch {
		case r.Runs[i].Failed != "":
		case math.IsNaN(worst), lowest && v < worst, !lowest && v > worst:
			worst = v
		}
	}
	return worst
}
