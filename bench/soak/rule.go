package soak

import (
	"fmt"
	"strings"
	"time"
)

// Rule is a limit on one figure, in the grammar of scenarios: "FIGURE OPERATOR
// LIMIT", as in "rss_slope <= 1MB/h" or "good_in_300ms >= 99 %".
type Rule struct {
	figure figure
	op     string // one of ops
	limit  float64
	text   string
}

// ops are the comparisons, those first that others begin with.
var ops = []string{"<=", ">=", "==", "<", ">"} //nolint:gochecknoglobals // a lookup table

// ParseRule reads a rule. Its error says what is wrong and how to write it.
func ParseRule(s string) (Rule, error) {
	at, op := -1, ""
	for _, o := range ops {
		if i := strings.Index(s, o); i >= 0 && at < 0 {
			at, op = i, o
		}
	}
	if at < 0 {
		return Rule{}, fmt.Errorf("rule %q: no comparison in it (%s)", s, strings.Join(ops, ", "))
	}
	name, limit := strings.TrimSpace(s[:at]), strings.TrimSpace(s[at+len(op):])
	f, ok := findFigure(name)
	if !ok {
		return Rule{}, fmt.Errorf("rule %q: no figure %q (%s)", s, name, strings.Join(figureNames(), ", "))
	}
	if f.series != nil && op[0] == '=' {
		return Rule{}, fmt.Errorf("rule %q: a slope is never known exactly; use <=", s)
	}
	v, err := f.kind.parse(limit)
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", s, err)
	}
	return Rule{figure: f, op: op, limit: v, text: strings.Join([]string{name, op, limit}, " ")}, nil
}

// String is the rule as it was written.
func (r Rule) String() string { return r.text }

// keeps tells whether one value keeps the rule.
func (r Rule) keeps(v float64) bool {
	switch r.op {
	case "<=":
		return v <= r.limit
	case ">=":
		return v >= r.limit
	case "<":
		return v < r.limit
	case ">":
		return v > r.limit
	}
	return v == r.limit
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
	low, high := r.keeps(s.Low), r.keeps(s.High)
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
