package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/viewer"
)

// goFiles are this package's own, tests apart.
func goFiles(t *testing.T) (files []string) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || name == "words.go" {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, string(data))
	}
	words, err := os.ReadFile("words.go")
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(words), "var words")
	return append(files, before)
}

// rows reads a report as a spreadsheet would.
func rows(t *testing.T, r *scenario.Report) []map[string]string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteCSV(&b, r); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for _, line := range lines[1:] {
		row := make(map[string]string)
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		all = append(all, row)
	}
	return all
}

func TestTheTableHasARowPerRunAndFigure(t *testing.T) {
	got := make(map[string]map[string]string)
	for _, row := range rows(t, sample()) {
		got[row["seed"]+" "+row["figure"]] = row
	}
	if len(got) != 16 {
		t.Errorf("%d rows, want 2 runs with 8 figures", len(got))
	}
	if r := got["2 p99"]; r["value"] != "110" || r["unit"] != "ms" || r["rule"] != "p99 <= 100ms" || r["met"] != "false" {
		t.Errorf("%v", r)
	}
	if r := got["1 p99"]; r["met"] != "true" {
		t.Errorf("%v", r)
	}
	if r := got["1 back_on_main"]; r["value"] != "" || r["met"] != "false" {
		t.Errorf("a time that never came: %v", r)
	}
	if r := got["1 p50"]; r["rule"] != "" || r["met"] != "" {
		t.Errorf("a figure without a rule: %v", r)
	}
}

func TestTheTableOfAnInterruptedBench(t *testing.T) {
	all := rows(t, interrupted())
	last := all[len(all)-1]
	if last["figure"] != "" || !strings.HasPrefix(last["failed"], "'=no port") {
		t.Errorf("a run without figures: %v", last)
	}
	if all[0]["interrupted"] != "true" || all[0]["met"] != "" {
		t.Errorf("a run that does not count: %v", all[0])
	}
	if n := len(rows(t, empty())); n != 0 {
		t.Errorf("%d rows of nothing", n)
	}
}

// suites reads a report as CI would.
func suites(t *testing.T, r *scenario.Report) junitReport {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	var got junitReport
	dec := xml.NewDecoder(&b)
	dec.Strict = true
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCISeesACasePerRule(t *testing.T) {
	got := suites(t, sample())
	if got.Tests != 4 || got.Failures != 2 || got.Errors != 0 || got.Skipped != 0 {
		t.Errorf("%d tests, %d failures, %d errors, %d skipped", got.Tests, got.Failures, got.Errors, got.Skipped)
	}
	c := got.Suites[0].Cases
	if c[0].Name != "p99 <= 100ms" || c[0].Failure == nil || !strings.Contains(c[0].Failure.Text, "missed by seed 2") {
		t.Errorf("%+v", c[0])
	}
	if c[1].Failure == nil || !strings.Contains(c[1].Failure.Message, "never") {
		t.Errorf("a time that never came: %+v", c[1].Failure)
	}
	if c[2].Failure != nil || c[3].Error != nil {
		t.Errorf("what is well: %+v %+v", c[2].Failure, c[3].Error)
	}
	if p := got.Suites[0].Properties[0]; !strings.HasPrefix(p.Value, "</style></script>") {
		t.Errorf("the title is %q", p.Value)
	}
}

func TestCISeesThatNotAllWasRun(t *testing.T) {
	got := suites(t, interrupted())
	if got.Errors != 2 || got.Failures != 0 || got.Skipped != 4 {
		t.Errorf("%d errors, %d failures, %d skipped", got.Errors, got.Failures, got.Skipped)
	}
	if n := len(suites(t, empty()).Suites); n != 0 {
		t.Errorf("%d suites of nothing", n)
	}
}

func TestEachLineOfTheStreamIsAValueOfItsOwn(t *testing.T) {
	var b bytes.Buffer
	s := NewStream(&b)
	r := interrupted()
	s.Start(&r.Environment, []*scenario.Scenario{{Name: "a\nb"}}, 2)
	s.Second(&scenario.Second{Scenario: "a\nb", Seed: 1})
	s.Second(&scenario.Second{Scenario: "a\nb", Seed: 1, View: viewer.Snapshot{
		Layer: "main", Good: 25, Latency: viewer.Percentiles{P50: 30}, Whole: viewer.Report{FramesExpected: 25, GoodIn300msRatio: 1},
	}})
	s.Run("a\nb", &sample().Scenarios[0].Runs[0])
	s.Verdict(r)
	var types []string
	for line := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\n"), "\n") {
		var v struct {
			Schema  int
			Type    string
			Latency *viewer.Percentiles `json:"latency_ms"`
			Good    *float64            `json:"good_in_time"`
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Schema != scenario.Schema {
			t.Fatalf("%v: %s", err, line)
		}
		if v.Type == "second" {
			v.Type += map[bool]string{true: " null", false: " seen"}[v.Latency == nil && v.Good == nil]
		}
		types = append(types, v.Type)
	}
	if got := strings.Join(types, ","); got != "start,second null,second seen,run,verdict" {
		t.Errorf("lines %s", got)
	}
}

var errFull = errors.New("no space left")

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAFullDiskIsAnError(t *testing.T) {
	s := NewStream(full{})
	s.Verdict(sample())
	for name, err := range map[string]error{
		"lines": s.Err(), "html": WriteHTML(full{}, sample()), "csv": WriteCSV(full{}, sample()),
		"junit": WriteJUnit(full{}, sample()), "json": sample().WriteJSON(full{}),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
