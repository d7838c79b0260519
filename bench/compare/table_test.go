package compare

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/viewer"
)

// run is a run of a minute with these figures.
func run(name, peer string, seed uint64, goodShare, p50, p99, stall float64) Run {
	return Run{
		Scenario: name, Peer: peer, Seed: seed, Seconds: 60, MainShare: 1, LineMbit: 4.4, MediaMbit: 4, HubCPU: scenario.Number(0.05), BranchCPU: scenario.Number(0.04),
		LateP99Ms: 0.4,
		Viewer: viewer.Report{
			FramesExpected: 1500, FramesGood: 1500, GoodIn300msRatio: goodShare, LongestStallMs: stall,
			Latency: viewer.Percentiles{P50: p50, P99: p99},
		},
	}
}

func results(seeds int, runs ...Run) *Result {
	return &Result{
		Scenarios: []*scenario.Scenario{{Name: "clean"}, {Name: "fade"}},
		Peers: []PeerVersion{
			{&Peer{Name: Ours, Title: "ours"}, "v1.2.3"}, {&Peer{Name: "other", Title: "theirs"}, "4.5"},
		},
		Seeds: seeds, Runs: runs,
	}
}

func table(t *testing.T, res *Result) string {
	t.Helper()
	var b strings.Builder
	if err := res.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTableSaysWhereAPeerIsBetter(t *testing.T) {
	dark := run("fade", "other", 1, 0, 0, 0, 0)
	dark.Viewer.FramesGood, dark.LineMbit, dark.HubCPU = 0, 4, scenario.Number(0.01)
	res := results(1,
		run("clean", Ours, 1, 0.99996, 14, 30, 0), run("clean", "other", 1, 1, 9, 29, 0),
		run("fade", Ours, 1, 0.98, 40, 310, 265.4), dark,
	)
	const want = `scenario  peer        good in 300 ms  p50    p99     longest stall  broken  on main  line Mbit/s  line/media  hub CPU  branch CPU  line late
clean     classrelay  99.99 %         14 ms  30 ms   0 ms           0       100 %    4.4          1.10        5.0 %    4.0 %       0.4 ms
          other       100.00 %        9 ms   29 ms   0 ms           0       100 %    4.4          1.10        5.0 %    4.0 %       0.4 ms
fade      classrelay  98.00 %         40 ms  310 ms  265 ms         0       100 %    4.4          1.10        5.0 %    4.0 %       0.4 ms
          other       0.00 %          never  never   never          0       100 %    4.0          1.00        1.0 %    4.0 %       0.4 ms

Peers:
  classrelay  v1.2.3  ours
  other       4.5     theirs

Where a peer is better than classrelay:
  clean, other (100.00 % in time, classrelay 99.99 %): a shorter median latency (9 ms, classrelay 14 ms)
  fade, other (0.00 % in time, classrelay 98.00 %): less on the line (1.00, classrelay 1.10); less work at the hub (1.0 %, classrelay 5.0 %)
`
	if got := table(t, res); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := res.Complete(); err != nil {
		t.Error(err)
	}
}

func TestTableOfSeveralSeedsHasTheWorstInBrackets(t *testing.T) {
	got := table(t, results(3,
		run("clean", Ours, 1, 0.97, 14, 30, 0), run("clean", Ours, 2, 1, 14, 50, 0), run("clean", Ours, 3, 0.99, 14, 40, 0)))
	for _, want := range []string{
		"clean     classrelay  99.00 % (97.00 %)  14 ms  40 ms (50 ms)  0 ms", "Medians of 3 seeds, the worst in brackets.",
		"          other       -                  -      -",
		"better than classrelay: nowhere.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func TestMedianOfTwoIsTheWorseOne(t *testing.T) {
	a, b := run("clean", Ours, 1, 0.9, 10, 1, 0), run("clean", Ours, 2, 0.8, 20, 1, 0)
	for _, f := range figures {
		median, worst := f.over([]*Run{&a, &b})
		if f.name == "good_in_300ms" && (median != 0.8 || worst != 0.8) || f.name == "p50" && (median != 20 || worst != 20) {
			t.Errorf("%s: %v, %v", f.name, median, worst)
		}
	}
}

func TestWhatIsWithinTheMarginIsNoLead(t *testing.T) {
	for _, c := range []struct {
		figure string
		a, b   float64
		want   bool
	}{
		{"p99", 98, 100, false},
		{"p99", 97.9, 100, true},
		{"p99", 100, math.Inf(1), true},
		{"p99", math.Inf(1), math.Inf(1), false},
		{"p99", math.Inf(1), 100, false},
		{"good_in_300ms", 0.9994, 0.999, false},
		{"good_in_300ms", 0.9996, 0.999, true},
		{"good_in_300ms", 0.999, 1, false},
		{"broken_frames", 0, 1, true},
		{"broken_frames", 1, 1, false},
		{"line_late_p99", 0, 10, false}, // nobody's merit
		{"line_per_media", math.NaN(), 1, false},
	} {
		for i := range figures {
			if f := &figures[i]; f.name == c.figure && f.better(c.a, c.b) != c.want {
				t.Errorf("%s: %v better than %v: want %v", c.figure, c.a, c.b, c.want)
			}
		}
	}
}

func TestNotesAndIncompleteResults(t *testing.T) {
	failed := run("clean", "other", 1, 1, 1, 1, 0)
	failed.Failed = "hub: relay: it ended by itself (exit status 1): no such file"
	late := run("fade", Ours, 1, 1, 1, 1, 0)
	late.Late, late.LateP99Ms, late.Repeated = true, 12, true
	again := run("clean", Ours, 1, 1, 1, 1, 0)
	again.Repeated = true
	cut := run("fade", "other", 1, 1, 1, 1, 0)
	cut.Interrupted = true
	res := results(1, again, failed, late, cut)
	got := table(t, res)
	for _, want := range []string{
		"  clean, other, seed 1: could not be run: hub: relay: it ended by itself (exit status 1): no such file\n",
		"  fade, classrelay, seed 1: the emulated line was late by 12.0 ms at p99 and lost 0 packets itself, when repeated as well: this",
		"  fade, other, seed 1: interrupted after 60 s and not counted\n",
		"  clean, classrelay, seed 1: the emulated line was late the first time; these are the figures of the second\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if err := res.Complete(); err == nil || !strings.Contains(err.Error(), "clean, other, seed 1 could not be run: hub: relay") {
		t.Errorf("%v", err)
	}
	res.Runs = res.Runs[:1]
	if err := res.Complete(); err == nil || err.Error() != "interrupted: clean, other has 0 of 1 seeds" {
		t.Errorf("%v", err)
	}
}

func TestJSONHasNullForWhatNeverCame(t *testing.T) {
	dark := run("clean", Ours, 1, 0, 0, 0, 0)
	dark.Viewer.FramesGood, dark.MediaMbit = 0, 0
	res := results(1, dark, run("clean", "other", 1, 1, 9, 20, 0))
	var b strings.Builder
	if err := res.WriteJSON(&b, scenario.Environment{Version: "v1.2.3"}, true); err != nil {
		t.Fatal(err)
	}
	var got resultJSON
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != Schema || got.Bench != "compare" || !got.Interrupted || len(got.Rows) != 4 || len(got.Runs) != 2 {
		t.Errorf("%+v", got)
	}
	ours := got.Rows[0]
	if ours.Peer != Ours || ours.Median["p99"] != nil || ours.Median["line_per_media"] != nil || *ours.Median["good_in_300ms"] != 0 {
		t.Errorf("%+v", ours)
	}
	if l := got.Leads[0]; l.Figure != "good_in_300ms" || *l.Ours != 0 || *l.Theirs != 1 {
		t.Errorf("%+v", l)
	}
	if l := got.Leads[1]; l.Figure != "p50" || l.Ours != nil || *l.Theirs != 9 {
		t.Errorf("%+v", l)
	}
}
