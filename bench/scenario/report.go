package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/classrelay/classrelay/bench/rule"
)

// Schema is the version of the JSON. Fields are added under the same number,
// never renamed and never given another meaning.
const Schema = 1

// Report is a bench as machines read it, and what package report draws. A number
// that is none is null.
type Report struct {
	Schema      int            `json:"schema"`
	Bench       string         `json:"bench"`
	Environment Environment    `json:"environment"`
	Interrupted bool           `json:"interrupted"`
	Verdict     Verdict        `json:"verdict"`
	Scenarios   []ResultReport `json:"scenarios"`
}

// ResultReport is one scenario with all its seeds.
type ResultReport struct {
	Name       string       `json:"name"`
	Title      string       `json:"title"`
	Seconds    float64      `json:"seconds"`
	DeadlineMs float64      `json:"deadline_ms"`
	Seeds      int          `json:"seeds"`
	Verdict    Verdict      `json:"verdict"`
	Plan       *Plan        `json:"plan"`
	Rules      []RuleReport `json:"rules"`
	Runs       []Run        `json:"runs"`
	Discarded  []Run        `json:"discarded"` // first tries whose emulator was late
}

// RuleReport is one rule over all seeds that count.
type RuleReport struct {
	Rule   string   `json:"rule"`
	Figure string   `json:"figure"`
	Unit   string   `json:"unit"` // ratio, ms or count
	Limit  *float64 `json:"limit"`
	Median *float64 `json:"median"`
	Worst  *float64 `json:"worst"`
	// Met is false and MissedBy is empty when no run counts.
	Met      bool     `json:"met"`
	MissedBy []uint64 `json:"missed_by_seeds"`
}

// NewReport collects the results of a bench.
func NewReport(env Environment, results []Result, interrupted bool) *Report {
	rep := &Report{
		Schema: Schema, Bench: "run", Environment: env, Interrupted: interrupted,
		Verdict: Overall(results), Scenarios: []ResultReport{},
	}
	for i := range results {
		rep.Scenarios = append(rep.Scenarios, results[i].report())
	}
	return rep
}

// WriteJSON writes the report. Lists of numbers stand on one line each.
func (r *Report) WriteJSON(w io.Writer) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // rules have < in them
	if err := enc.Encode(r); err != nil {
		return err
	}
	_, err := w.Write(onOneLine(b.Bytes()))
	return err
}

func (r *Result) report() ResultReport {
	s := ResultReport{
		Name: r.scenario.Name, Title: r.scenario.Title, Seconds: r.scenario.For.Seconds(),
		DeadlineMs: millis(r.scenario.Deadline), Seeds: r.Seeds, Verdict: r.Verdict, Plan: r.scenario.plan(),
		Rules: []RuleReport{}, Runs: append([]Run{}, r.Runs...),
		Discarded: append([]Run{}, r.Discarded...),
	}
	for _, rule := range r.Rules {
		s.Rules = append(s.Rules, RuleReport{
			Rule: rule.rule.String(), Figure: rule.rule.Figure.Name, Unit: rule.rule.Figure.Kind.Unit(),
			Limit: Number(rule.rule.Limit), Median: Number(rule.Median), Worst: Number(rule.Worst),
			Met: rule.met(), MissedBy: append([]uint64{}, rule.MissedBy...),
		})
	}
	return s
}

// met is false for a rule that no run counts for.
func (r *RuleResult) met() bool { return len(r.MissedBy) == 0 && !math.IsNaN(r.Worst) }

// Number is a number as JSON can have it: nil, which is null, for what is none.
func Number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// WriteTable writes the results for people: a row for each rule, then what is to be
// said about single runs.
func WriteTable(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "scenario\trule\tmedian\tworst\tverdict")
	for i := range results {
		name := results[i].scenario.Name
		for _, rule := range results[i].Rules {
			k := rule.rule.Figure.Kind
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", name, rule.rule, cell(k, rule.Median), cell(k, rule.Worst), rule.words())
			name = "" // once is enough
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i := range results {
		for j := range results[i].Runs {
			if note := results[i].Runs[j].note(); note != "" {
				fmt.Fprintf(w, "%s, seed %d: %s\n", results[i].scenario.Name, results[i].Runs[j].Seed, note)
			}
		}
	}
	_, err := fmt.Fprintln(w, sumUp(results))
	return err
}

// cell is a value in the table; nothing where no run counts.
func cell(k rule.Kind, v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return k.Text(v)
}

func (r *RuleResult) words() string {
	switch {
	case math.IsNaN(r.Worst):
		return "not run"
	case len(r.MissedBy) == 0:
		return "met"
	}
	seeds := strings.Trim(fmt.Sprint(r.MissedBy), "[]")
	return "MISSED by seed " + strings.ReplaceAll(seeds, " ", ", ")
}

// note is what has to be said about a run beside its figures.
func (r *Run) note() string {
	switch {
	case r.Failed != "":
		return "could not run: " + r.Failed
	case r.Interrupted:
		return fmt.Sprintf("interrupted after %.0f s and not counted: %s good, p99 %s",
			r.Seconds, rule.Ratio.Text(r.Viewer.GoodIn300msRatio), rule.Time.Text(r.value("p99")))
	case r.Late:
		again := ""
		if r.Repeated {
			again = ", when repeated as well"
		}
		return fmt.Sprintf("the emulator was late by %s at p99 and lost %.0f packets itself%s: "+
			"this machine is too busy, the figures mean little",
			rule.Time.Text(r.value("emulator_late_p99")), r.value("emulator_overrun"), again)
	case r.Repeated:
		return "the emulator was late the first time; these are the figures of the second"
	}
	return ""
}

// sumUp is the last line.
func sumUp(results []Result) string {
	met, all := 0, 0
	for i := range results {
		for _, rule := range results[i].Rules {
			all++
			if rule.met() {
				met++
			}
		}
	}
	return fmt.Sprintf("\n%d of %d rules met by every seed: %s", met, all, Overall(results))
}

// FirstMissed names the first rule that was missed, with its scenario and the worst
// value; empty when none was.
func FirstMissed(results []Result) string {
	for i := range results {
		for _, r := range results[i].Rules {
			if len(r.MissedBy) > 0 {
				return fmt.Sprintf("%s, %s: it is %s", results[i].scenario.Name, r.rule, r.rule.Figure.Kind.Text(r.Worst))
			}
		}
	}
	return ""
}
