package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/classrelay/classrelay/bench/scenario"
)

func TestBenchDirectoryArguments(t *testing.T) {
	for _, args := range [][]string{{"--schools", "0"}, {"--streams", "101"}, {"--for", "1ms"}, {"--news", "0"}} {
		if r := program(t, "", append([]string{"bench", "directory"}, args...)...); r.status != statusUsage {
			t.Errorf("%v: exit status %d", args, r.status)
		}
	}
}

func TestBenchDirectoryRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds, in real time")
	}
	t.Setenv(asProgram, "1") // for the hub that the bench starts
	file := filepath.Join(t.TempDir(), "directory.json")
	r := program(t, "", "bench", "directory", "--schools", "6", "--streams", "2", "--for", "1s", "--news", "3",
		"--listed", "120000", "--cpu", "200", "--new", "20000", "--json", file)
	if r.status != statusOK {
		t.Fatalf("exit status %d; it says\n%s", r.status, r.err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rep benchReport[directoryRow]
	if err := json.Unmarshal(b, &rep); err != nil {
		t.Fatal(err)
	}
	if rep.Verdict != scenario.Pass || len(rep.Rows) != 1 || rep.Rows[0].ListedAbove <= 0 || rep.Rows[0].Memory <= 0 {
		t.Errorf("%s", b)
	}
}
