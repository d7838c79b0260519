package soak

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/classrelay/classrelay/bench/rule"
	"github.com/classrelay/classrelay/bench/scenario"
)

// Report is a soak as it is written down.
type Report struct {
	Environment scenario.Environment
	Virtual     bool
	Scenario    string
	Seed        uint64
	Asked       time.Duration // how long it was to run
	Log         *Log
	Judged      []Judged
}

// The report as JSON, of the schema of all benches. What was never measured is null.
type (
	reportJSON struct {
		Schema      int                  `json:"schema"`
		Bench       string               `json:"bench"`
		Environment scenario.Environment `json:"environment"`
		Interrupted bool                 `json:"interrupted"`
		Verdict     scenario.Verdict     `json:"verdict"`
		Virtual     bool                 `json:"virtual"`
		Scenario    string               `json:"scenario"`
		Seed        uint64               `json:"seed"`
		Asked       float64              `json:"asked_s"`
		Seconds     float64              `json:"seconds"`
		Rules       []ruleJSON           `json:"rules"`
		Faults      []string             `json:"faults"`
		Left        []string             `json:"goroutines_left_by"`
		Before      Process              `json:"process_before"`
		After       Process              `json:"process_after"`
		Windows     []Window             `json:"windows"`
	}
	ruleJSON struct {
		Rule    string     `json:"rule"`
		Figure  string     `json:"figure"`
		Unit    string     `json:"unit"`
		Limit   float64    `json:"limit"`
		Value   *float64   `json:"value"`
		Outcome Outcome    `json:"outcome"`
		Slope   *slopeJSON `json:"slope,omitempty"`
	}
	slopeJSON struct {
		Low    *float64 `json:"low"` // 95 % interval; null = unbounded
		High   *float64 `json:"high"`
		Noise  *float64 `json:"noise"`
		Points int      `json:"points"`
		Span   float64  `json:"span_s"`
	}
)

// Verdict sums up the rules.
func (r *Report) Verdict() scenario.Verdict { return r.Log.Verdict(r.Judged) }

// WriteJSON writes the report.
func (r *Report) WriteJSON(w io.Writer) error {
	out := reportJSON{
		Schema: scenario.Schema, Bench: "soak", Environment: r.Environment, Interrupted: r.Log.Interrupted,
		Verdict: r.Verdict(), Virtual: r.Virtual, Scenario: r.Scenario, Seed: r.Seed,
		Asked: r.Asked.Seconds(), Seconds: r.seconds(), Rules: []ruleJSON{},
		Faults: append([]string{}, r.Log.Faults...), Left: append([]string{}, r.Log.Left...),
		Before: r.Log.Before, After: r.Log.After,
		Windows: append([]Window{}, r.Log.Windows...),
	}
	for i := range r.Judged {
		out.Rules = append(out.Rules, r.Judged[i].json())
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // rules have < in them
	return enc.Encode(out)
}

func (j *Judged) json() ruleJSON {
	f := j.Rule.figure
	out := ruleJSON{
		Rule: j.Rule.String(), Figure: f.Name, Unit: f.Kind.Unit(), Limit: j.Rule.Limit,
		Value: scenario.Number(j.Value), Outcome: j.Outcome,
	}
	if f.series != nil {
		out.Slope = &slopeJSON{
			Low: scenario.Number(j.Slope.Low), High: scenario.Number(j.Slope.High),
			Noise: scenario.Number(j.Slope.Noise), Points: j.Slope.Points, Span: j.Slope.Span.Seconds(),
		}
	}
	return out
}

// value is what was measured, for people.
func (j *Judged) value() string {
	if math.IsNaN(j.Value) || math.IsInf(j.Value, 0) {
		return "unknown"
	}
	return j.Rule.figure.Kind.Text(j.Value)
}

// seconds is how long it was watched.
func (r *Report) seconds() float64 {
	if len(r.Log.Windows) == 0 {
		return 0
	}
	return r.Log.Windows[len(r.Log.Windows)-1].At
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "rule\tvalue\t95 % interval\tnoise\tverdict")
	for i := range r.Judged {
		j := &r.Judged[i]
		low, noise := "", ""
		if j.Rule.figure.series != nil {
			low, noise = j.interval(), j.noise()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", j.Rule, j.value(), low, noise, j.words())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, what := range r.Log.Faults {
		fmt.Fprintf(w, "fault at %s\n", what)
	}
	for _, who := range r.Log.Left {
		fmt.Fprintf(w, "goroutines left: %s\n", who)
	}
	_, err := fmt.Fprintln(w, "\n"+r.sumUp())
	return err
}

func (j *Judged) interval() string {
	if math.IsInf(j.Slope.Low, 0) || math.IsInf(j.Slope.High, 0) {
		return "unknown"
	}
	return fmt.Sprintf("%.2f to %.2f", j.Slope.Low, j.Slope.High)
}

func (j *Judged) noise() string {
	if math.IsNaN(j.Slope.Noise) {
		return "-"
	}
	return fmt.Sprintf("%.2f", j.Slope.Noise)
}

func (j *Judged) words() string {
	switch {
	case j.Outcome == Missed:
		return "MISSED"
	case j.Outcome == Met:
		return "met"
	case math.IsNaN(j.Value):
		return "not measured"
	}
	return "too short to tell"
}

// sumUp is the last line.
func (r *Report) sumUp() string {
	met := 0
	for i := range r.Judged {
		if r.Judged[i].Outcome == Met {
			met++
		}
	}
	note := ""
	if r.Log.Interrupted {
		note = " (interrupted)"
	}
	length := (time.Duration(r.seconds()) * time.Second).String()
	return fmt.Sprintf("%s of %s%s: %d of %d rules met: %s", length, r.Scenario, note, met, len(r.Judged), r.Verdict())
}

// FirstMissed names the first rule that was missed; empty when none was.
func (r *Report) FirstMissed() string { return r.first(Missed) }

// FirstUnclear names the first rule that could not be judged; empty when all could.
func (r *Report) FirstUnclear() string { return r.first(Unclear) }

func (r *Report) first(o Outcome) string {
	for i := range r.Judged {
		if j := &r.Judged[i]; j.Outcome == o {
			return fmt.Sprintf("%s: it is %s", j.Rule, j.value())
		}
	}
	return ""
}

// Line is a window for people who watch.
func (w *Window) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%8s  in time %s", time.Duration(w.At)*time.Second, ratioText(w.InTime, w.Frames))
	value := func(name string, v *float64, format string) {
		if v == nil {
			fmt.Fprintf(&b, "  %s -", name)
			return
		}
		fmt.Fprintf(&b, "  %s "+format, name, *v)
	}
	value("p50", w.P50, "%.0f")
	value("p99", w.P99, "%.0f ms")
	fmt.Fprintf(&b, "  stall %.0f ms  viewers %d", w.LongestStall, w.Viewers)
	value("rss", w.RSS, "%.1f MB")
	value("heap", w.Heap, "%.2f MB")
	value("goroutines", w.Goroutines, "%.0f")
	value("fds", w.Descriptors, "%.0f")
	return b.String()
}

func ratioText(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	return rule.Ratio.Text(float64(part) / float64(whole))
}
