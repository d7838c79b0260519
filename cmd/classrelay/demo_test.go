package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/internal/freeport"
)

func TestDemoRunsTheWholeChainOnRealSockets(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes five seconds")
	}
	r := program(t, "", "demo", "--link", "clean", "--for", "3s", "--rtsp", freeport.Address(), "--json", "-")
	if r.status != 0 {
		t.Fatalf("exit status %d: %s", r.status, r.err)
	}
	dec := json.NewDecoder(strings.NewReader(r.out))
	dec.DisallowUnknownFields()
	var got demoResult
	if err := dec.Decode(&got); err != nil {
		t.Fatalf("standard output is not the result alone: %v\n%s", err, r.out)
	}
	// How many come in time is the machine's affair as well; that they come and
	// are whole is ours: the line loses nothing.
	if got.FramesExpected < 25 || got.FramesGood == 0 || got.Broken != 0 {
		t.Errorf("%d expected, %d good, %d broken", got.FramesExpected, got.FramesGood, got.Broken)
	}
	if got.Latency.P50 < got.Line.OneWayMs {
		t.Errorf("p50 %.1f ms on a line of %.0f ms", got.Latency.P50, got.Line.OneWayMs)
	}
	if !strings.Contains(r.err, "Open in a player: rtsp://127.0.0.1:") || !strings.Contains(r.err, "frames were good") {
		t.Errorf("on the terminal:\n%s", r.err)
	}
}

func TestDemoSaysWhatStopsIt(t *testing.T) {
	r := program(t, "", "demo", "--rtsp", "192.0.2.1:8554", "--for", "1s")
	if r.status != 2 || !strings.Contains(r.err, "branch: listen.rtsp") {
		t.Errorf("an address that is not ours: %d %s", r.status, r.err)
	}
	if r := program(t, "", "demo", "--link", "dsl"); r.status != 3 || !strings.Contains(r.err, `no line "dsl" (clean, rural,`) {
		t.Errorf("an unknown line: %d %s", r.status, r.err)
	}
}

func TestResultHasTheFieldsThatAreAskedFor(t *testing.T) {
	var out bytes.Buffer
	if err := toFile("-", &out, writeJSON(demoResult{Report: viewer.Report{FramesGood: 7}})); err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(out.Bytes(), &fields); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"frames_expected", "frames_good", "good_in_300ms_ratio", "latency_ms", "stalls", "longest_stall_ms", "line",
	} {
		if _, ok := fields[key]; !ok {
			t.Errorf("no %s in %s", key, out.String())
		}
	}
	latency, _ := fields["latency_ms"].(map[string]any)
	for _, key := range []string{"p50", "p95", "p99", "max"} {
		if _, ok := latency[key]; !ok {
			t.Errorf("no %s in %v", key, latency)
		}
	}
	path := filepath.Join(t.TempDir(), "out.json")
	if err := toFile(path, &out, writeJSON(demoResult{})); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if err := toFile(filepath.Join(path, "x"), &out, writeJSON(demoResult{})); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file below a file: %v", err)
	}
}

func TestTableIsRedrawnInPlaceOnATerminalOnly(t *testing.T) {
	s := viewer.Snapshot{
		Layer: "main", Good: 25, Latency: viewer.Percentiles{P50: 48.2, P95: 60, P99: 75.6},
		Whole: viewer.Report{GoodIn300msRatio: 0.99996, FramesExpected: 26000, LayerSwitches: 2, Stalls: 1, LongestStallMs: 121},
	}
	line := figures{loss: 0.011, rate: 4.06e6}
	var b strings.Builder
	synctest.Test(t, func(*testing.T) { // no time passes in there
		plain := &table{w: &b, start: time.Now()}
		plain.show(s, line)
	})
	want := "   0s  frames 25/s  on time 99.9 %  p50 48  p95 60  p99 76 ms  main  line loss 1.1 %  4.1 Mbit/s\n"
	if b.String() != want {
		t.Errorf("a line\n%q\nwant\n%q", b.String(), want)
	}
	b.Reset()
	live := &table{w: &b, live: true}
	live.show(s, line)
	first := b.String()
	b.Reset()
	live.show(s, line)
	rows := strings.Count(first, "\n")
	if rows != 12 || b.String() != "\x1b[12A"+first {
		t.Errorf("drawn\n%q\nand again\n%q", first, b.String())
	}
	if !strings.Contains(first, "99.9 % of 26000") || !strings.Contains(first, "1, the longest 121 ms") {
		t.Errorf("drawn\n%s", first)
	}
}

func TestLineFigures(t *testing.T) {
	before := netem.LinkStats{Offered: 100, LostWire: 1, DeliveredBytes: 1000}
	after := netem.LinkStats{Offered: 200, LostWire: 3, LostQueue: 2, LostOutage: 1, DeliveredBytes: 126_000}
	if f := lineFigures(before, after, 500*time.Millisecond); f.loss != 0.05 || f.rate != 2e6 {
		t.Errorf("loss %v, rate %v; want 0.05 and 2e6", f.loss, f.rate)
	}
	if f := lineFigures(after, after, time.Second); f.loss != 0 || f.rate != 0 {
		t.Errorf("nothing happened, and yet %+v", f)
	}
}
