package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/classrelay/classrelay/bench/scenario"
)

// csvHeader are the columns of WriteCSV. Columns are added at the end, never moved.
var csvHeader = []string{ //nolint:gochecknoglobals // a lookup table
	"schema", "scenario", "seed", "figure", "unit", "value", "rule", "met",
	"emulator_late", "repeated", "interrupted", "failed",
}

// WriteCSV writes a row per run and figure (RFC 4180): ratios are 0 to 1, times in
// ms. The value is empty for a time that never came; rule and met are empty where no
// rule is about the figure, met also in a run that does not count. A run without
// figures has one row, which says why.
func WriteCSV(w io.Writer, r *scenario.Report) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader); err != nil {
		return err
	}
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		for j := range s.Runs {
			if err := out.WriteAll(csvRows(r.Schema, s, &s.Runs[j])); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func csvRows(schema int, s *scenario.ResultReport, run *scenario.Run) (rows [][]string) {
	row := func(figure, unit, value, rule, met string) {
		rows = append(rows, []string{
			strconv.Itoa(schema), harmless(s.Name), strconv.FormatUint(run.Seed, 10), figure, unit, value, rule, met,
			strconv.FormatBool(run.Late), strconv.FormatBool(run.Repeated), strconv.FormatBool(run.Interrupted),
			harmless(run.Failed),
		})
	}
	for _, f := range scenario.Figures() {
		v, ok := run.Figures[f.Name]
		if !ok {
			continue
		}
		value := ""
		if v != nil {
			value = strconv.FormatFloat(*v, 'f', -1, 64)
		}
		rule, met := ruleAbout(s, f.Name, run)
		row(f.Name, f.Kind.Unit(), value, rule, met)
	}
	if len(rows) == 0 {
		row("", "", "", "", "")
	}
	return rows
}

// ruleAbout is the first rule about a figure, and whether the run keeps it.
func ruleAbout(s *scenario.ResultReport, name string, run *scenario.Run) (rule, met string) {
	i := slices.IndexFunc(s.Rules, func(r scenario.RuleReport) bool { return r.Figure == name })
	if i < 0 {
		return "", ""
	}
	if run.Interrupted || run.Failed != "" {
		return s.Rules[i].Rule, ""
	}
	return s.Rules[i].Rule, strconv.FormatBool(!slices.Contains(s.Rules[i].MissedBy, run.Seed))
}

// harmless keeps a name that somebody has chosen from being a formula in a
// spreadsheet, which takes what begins with one of these for one.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
