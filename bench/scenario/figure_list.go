package scenario

import (
	"slices"

	"github.com/classrelay/classrelay/bench/rule"
)

// Figures returns every figure, in the order in which they are shown.
func Figures() []rule.Figure { return slices.Clone(figures) }

// Missed returns the rules that a run does not keep, as they were written; none when
// the run does not count.
func (s *Scenario) Missed(r *Run) (missed []string) {
	for _, limit := range s.Rules {
		if r.counts() && !limit.Met(r.value(limit.Figure.Name)) {
			missed = append(missed, limit.String())
		}
	}
	return missed
}

// Text writes a figure of the run for people: never for a time that did not come, -
// for a figure that the run does not have.
func (r *Run) Text(name string) string {
	f, ok := rule.Find(figures, name)
	if _, has := r.Figures[name]; !ok || !has {
		return "-"
	}
	return f.Kind.Text(r.value(name))
}
