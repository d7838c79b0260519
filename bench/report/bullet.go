package report

import (
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/classrelay/classrelay/bench/scenario"
)

// bullet is a rule as a picture: the limit, the side that is wrong, a dot for each
// run. All in per cent of its width.
type bullet struct {
	Limit    float64
	BadFrom  float64
	BadWidth float64
	Dots     []dot
	Label    template.HTML
}

type dot struct {
	At   float64
	Seed uint64
	Bad  bool
	Off  bool // never, or beyond the end
	Gray bool // a run that does not count
}

// newBullet returns nil for a rule without a number.
func newBullet(rule *scenario.RuleReport, runs []scenario.Run) *bullet {
	if rule.Limit == nil {
		return nil
	}
	limit := *rule.Limit
	low, high := limit, limit
	for i := range runs {
		if v := figure(&runs[i], rule.Figure); !math.IsInf(v, 1) && runs[i].Failed == "" {
			low, high = min(low, v), max(high, v)
		}
	}
	least := strings.Contains(rule.Rule, ">")
	x := across(1)
	switch {
	case least && rule.Unit == "ratio":
		// What is between the limit and all takes half of the picture, so that 99.9 %
		// and 99.99 % are not the same.
		x.from, x.to = min(low, 1-2*(1-limit)), 1
		x.from = max(0, x.from)
	case least:
		x.to = high * 1.1
	default:
		x.to = max(min(high*1.05, limit*4), limit*1.5, unitStep(rule.Unit))
	}
	b := &bullet{
		Limit: inset(x.percent(limit)),
		Label: must("bullet.label", value(rule.Unit, rule.Limit), value(rule.Unit, rule.Worst)),
	}
	b.BadFrom, b.BadWidth = b.Limit, 100-b.Limit
	if least {
		b.BadFrom, b.BadWidth = 0, b.Limit
	}
	for i := range runs {
		run := &runs[i]
		v, ok := run.Figures[rule.Figure]
		if !ok || run.Failed != "" {
			continue
		}
		d := dot{At: inset(100), Seed: run.Seed, Off: v == nil, Gray: run.Interrupted}
		d.Bad = slices.Contains(rule.MissedBy, run.Seed)
		if v != nil {
			d.At, d.Off = inset(x.percent(*v)), *v > x.to
		}
		b.Dots = append(b.Dots, d)
	}
	return b
}

// inset keeps a dot at the end of the picture whole.
func inset(percent float64) float64 { return 5 + 0.9*percent }

// unitStep is the least a picture spans where the limit is zero.
func unitStep(unit string) float64 {
	return map[string]float64{"ratio": 0.01, "ms": 10, "count": 4}[unit]
}
