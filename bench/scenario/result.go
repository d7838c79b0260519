package scenario

import "math"

// Result is one scenario with all its seeds.
type Result struct {
	scenario *Scenario

	Seeds int // asked for
	Runs  []Run
	// Discarded are first tries whose emulator was late.
	Discarded []Run
	Rules     []RuleResult
	Verdict   Verdict
}

// Verdict is what came out.
type Verdict string

// The verdicts.
const (
	Pass Verdict = "pass"
	// Missed: a rule was not met by every seed.
	Missed Verdict = "missed"
	// Incomplete: what has been run keeps the rules, but not all could be run.
	Incomplete Verdict = "incomplete"
)

// RuleResult is one rule over all seeds that count.
type RuleResult struct {
	rule Rule

	Median, Worst float64  // never = +Inf; NaN when no run counts
	MissedBy      []uint64 // seeds
}

// judge applies the rules to the runs that count.
func (r *Result) judge() {
	counting := 0
	for i := range r.Runs {
		if r.Runs[i].counts() {
			counting++
		}
	}
	r.Verdict = Pass
	if counting < r.Seeds {
		r.Verdict = Incomplete
	}
	for _, rule := range r.scenario.Rules {
		res := judgeRule(rule, r.Runs)
		if len(res.MissedBy) > 0 {
			r.Verdict = Missed
		}
		r.Rules = append(r.Rules, res)
	}
}

func judgeRule(rule Rule, runs []Run) RuleResult {
	res := RuleResult{rule: rule, Median: math.NaN(), Worst: math.NaN()}
	var values []float64
	for i := range runs {
		if !runs[i].counts() {
			continue
		}
		v := runs[i].value(rule.Figure.Name)
		values = append(values, v)
		if !rule.Met(v) {
			res.MissedBy = append(res.MissedBy, runs[i].Seed)
		}
	}
	if len(values) > 0 {
		res.Median, res.Worst = rule.Median(values), rule.Worst(values)
	}
	return res
}

// Overall is the verdict over several results: one that missed decides, then one
// that is incomplete.
func Overall(results []Result) Verdict {
	all := Pass
	for i := range results {
		switch results[i].Verdict {
		case Missed:
			return Missed
		case Incomplete:
			all = Incomplete
		case Pass:
		}
	}
	return all
}
