package scenario

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule is a limit on one figure.
type Rule struct {
	figure figure
	op     string // one of ops
	limit  float64
	text   string
}

// ops are the comparisons, those first that others begin with.
var ops = []string{"<=", ">=", "==", "<", ">"} //nolint:gochecknoglobals // a lookup table

// ParseRule reads "FIGURE OPERATOR LIMIT", as in "p99 <= 130ms",
// "good_in_300ms >= 99.9 %" or "broken_frames == 0". The limit has the unit of the
// figure: a time with its unit, a percentage, or a plain number.
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
	v, err := f.kind.parse(limit)
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", s, err)
	}
	return Rule{figure: f, op: op, limit: v, text: strings.Join([]string{name, op, limit}, " ")}, nil
}

// parse reads a limit of the kind.
func (k kind) parse(s string) (float64, error) {
	switch k {
	case length:
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%q is not a time: write it like 130ms or 8s", s)
		}
		return millis(d), nil
	case ratio:
		return parseShare(s)
	default:
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%q is not a count: write it like 0 or 3", s)
		}
		return float64(n), nil
	}
}

// parseShare reads a percentage as a share.
func parseShare(s string) (float64, error) {
	number, ok := strings.CutSuffix(s, "%")
	// Read as a share at once: 99.9 divided by 100 is a little above 0.999.
	v, err := strconv.ParseFloat(strings.TrimSpace(number)+"e-2", 64)
	if !ok || err != nil || !(v >= 0 && v <= 10) { // false for NaN too
		return 0, fmt.Errorf("%q is not a percentage: write it like 99.9%%", s)
	}
	return v, nil
}

// String is the rule as it was written.
func (r Rule) String() string { return r.text }

// Met tells whether a value keeps the rule.
func (r Rule) Met(v float64) bool {
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

// worst is the value that is farthest on the wrong side.
func (r Rule) worst(values []float64) float64 {
	switch r.op[0] {
	case '<':
		return slices.Max(values)
	case '>':
		return slices.Min(values)
	}
	return slices.MaxFunc(values, func(a, b float64) int {
		return cmp.Compare(math.Abs(a-r.limit), math.Abs(b-r.limit))
	})
}

// median of an even number is the worse one of the two in the middle, so that it
// is always a value that was seen.
func (r Rule) median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := (len(sorted) - 1) / 2
	if r.op[0] != '>' {
		middle = len(sorted) / 2
	}
	return sorted[middle]
}
