package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestBenchSoakExitStatus(t *testing.T) {
	bad := write(t, "bad.yaml", "title: x\nfor: 1s\nlinse: []\n")
	tests := []struct {
		name   string
		args   []string
		status int
		want   string // in the complaint
	}{
		{"no time", []string{"--hours", "0"}, 3, "--hours: it is not above 0"},
		{"too much time", []string{"--hours", "200"}, 3, "--hours: it is not above 0 and at most 168"},
		{"two times", []string{"--hours", "1", "--for", "90s"}, 3, "exclude each other"},
		{"no time at all", []string{"--for", "0s"}, 3, "--for: it is below a second"},
		{"a moment", []string{"--for", "1ms"}, 3, "--for: it is below a second"},
		{"a window of a moment", []string{"--window", "1ms"}, 3, "--window: it is below a second"},
		{"an unknown scenario", []string{"--scenario", "fda"}, 3, `no such scenario: "fda"`},
		{"a bad scenario file", []string{"--scenario", bad}, 3, `bad.yaml:3: unknown field "linse"`},
		{"a scenario in virtual time", []string{"--virtual", "--scenario", "fade"}, 3, "--scenario: the virtual line"},
		{"a bad rule", []string{"--rule", "rss <= 1MB/h"}, 3, `--rule: rule "rss <= 1MB/h": no figure "rss"`},
		{"too short a day", []string{"--virtual", "--for", "1m", "--window", "10s"}, 2, "too short to tell: latency_p50_slope"},
		{
			"a rule that is missed",
			[]string{"--virtual", "--for", "30s", "--window", "10s", "--rule", "p50 <= 1ms"},
			1, "a rule was missed: p50 <= 1ms",
		},
		{
			"a short day with a rule for it",
			[]string{"--virtual", "--for", "30s", "--window", "10s", "--rule", "broken_frames == 0"},
			0, "0s  in time",
		},
		{
			"a result that cannot be written",
			[]string{"--virtual", "--for", "10s", "--window", "5s", "--rule", "broken_frames == 0", "--json", bad + "/x"},
			2, "write result",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := program(t, "", append([]string{"bench", "soak"}, tt.args...)...)
			if r.status != tt.status || !strings.Contains(r.err, tt.want) {
				t.Errorf("exit status %d, want %d; it says\n%s\nwant %q", r.status, tt.status, r.err, tt.want)
			}
		})
	}
}

func TestBenchSoakInRealTimeLeavesNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes ten seconds")
	}
	r := program(t, "", "bench", "soak", "--for", "6s", "--window", "2s", "--json", "-",
		"--rule", "goroutines_left == 0", "--rule", "fds_left == 0", "--rule", "broken_frames == 0")
	var got struct {
		Schema  int
		Bench   string
		Verdict string
		Rules   []struct{ Rule, Outcome string }
		Windows []struct {
			Frames     int
			Goroutines *float64
		}
	}
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatalf("standard output is not the result alone: %v\n%s", err, r.out)
	}
	if r.status != 0 || got.Schema != 1 || got.Bench != "soak" || got.Verdict != "pass" || len(got.Rules) != 3 {
		t.Errorf("exit status %d, %+v\n%s", r.status, got, r.err)
	}
	if len(got.Windows) == 0 || got.Windows[0].Goroutines == nil {
		t.Errorf("windows %+v", got.Windows)
	}
}
