package capacity

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/classrelay/classrelay/bench/capacity/egress"
	"github.com/classrelay/classrelay/bench/scenario"
)

// Schema names the JSON's form; it changes when a field changes its meaning.
const Schema = "classrelay/bench-capacity/1"

// Report is all that the bench has to say, for machines.
type Report struct {
	Schema      string               `json:"schema"`
	Environment scenario.Environment `json:"environment"`
	Interrupted bool                 `json:"interrupted"`
	Egress      []egress.Row         `json:"egress"`
	EgressTurns []egress.Turn        `json:"egress_turns"`
	Steps       []Result             `json:"steps"`
}

// Write writes the report as JSON. Lists that are not there are empty, not null.
func (r *Report) Write(w io.Writer) error {
	out := *r
	out.Schema = Schema
	out.Egress = notNull(r.Egress)
	out.EgressTurns = notNull(r.EgressTurns)
	out.Steps = notNull(r.Steps)
	for i := range out.Steps {
		out.Steps[i].Broken = notNull(out.Steps[i].Broken)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(&out)
}

func notNull[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Missed says which rule broke first, and where; empty when all were kept. The QUIC
// rule is that of the sending: at least as much per core as plain UDP.
func (r *Report) Missed() string {
	for i := range r.Egress {
		row := &r.Egress[i]
		if row.Mode == egress.QUIC && row.OfUDP != nil && row.OfUDP.Median < leastOfUDP {
			return fmt.Sprintf("quic_per_core >= udp_per_core: %.2f of it", row.OfUDP.Median)
		}
	}
	for i := range r.Steps {
		if s := &r.Steps[i]; len(s.Broken) > 0 {
			return s.verdict()
		}
	}
	return ""
}

// leastOfUDP is the target: what batches save pays for the cipher and the rest.
const leastOfUDP = 1

// Cannot says what could not be run; empty when everything could.
func (r *Report) Cannot() string {
	for i := range r.Egress {
		if row := &r.Egress[i]; row.MbitPerCore == nil {
			return row.Title + ": " + row.Failed
		}
	}
	for i := range r.Steps {
		if s := &r.Steps[i]; s.Failed != "" {
			return s.verdict()
		}
	}
	return ""
}

// WriteTable writes the steps for people.
func WriteTable(w io.Writer, results []Result) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(tab, "cameras\tbranches\tviewers\tMbit/s out\thub, % of a core\tMbit/s per core"+
		"\thub RSS, MB\tKB a stream\tp99, ms\tgood, %\tlimit\t")
	for i := range results {
		r := &results[i]
		_, _ = fmt.Fprintf(tab, "%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.Cameras, r.Step.Schools,
			r.Step.Viewers, number(r.MbitPerSecond, 1, "%.1f"), number(r.HubCores, 100, "%.1f"),
			number(r.MbitPerCore, 1, "%.0f"), megabytes(r.HubRSS), number(r.RSSPerStream, 1.0/1024, "%.0f"),
			seenOf(r, "%.0f", func(s *Seen) float64 { return s.P99Ms }),
			seenOf(r, "%.2f", func(s *Seen) float64 { return 100 * s.GoodRatio }), r.Limit)
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	for i := range results {
		if line := results[i].verdict(); line != "" {
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// Line is a step in one line, for who waits.
func (r *Result) Line() string {
	return fmt.Sprintf("%d cameras, %d branches, %d viewers: %s Mbit/s, hub %s %% of a core, p99 %s ms, good %s %%",
		r.Cameras, r.Step.Schools, r.Step.Viewers, number(r.MbitPerSecond, 1, "%.1f"), number(r.HubCores, 100, "%.1f"),
		seenOf(r, "%.0f", func(s *Seen) float64 { return s.P99Ms }),
		seenOf(r, "%.2f", func(s *Seen) float64 { return 100 * s.GoodRatio }))
}

// verdict says what broke at a step; empty when nothing did.
func (r *Result) verdict() string {
	where := fmt.Sprintf("%d cameras, %d branches, %d viewers", r.Cameras, r.Step.Schools, r.Step.Viewers)
	switch {
	case r.Failed != "":
		return where + ": could not be played: " + r.Failed
	case len(r.Broken) > 0:
		return where + ": " + strings.Join(r.Broken, "; ") + "; the limit: " + string(r.Limit) + r.Spent.shares()
	}
	return ""
}

// shares says who used the CPUs.
func (s *Spent) shares() string {
	if s.Seconds <= 0 {
		return ""
	}
	return fmt.Sprintf(" (hub %.0f %% of a core, %.0f in the kernel; generator %.0f; idle %.0f %% of %d CPUs; "+
		"%d packets dropped by the kernel)", 100*s.hubCores(), 100*s.Hub.System/s.Seconds,
		100*s.Generator.Total()/s.Seconds, 100*s.Machine.IdleShare(), s.CPUs, s.Drops)
}

func number(v *float64, by float64, format string) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf(format, *v*by)
}

func megabytes(v *int) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f", float64(*v)/(1<<20))
}

// seenOf is "branches/viewers".
func seenOf(r *Result, format string, f func(*Seen) float64) string {
	var parts []string
	for _, s := range []*Seen{r.Schools, r.Viewers} {
		if s == nil {
			parts = append(parts, "–")
			continue
		}
		parts = append(parts, fmt.Sprintf(format, f(s)))
	}
	return strings.Join(parts, "/")
}
