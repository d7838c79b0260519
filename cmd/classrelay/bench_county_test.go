package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/bench/county"
)

// A county of two schools from nothing: it is listed at the top, and plays its script to
// the end. How soon who has a picture is not asked here, where other tests run beside it.
func TestACountyOnOneMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds of real time")
	}
	t.Setenv(asProgram, "1") // the nodes are this test's program again
	dir := t.TempDir()
	out := filepath.Join(dir, "county.json")
	script := file(t, dir, "short.yaml", `
title: short
steps:
  - {main: school-1, limit: 20s}
  - {cut: school-2, for: 1s, limit: 20s}
  - {main: school-2, limit: 20s}
`)
	r := program(t, "", "bench", "county", "--schools", "2", "--script", script, "--json", out)
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("%v; %s", err, r.err)
	}
	var rep county.Report
	if err := json.Unmarshal(data, &rep); err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", rep)
	if rep.Schools != 2 || len(rep.Steps) != 3 || rep.ListedMs == 0 || rep.Healed+rep.Lost != 3 {
		t.Errorf("%+v", rep)
	}
	for _, s := range rep.Steps {
		for _, why := range s.Lost {
			if strings.Contains(why, "own room") {
				t.Errorf("%s: %s", s.Step, why)
			}
		}
	}
}

func TestACountyThatCannotBe(t *testing.T) {
	for name, args := range map[string][]string{
		"one school":            {"--schools", "1"},
		"a script that is none": {"--script", "nothing.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			if r := program(t, "", append([]string{"bench", "county"}, args...)...); r.status != statusUsage {
				t.Errorf("status %d: %s", r.status, r.err)
			}
		})
	}
}
