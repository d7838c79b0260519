package listing

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Spread is how a time is spread over several tries, in milliseconds.
type Spread struct {
	Median  float64 `json:"median"`
	P95     float64 `json:"p95"`
	Highest float64 `json:"highest"`
}

// Result is what was measured. Times are in milliseconds.
type Result struct {
	Schools int `json:"schools"`
	Streams int `json:"streams"`
	// Connected is when the last school had its link, from the first dial on; Listed when
	// the second hub machine knew all feeds, ListedAbove when the level above did.
	Connected   float64 `json:"connected_ms"`
	Listed      float64 `json:"listed_ms"`
	ListedAbove float64 `json:"listed_above_ms"`
	// Turned is how many attempts came to nothing, because the hub lets in only so many a
	// second.
	Turned int `json:"turned_away"`
	// Memory is the hub's resident size in MB, CPU what it takes of one core at rest, in
	// per cent.
	Memory float64 `json:"hub_memory_mb"`
	CPU    float64 `json:"hub_cpu_percent"`
	// New is the time until a new feed is known at the second hub machine, NewAbove at the
	// level above; Asked is a school's question where a feed is.
	New      Spread `json:"new_ms"`
	NewAbove Spread `json:"new_above_ms"`
	Asked    Spread `json:"asked_ms"`
}

// Rules are what a result is held against.
type Rules struct {
	Listed float64 // ms: most until all is listed above
	Memory float64 // MB: most for the hub
	CPU    float64 // per cent of a core: most for the hub at rest
	New    float64 // ms: most for 95 of 100 new feeds, at the level above
}

// Defaults are for 500 schools with four feeds each on two cores that run the schools,
// too. A hub begins 100 handshakes a second there, so that they take three seconds, and
// five more if one gets no answer; the others are twice what was measured.
func Defaults() Rules { return Rules{Listed: 9000, Memory: 1000, CPU: 60, New: 500} }

// Missed lists the rules that a result breaks, in words with the figures.
func (k Rules) Missed(r *Result) (missed []string) {
	for _, c := range []struct {
		name       string
		got, limit float64
	}{
		{"all listed above, ms", r.ListedAbove, k.Listed},
		{"memory of the hub, MB", r.Memory, k.Memory},
		{"CPU of the hub at rest, % of a core", r.CPU, k.CPU},
		{"a new feed seen above (p95), ms", r.NewAbove.P95, k.New},
	} {
		if c.got > c.limit {
			missed = append(missed, fmt.Sprintf("%s: %.1f, at most %.0f", c.name, c.got, c.limit))
		}
	}
	return missed
}

// Print writes the result as a table.
func (r *Result) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { _, _ = fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	row("schools, feeds", "%d, %d", r.Schools, r.Schools*r.Streams)
	row("all schools connected", "%.0f ms, after %d attempts that were turned away", r.Connected, r.Turned)
	row("all feeds listed at the second hub", "%.0f ms", r.Listed)
	row("all feeds listed at the level above", "%.0f ms", r.ListedAbove)
	row("memory of the hub", "%.0f MB", r.Memory)
	row("CPU of the hub at rest", "%.1f %% of a core", r.CPU)
	for _, s := range []struct {
		name string
		v    Spread
	}{
		{"a new feed is known at the second hub", r.New},
		{"a new feed is known at the level above", r.NewAbove},
		{"a school is told where a feed is", r.Asked},
	} {
		row(s.name, "%.1f ms (95 of 100: %.1f, highest %.1f)", s.v.Median, s.v.P95, s.v.Highest)
	}
	return t.Flush()
}
