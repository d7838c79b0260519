// Package rule is the grammar of verdicts: a limit on one figure of a run, as in
// "p99 <= 130ms", "good_in_300ms >= 99.9 %" or "rss_slope <= 1MB/h".
//
// A bench names its Figures, each with the Kind of number it is; the kind knows the
// unit, how a limit is written and how a value is written for people.
package rule

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Figure is a number of a run that a rule can name.
type Figure struct {
	Name string
	Kind Kind
	Help string // in a few words
}

// Of is a figure, short to write in a table of many.
func Of(name string, k Kind, help string) Figure { return Figure{Name: name, Kind: k, Help: help} }

// Names are those of the figures, in their order.
func Names(figures []Figure) (names []string) {
	for _, f := range figures {
		names = append(names, f.Name)
	}
	return names
}

// Help tells what rules can name, a line each.
func Help(figures []Figure) string {
	var b strings.Builder
	for _, f := range figures {
		fmt.Fprintf(&b, "  %-18s %-6s %s\n", f.Name, f.Kind.Unit(), f.Help)
	}
	return b.String()
}

// Find returns the figure with a name.
func Find(figures []Figure, name string) (Figure, bool) {
	i := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == name })
	if i < 0 {
		return Figure{}, false
	}
	return figures[i], true
}

// Rule is a limit on one figure. The zero value is none; make one with Parse.
type Rule struct {
	Figure Figure
	Limit  float64 // in the unit of the figure's kind
	op     string  // one of ops
	text   string
}

// ops are the comparisons, those first that others begin with.
var ops = []string{"<=", ">=", "==", "<", ">"} //nolint:gochecknoglobals // a lookup table

// Parse reads "FIGURE OPERATOR LIMIT" about one of the figures. The limit has the
// unit of the figure. The error says what is wrong and how to write it.
func Parse(s string, figures []Figure) (Rule, error) {
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
	f, ok := Find(figures, name)
	if !ok {
		return Rule{}, fmt.Errorf("rule %q: no figure %q (%s)", s, name, strings.Join(Names(figures), ", "))
	}
	v, err := f.Kind.Parse(limit)
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", s, err)
	}
	return Rule{Figure: f, op: op, Limit: v, text: strings.Join([]string{name, op, limit}, " ")}, nil
}

// String is the rule as it was written.
func (r Rule) String() string { return r.text }

// Exact tells whether only one value keeps the rule.
func (r Rule) Exact() bool { return r.op == "==" }

// Met tells whether a value keeps the rule.
func (r Rule) Met(v float64) bool {
	switch r.op {
	case "<=":
		return v <= r.Limit
	case ">=":
		return v >= r.Limit
	case "<":
		return v < r.Limit
	case ">":
		return v > r.Limit
	}
	return v == r.Limit
}

// Worst is the value that is farthest on the wrong side. At least one is wanted.
func (r Rule) Worst(values []float64) float64 {
	switch r.op[0] {
	case '<':
		return slices.Max(values)
	case '>':
		return slices.Min(values)
	}
	return slices.MaxFunc(values, func(a, b float64) int {
		return cmp.Compare(math.Abs(a-r.Limit), math.Abs(b-r.Limit))
	})
}

// Median of an even number is the worse one of the two in the middle, so that it
// is always a value that was seen. At least one is wanted.
func (r Rule) Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := (len(sorted) - 1) / 2
	if r.op[0] != '>' {
		middle = len(sorted) / 2
	}
	return sorted[middle]
}
