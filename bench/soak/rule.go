package soak

import (
	"fmt"
	"slices"
	"time"

	"github.com/classrelay/classrelay/bench/rule"
)

// Rule is a limit on one figure, in the grammar of scenarios, as in
// "rss_slope <= 1MB/h" or "good_in_300ms >= 99 %".
type Rule struct {
	rule.Rule
	figure figure
}

// ParseRule reads a rule. Its error says what is wrong and how to write it.
func ParseRule(s string) (Rule, error) {
	r, err := rule.Parse(s, named())
	if err != nil {
		return Rule{}, err
	}
	i := slices.IndexFunc(figures, func(f figure) bool { return f.Name == r.Figure.Name })
	if f := figures[i]; f.series == nil || !r.Exact() {
		return Rule{r, f}, nil
	}
	return Rule{}, fmt.Errorf("rule %q: a slope is never known exactly; use <=", s)
}

// Outcome is what became of a rule.
type Outcome string

// The outcomes.
const (
	Met     Outcome = "met"
	Missed  Outcome = "missed"
	Unclear Outcome = "unclear" // too short a run to tell, or nothing was measured
)

// leastSpan is how long a slope has to be watched, the warm-up apart, to be judged
// at all: below it the ups and downs of a garbage collector look like slopes.
const leastSpan = 10 * time.Minute

// judgeSlope says what the interval allows to say.
func (r Rule) judgeSlope(s *Slope) Outcome {
	low, high := r.Met(s.Low), r.Met(s.High)
	switch {
	case s.Span < leastSpan:
		return Unclear
	case low && high:
		return Met
	case !low && !high:
		return Missed
	}
	return Unclear
}
