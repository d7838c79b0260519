package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/viewer"
)

func TestWhereAResultCannotGo(t *testing.T) {
	folder := t.TempDir()
	plain := write(t, "plain.txt", "not JSON")
	tests := []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{
			"two forms to standard output",
			[]string{"run", "fade", "--csv", "-", "--html", "-"},
			3,
			"--csv and --html: both go to standard output; give one of them a file",
		},
		{"lines and a form to standard output", []string{"run", "fade", "--json-stream", "--json", "-"}, 3, "--json-stream and --json"},
		{"two forms to one file", []string{"run", "fade", "--json", "x", "--junit", "x"}, 3, "--json and --junit: both go to x"},
		{"a folder instead of a file", []string{"run", "fade", "--html", folder}, 2, "write result: --html"},
		{"a folder that is not there", []string{"run", "fade", "--junit", folder + "/no/x.xml"}, 2, "write result: --junit"},
		{"a result drawn as nothing", []string{"report", plain}, 3, "as what? Say --html, --csv or --junit"},
		{"what is no result", []string{"report", plain, "--html", "-"}, 3, "not a result of bench run"},
		{"a result that is not there", []string{"report", "no.json", "--html", "-"}, 3, "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := program(t, "", append([]string{"bench"}, tt.args...)...)
			if r.status != tt.status || !strings.Contains(r.err, tt.want) {
				t.Errorf("exit status %d, want %d; it says\n%s\nwant %q", r.status, tt.status, r.err, tt.want)
			}
		})
	}
	if left, err := filepath.Glob(folder + "/*"); err != nil || len(left) != 0 {
		t.Errorf("it left %v behind", left)
	}
}

func TestOneRunInEveryForm(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes three seconds")
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	r := program(t, "", "bench", "run", quick(t, "broken_frames == 0"), "--seeds", "1", "--json-stream", "--json", file("r.json"),
		"--csv", file("r.csv"), "--junit", file("r.xml"), "--html", file("r.html"))
	if r.status != 0 {
		t.Fatalf("exit status %d: %s", r.status, r.err)
	}
	var types []string
	for line := range strings.SplitSeq(strings.TrimSuffix(r.out, "\n"), "\n") {
		var v struct {
			Schema int
			Type   string
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Schema != 1 {
			t.Fatalf("%v: %s", err, line)
		}
		types = append(types, v.Type)
	}
	if types[0] != "start" || types[len(types)-1] != "verdict" || types[1] != "second" {
		t.Errorf("lines %v", types)
	}
	if !strings.Contains(r.err, "1 of 1 rules met by every seed: pass") {
		t.Errorf("on the terminal:\n%s", r.err)
	}
	var rep scenario.Report
	data, err := os.ReadFile(file("r.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &rep); err != nil {
		t.Fatal(err)
	}
	run := &rep.Scenarios[0].Runs[0]
	if run.Timeline == nil || len(run.Timeline.CDF.Ms) == 0 || len(run.Timeline.Layers) == 0 || len(run.Hops) != 1 {
		t.Errorf("there is nothing to draw: %+v", run.Timeline)
	}
	suites, err := os.ReadFile(file("r.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(suites, new(struct{})); err != nil {
		t.Error(err)
	}
	// Drawn again from the JSON it is the same page.
	if r := program(t, "", "bench", "report", file("r.json"), "--html", file("again.html")); r.status != 0 {
		t.Fatalf("exit status %d: %s", r.status, r.err)
	}
	first, err := os.ReadFile(file("r.html"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(file("again.html"))
	if err != nil || len(first) < 10_000 {
		t.Fatalf("%v, %d bytes", err, len(first))
	}
	if at := differ(first, again); at >= 0 {
		t.Errorf("drawn again it differs: %.120q became %.120q", first[at:], again[at:])
	}
}

// differ is where two pages begin to differ, a little before; -1: nowhere.
func differ(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	return max(0, min(at-40, len(a), len(b)))
}

// terminalRows plays what a live view writes on a screen, and returns its rows.
func terminalRows(written string) (rows []string) {
	rows = []string{""}
	for written != "" {
		var up int
		switch {
		case strings.HasPrefix(written, "\x1b["):
			body := written[2:]
			end := strings.IndexAny(body, "AJ")
			for _, d := range body[:end] {
				up = up*10 + int(d-'0')
			}
			rows = rows[:max(1, len(rows)-up)]
			rows[len(rows)-1] = ""
			written = body[end+1:]
		case written[0] == '\n':
			rows, written = append(rows, ""), written[1:]
		default:
			end := strings.IndexAny(written, "\x1b\n")
			rows[len(rows)-1] += written[:end]
			written = written[end:]
		}
	}
	return rows[:len(rows)-1]
}

func TestALiveViewKeepsFinishedRunsAndRedrawsTheRest(t *testing.T) {
	all, err := scenario.Find([]string{"fade"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	l := newBenchLive(&b, all, 3, time.Now())
	l.width = func() int { return 100 }
	second := scenario.Second{Scenario: "fade", Seed: 1, Of: time.Minute}
	l.second(second)
	if rows := terminalRows(b.String()); len(rows) != 2 || !strings.HasSuffix(rows[0], "no picture yet") {
		t.Fatalf("before the first picture: %q", rows)
	}
	second.At = 30 * time.Second
	second.View = viewer.Snapshot{Layer: "main", Good: 25, Latency: viewer.Percentiles{P50: 33, P99: 98}}
	for range 200 {
		l.second(second)
	}
	rows := terminalRows(b.String())
	if len(rows) != 3 || !strings.Contains(rows[0], "[██████████··········]  30/60 s") || !strings.Contains(rows[0], "p99 98 ms") {
		t.Fatalf("in the middle: %q", rows)
	}
	v := 98.0
	l.done(all[0], &scenario.Run{Seed: 1, Figures: map[string]*float64{"p99": &v}})
	rows = terminalRows(b.String())
	if len(rows) != 3 || !strings.Contains(rows[0], "scenario") || !strings.HasPrefix(rows[1], "✗ fade") ||
		!strings.Contains(rows[2], "1 of 3 runs") {
		t.Fatalf("when a run is over: %q", rows)
	}
	for _, row := range rows {
		if n := len([]rune(row)); n >= 100 {
			t.Errorf("a row of %d columns wraps: %q", n, row)
		}
	}
	l.done(all[0], &scenario.Run{Seed: 2, Late: true})
	if rows := terminalRows(b.String()); !strings.Contains(rows[len(rows)-1], "2 of 4 runs") {
		t.Errorf("a run that will be repeated: %q", rows)
	}
	l.end()
	if rows := terminalRows(b.String()); len(rows) != 3 || strings.Contains(rows[2], "runs") {
		t.Errorf("at the end: %q", rows)
	}
}
