package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/bench/fit"
	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/selftest"
)

// quick is a scenario of two seconds whose only rule is about a figure.
func quick(t *testing.T, rule string) string {
	t.Helper()
	return write(t, "quick.yaml", "for: 2s\ncamera: {clip: true}\nlines: [{both: {delay: 1ms}}]\nrules: ["+rule+"]\n")
}

func TestBenchExitStatus(t *testing.T) {
	bad := write(t, "bad.yaml", "title: x\nfor: 1s\nlinse: []\n")
	tests := []struct {
		name   string
		args   []string
		status int
		want   string // in the output, or in the complaint
	}{
		{"the list", []string{"run", "--list"}, 0, "good_in_300ms >= 99.8%"},
		{"the list of one", []string{"run", "--list", "fade"}, 0, "back_on_main <= 8s"},
		{"an unknown bench", []string{"rnu"}, 3, `unknown command "rnu" for "classrelay bench"`},
		{"a line to nowhere", []string{"line", "fade", "--to", "hub"}, 3, "--to: address hub: missing port"},
		{
			"a name that no namespace can have",
			[]string{"compare", "--peer", "direct-rtsp-tcp", "--name", "a b"},
			3, `--name: name "a b": small letters`,
		},
		{"no scenario", []string{"run"}, 3, "which scenario?"},
		{"an unknown scenario", []string{"run", "fda"}, 3, `no such scenario: "fda"; shipped are`},
		{"a bad scenario file", []string{"run", bad}, 3, `bad.yaml:3: unknown field "linse"`},
		{"a file that is not there", []string{"run", "no.yaml"}, 3, "no such file"},
		{"all and some", []string{"run", "--all", "fade"}, 3, "exclude each other"},
		{"no seed", []string{"run", "fade", "--seeds", "0"}, 3, "--seeds"},
		{"no time", []string{"run", "fade", "--for", "1ms"}, 3, "--for: it is below a second"},
		{"a rule that nobody decodes for", []string{"run", quick(t, "wrong_pictures == 0")}, 3, "which needs --decode"},
		{"the list with decoding", []string{"run", "--list", "--decode", "clean"}, 0, "wrong_pictures == 0"},
		{"no frames", []string{"recovery", "--frames", "0"}, 3, "--frames: it is below 1"},
		{"too few frames for the targets", []string{"recovery", "--frames", "1"}, 1, "a target was missed: "},
		{"no situation", []string{"fit", "--cell", "nonesuch"}, 3, `no situation has "nonesuch" in its name`},
		{"no seed for a situation", []string{"fit", "--seeds", "0"}, 3, "--seeds: it is below 1"},
		{"too few packets for a verdict", []string{"selftest", "--packets", "10"}, 3, "--packets: it is below 100000"},
		{"no time for a selftest", []string{"selftest", "--for", "0s"}, 3, "--for: it is below a second"},
		{"a situation that holds", []string{"fit", "--cell", "T12 1 feed on 100", "--seeds", "1"}, 0, "1 met"},
		{
			"a result that cannot be written",
			[]string{"fit", "--cell", "T12 1 feed on 100", "--seeds", "1", "--json", bad + "/x"},
			2, "write result",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := program(t, "", append([]string{"bench"}, tt.args...)...)
			where := r.out
			if tt.status != 0 {
				where = r.err
			}
			if r.status != tt.status || !strings.Contains(where, tt.want) {
				t.Errorf("exit status %d, want %d; it says\n%s\nwant %q", r.status, tt.status, where, tt.want)
			}
		})
	}
}

func TestBenchRunJudgesWhatItHasRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes five seconds")
	}
	r := program(t, "", "bench", "run", quick(t, "broken_frames == 0"), "--seeds", "1", "--json", "-")
	if r.status != 0 {
		t.Fatalf("exit status %d: %s", r.status, r.err)
	}
	var got struct {
		Schema      int
		Verdict     scenario.Verdict
		Environment scenario.Environment
		Scenarios   []struct{ Runs []scenario.Run }
	}
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatalf("standard output is not the result alone: %v\n%s", err, r.out)
	}
	if got.Schema != 1 || got.Verdict != scenario.Pass || len(got.Scenarios[0].Runs) != 1 {
		t.Errorf("result %+v", got)
	}
	if line := strings.Join(got.Environment.Command, " "); !strings.HasPrefix(line, "classrelay bench run ") {
		t.Errorf("command line %q", line)
	}
	if !strings.Contains(r.err, "quick seed 1") || !strings.Contains(r.err, "1 of 1 rules met by every seed: pass") {
		t.Errorf("on the terminal:\n%s", r.err)
	}
	r = program(t, "", "bench", "run", quick(t, "p50 <= 0ms"), "--seeds", "1")
	if r.status != 1 || !strings.Contains(r.err, "a rule was missed: quick, p50 <= 0ms") || !strings.Contains(r.out, "MISSED by seed 1") {
		t.Errorf("a rule nobody can keep: %d\n%s\n%s", r.status, r.out, r.err)
	}
}

func TestBenchInVirtualTimeHasValidJSON(t *testing.T) {
	r := program(t, "", "bench", "recovery", "--frames", "200", "--json", "-")
	var recovered benchReport[recoveryRow]
	if err := json.Unmarshal([]byte(r.out), &recovered); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	if recovered.Schema != 1 || recovered.Bench != "recovery" || len(recovered.Rows) != 3*13 || recovered.Rows[0].Met == nil {
		t.Errorf("recovery: %+v", recovered)
	}
	path := write(t, "fit.json", "")
	if r := program(t, "", "bench", "fit", "--cell", "issue outage", "--seeds", "1", "--json", path); r.status != 0 {
		t.Fatalf("%d %s", r.status, r.err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var fitted benchReport[fitRow]
	if err := json.Unmarshal(data, &fitted); err != nil {
		t.Fatal(err)
	}
	if len(fitted.Rows) != 1 || fitted.Rows[0].Figures["main %"].Median == nil || fitted.Verdict != scenario.Pass {
		t.Errorf("fit: %+v", fitted)
	}
}

func TestBenchSelftestHasValidJSON(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes ten seconds")
	}
	r := program(t, "", "bench", "selftest", "--packets", "100000", "--for", "1s", "--json", "-")
	var got benchReport[selftest.Row]
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	parts := make(map[string]int)
	for i := range got.Rows {
		row := &got.Rows[i]
		parts[row.Part]++
		// How late packets left in real time is the machine's affair.
		if row.Part == "virtual" && row.Missed() {
			t.Errorf("%s: %s, limit %s", row.Name, row.Text(), row.Limit())
		}
	}
	if got.Schema != 1 || parts["virtual"] != 16 || parts["relay"] != 5 || parts["truth"] != 3 || parts["router"] < 2 {
		t.Errorf("rows %v", parts)
	}
	if !strings.Contains(r.err, "Gilbert-Elliott") {
		t.Errorf("no table on the terminal:\n%s", r.err)
	}
}

func TestFiguresThatNeverCameAreNull(t *testing.T) {
	row := fit.Row{Cell: fit.Cell{Marks: []fit.Mark{{Figure: fit.Back, Most: true, Limit: 8}}}, Seeds: 1}
	for f := range row.Values {
		row.Values[f] = []float64{math.Inf(1)}
	}
	got := newFitRow(&row)
	if got.Marks[0].Met || got.Marks[0].Value != nil || len(got.Missed) != 1 {
		t.Errorf("%+v", got)
	}
	var out bytes.Buffer
	if err := writeJSON(got)(&out); err != nil {
		t.Error(err)
	}
}

func TestAnInterruptedBenchIsNoPass(t *testing.T) {
	for _, c := range []struct {
		met, all bool
		want     scenario.Verdict
		status   int
	}{
		{true, true, scenario.Pass, 0},
		{true, false, scenario.Incomplete, 2},
		{false, false, scenario.Missed, 1},
	} {
		var rep benchReport[fitRow]
		rep.judge(c.met, c.all)
		status := 0
		if err := rep.exit("x"); err != nil {
			status = statusCannot
			if f, ok := errors.AsType[*failure](err); ok {
				status = f.status
			}
		}
		if rep.Verdict != c.want || status != c.status || rep.Rows == nil {
			t.Errorf("%+v: %s, exit status %d", c, rep.Verdict, status)
		}
	}
}
