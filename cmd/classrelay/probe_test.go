package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/probe"
)

func TestProbeSaysWhatIsWrongWithItsArguments(t *testing.T) {
	for want, args := range map[string][]string{
		"accepts 1 arg(s)":                                 {},
		"--identity: it is missing":                        {"hub"},
		`":4433" is not HOST or HOST:PORT`:                 {":4433", "--identity", "x"},
		"--rooms: 0 is not between 1 and 20":               {"hub", "--identity", "x", "--rooms", "0"},
		"--for: 1s is not between 8s and 1m0s":             {"hub", "--identity", "x", "--for", "1s"},
		"--for: -1s is not between":                        {"hub", "--identity", "x", "--for", "-1s"},
		"--max-rate: ":                                     {"hub", "--identity", "x", "--max-rate", "fast"},
		"--max-rate: 6 rooms take 29.8 Mbit/s, 10.0":       {"hub", "--identity", "x", "--max-rate", "10Mbit/s", "--rooms", "6"},
		`--direction: "left" is neither down, up nor both`: {"hub", "--identity", "x", "--direction", "left"},
	} {
		var out, errs bytes.Buffer
		if got := run(append([]string{"probe"}, args...), terminal{out: &out, err: &errs}); got != statusUsage {
			t.Errorf("%v: exit status %d", args, got)
		}
		if !strings.Contains(errs.String(), want) {
			t.Errorf("%v: %q does not say %q", args, errs.String(), want)
		}
	}
}

func TestProbeThatCannotRunExits2(t *testing.T) {
	t.Parallel() // it waits for an answer that does not come
	dir := t.TempDir()
	if err := identity.InitCA(dir); err != nil {
		t.Fatal(err)
	}
	if err := identity.Issue(dir, "school"); err != nil {
		t.Fatal(err)
	}
	silent, err := net.ListenPacket("udp", "127.0.0.1:0") // open, and nobody reads
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for want, args := range map[string][]string{
		"classrelay ca issue --dir":              {"hub", "--identity", filepath.Join(dir, "nobody")},
		"is blocked or nobody listens; the host": {silent.LocalAddr().String(), "--identity", filepath.Join(dir, "school")},
	} {
		var out, errs bytes.Buffer
		if got := run(append([]string{"probe"}, args...), terminal{out: &out, err: &errs}); got != statusCannot {
			t.Errorf("%v: exit status %d", args, got)
		}
		if !strings.Contains(errs.String(), want) {
			t.Errorf("%v: %q does not say %q", args, errs.String(), want)
		}
	}
}

// report is one of a line down which 2 rooms held and 4 did not.
func sampleReport(t *testing.T, rooms int, d probe.Direction) *probeReport {
	t.Helper()
	const ms = time.Millisecond
	way := func() probe.Way {
		return probe.Way{
			Offered: 3000, Lost: 30, Loss: 0.01, Bursts: 10, MeanBurst: 3, LongestBurst: 6, ToBad: 0.0034,
			Delay: 20 * ms, DelayError: 20 * ms, DelayKnown: true, Jitter: probe.Spread{N: 200, P50: ms, P99: 2 * ms},
			FullOffered: 75, SmallOffered: 150,
			Steps: []probe.Step{
				{Rooms: 1, Offered: 4_961_250, Delivered: 5.2e6, Holds: true, Delay: probe.Spread{N: 700, P99: 2 * ms}},
				{Rooms: 2, Offered: 9_922_500, Delivered: 10.2e6, Holds: true, Delay: probe.Spread{N: 1400, P99: 3 * ms}},
				{Rooms: 4, Offered: 19_845_000, Delivered: 12e6, Queue: 80 * ms, Why: "a queue of 80 ms stands"},
			},
		}
	}
	share := 0.02
	r := &probeReport{
		flags: &probeFlags{cfg: probe.Config{Rooms: rooms, Direction: d}},
		result: &probe.Result{
			Node: "hub", Software: "v1", Address: "10.0.0.1:4433", RTT: probe.Spread{N: 60, Min: 40 * ms, P50: 41 * ms},
			Clock: probe.Clock{Known: true, Offset: -3 * ms, Error: 20 * ms}, Size: probe.Size{Up: 1313, Down: 1215},
			Down: way(), Up: way(), Above: []control.Hop{{Node: "hub", Parent: "city", RTTUs: 30_000, LossIn: &share, Main: 2}},
		},
	}
	if err := r.judge(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestProbeReportInWords(t *testing.T) {
	var b bytes.Buffer
	if err := sampleReport(t, 2, probe.Both).write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The line to hub (10.0.0.1:4433, classrelay v1)", "hub is 3.0 ms behind, ± 20.0", "20.0 ms ± 20.0",
		"1.00 % (30 of 3000)", "10, mean 3.0, longest 6, p 0.0034", "1215 bytes pass, a full class packet of 1313 does not",
		"1313 bytes, a full class packet, pass", "a queue of 80 ms stands", "hub - city", "2 main, 0 sub",
		"down: main and sub of 2 rooms will hold at 300 ms; expected p99 ", "repair overhead",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestProbeSaysWhereFullPacketsVanish(t *testing.T) {
	w := &probe.Way{FullOffered: 75, FullLost: 75, SmallOffered: 150, SmallLost: 2}
	if got := sizeText(1313, w); !strings.Contains(got, "black hole") {
		t.Error(got)
	}
}

func TestProbeVerdictAndExitStatus(t *testing.T) {
	for _, x := range []struct {
		name    string
		report  *probeReport
		verdict string
		status  int
	}{
		{"two rooms hold", sampleReport(t, 2, probe.Both), "pass", statusOK},
		{"four do not", sampleReport(t, 4, probe.Down), "missed", statusFailed},
		{"where four do not, six do not", sampleReport(t, 6, probe.Up), "missed", statusFailed},
		{"nothing was tried", func() *probeReport {
			r := sampleReport(t, 2, probe.Down)
			r.result.Down.Steps, r.outlooks, r.most, r.result.Interrupted = nil, nil, nil, true
			if err := r.judge(); err != nil {
				t.Fatal(err)
			}
			return r
		}(), "incomplete", statusCannot},
	} {
		t.Run(x.name, func(t *testing.T) {
			status := statusOK
			if err := x.report.exit(); err != nil {
				status = statusCannot
				if f, ok := errors.AsType[*failure](err); ok {
					status = f.status
				}
			}
			path := filepath.Join(t.TempDir(), "line.json")
			if err := toFile(path, os.Stdout, writeJSON(newProbeJSON(x.report, terminal{}))); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var j struct {
				Schema  int
				Verdict string
				Clock   struct {
					Drift *float64 `json:"drift_ppm"`
				}
				Outlook []struct{ Text string }
			}
			if err := json.Unmarshal(b, &j); err != nil {
				t.Fatal(err)
			}
			if status != x.status || j.Verdict != x.verdict || j.Schema != 1 || j.Clock.Drift != nil || len(j.Outlook) == 0 {
				t.Errorf("status %d, %+v", status, j)
			}
		})
	}
}
