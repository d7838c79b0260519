package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/bench/capacity"
)

func TestBenchCapacityArguments(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no list", []string{"--branches", "many"}, `--branches: "many" is not a list of numbers`},
		{"no camera", []string{"--cameras", "0"}, "--cameras: it is below 1"},
		{"only too many branches", []string{"--branches", "500", "--max-branches", "100"}, "above --max-branches"},
		{"no time", []string{"--for", "10ms"}, "--for: it is below a second"},
		{"no time to send", []string{"--send-for", "1ms"}, "--send-for: it is below 100 ms"},
		{"no round", []string{"--rounds", "0"}, "--rounds and --connections"},
		{"a share above all", []string{"--good", "1.5"}, "--good: it is a share"},
		{"no time for packets", []string{"--p99", "0s"}, "--p99: it is not above 0"},
		{"a rate of nothing", []string{"--rate", "0"}, "--rate: it is not within"},
		{"an unknown way to send", []string{"--send", "pigeon"}, `--send: there is no way to send called "pigeon"`},
		{"neither table", []string{"--egress", "--ramp"}, "egress ramp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := program(t, "", append([]string{"bench", "capacity"}, tt.args...)...)
			if r.status != statusUsage || !strings.Contains(r.err, tt.want) {
				t.Errorf("exit status %d, want 3; it says\n%s\nwant %q", r.status, r.err, tt.want)
			}
		})
	}
}

func TestBenchCapacityThatWasInterruptedIsNoPass(t *testing.T) {
	err := capacityVerdict(&capacity.Report{Interrupted: true})
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("%v", err)
	}
}

// TestBenchCapacityRuns plays both parts as small as they get. How fast anything is
// does not matter here, and neither does the verdict.
func TestBenchCapacityRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some ten seconds, in real time")
	}
	t.Setenv(asProgram, "1") // for the processes that the bench starts
	file := filepath.Join(t.TempDir(), "capacity.json")
	r := program(t, "", "bench", "capacity", "--send-for", "200ms", "--rounds", "1", "--connections", "2",
		"--branches", "1,2", "--for", "1s", "--rate", "1", "--p99", "1m", "--good", "0.000001", "--json", file)
	if r.status != statusOK && r.status != statusFailed {
		t.Fatalf("exit status %d; it says\n%s", r.status, r.err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report capacity.Report
	if err := json.Unmarshal(b, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Egress) != 5 || len(report.Steps) != 2 {
		t.Fatalf("%d ways to send and %d steps, want 5 and 2:\n%s", len(report.Egress), len(report.Steps), b)
	}
	for _, row := range report.Egress {
		if row.MbitPerCore == nil || row.MbitPerCore.Median <= 0 {
			t.Errorf("%s: no figure: %s", row.Title, row.Failed)
		}
	}
	for _, s := range report.Steps {
		if s.MbitPerSecond == nil || *s.MbitPerSecond <= 0 || s.Schools == nil || s.Viewers == nil {
			t.Errorf("step without figures: %+v", s)
		}
	}
}
