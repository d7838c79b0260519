package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

func mustRule(t *testing.T, s string) Rule {
	t.Helper()
	r, err := ParseRule(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// played is a run with these figures.
func played(seed uint64, figures map[string]float64) Run {
	r := Run{Seed: seed, Figures: make(map[string]*float64)}
	for name, v := range figures {
		r.set(name, v)
	}
	return r
}

func scenarioWith(t *testing.T, rules ...string) *Scenario {
	t.Helper()
	s := &Scenario{Name: "line", Title: "a line", Deadline: usualDeadline}
	for _, r := range rules {
		s.Rules = append(s.Rules, mustRule(t, r))
	}
	return s
}

func TestAScenarioIsJudgedByItsWorstSeed(t *testing.T) {
	s := scenarioWith(t, "p99 <= 130ms", "good_in_300ms >= 99.9%")
	b := Bench{Scenarios: []*Scenario{s}, Seeds: 3, play: func(_ context.Context, _ *Scenario, seed uint64) Run {
		return played(seed, map[string]float64{"p99": 110 + 10*float64(seed), "good_in_300ms": 1})
	}}
	got := b.Run(t.Context())[0]
	if got.Verdict != Missed || !slices.Equal(got.Rules[0].MissedBy, []uint64{3}) {
		t.Errorf("verdict %s, rules %+v", got.Verdict, got.Rules)
	}
	if r := got.Rules[0]; r.Median != 130 || r.Worst != 140 {
		t.Errorf("median %v, worst %v", r.Median, r.Worst)
	}
	if want := "line, p99 <= 130ms: it is 140 ms"; FirstMissed([]Result{got}) != want {
		t.Errorf("missed %q, want %q", FirstMissed([]Result{got}), want)
	}
	var table strings.Builder
	if err := WriteTable(&table, []Result{got}); err != nil {
		t.Fatal(err)
	}
	want := `scenario  rule                    median    worst     verdict
line      p99 <= 130ms            130 ms    140 ms    MISSED by seed 3
          good_in_300ms >= 99.9%  100.00 %  100.00 %  met

1 of 2 rules met by every seed: missed
`
	if table.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", table.String(), want)
	}
}

func TestATimeThatNeverCameMissesItsRule(t *testing.T) {
	s := scenarioWith(t, "back_on_main <= 8s")
	b := Bench{Scenarios: []*Scenario{s}, Seeds: 1, play: func(_ context.Context, _ *Scenario, seed uint64) Run {
		return played(seed, map[string]float64{"back_on_main": never})
	}}
	got := b.Run(t.Context())
	if got[0].Verdict != Missed || FirstMissed(got) != "line, back_on_main <= 8s: it is never" {
		t.Errorf("%s: %s", got[0].Verdict, FirstMissed(got))
	}
}

func TestALateRunIsRepeatedOnceAndMarked(t *testing.T) {
	s := scenarioWith(t, "p99 <= 130ms")
	var mu sync.Mutex
	tries := make(map[uint64]int)
	b := Bench{Scenarios: []*Scenario{s}, Seeds: 3, AtOnce: 2, play: func(_ context.Context, _ *Scenario, seed uint64) Run {
		mu.Lock()
		defer mu.Unlock()
		tries[seed]++
		r := played(seed, map[string]float64{"p99": 100 + float64(tries[seed])})
		r.Late = seed == 2 && tries[seed] == 1 || seed == 3
		return r
	}}
	got := b.Run(t.Context())[0]
	if tries[1] != 1 || tries[2] != 2 || tries[3] != 2 || len(got.Runs) != 3 {
		t.Fatalf("tries %v, %d runs", tries, len(got.Runs))
	}
	for i, want := range []Run{{Seed: 1}, {Seed: 2, Repeated: true}, {Seed: 3, Repeated: true, Late: true}} {
		if r := got.Runs[i]; r.Seed != want.Seed || r.Repeated != want.Repeated || r.Late != want.Late {
			t.Errorf("run %d: %+v", i, r)
		}
	}
	if len(got.Discarded) != 2 || !got.Discarded[0].Late {
		t.Errorf("the first tries are not in the report: %+v", got.Discarded)
	}
	if got.Rules[0].Worst != 102 {
		t.Errorf("the second try's figures are not the ones that count: %v", got.Rules[0].Worst)
	}
}

func TestALateRunEndsRunsSideBySide(t *testing.T) {
	s := scenarioWith(t, "p99 <= 130ms")
	var mu sync.Mutex
	var begun, now, most int
	both := make(chan struct{}) // closed when two runs go on
	play := func(_ context.Context, _ *Scenario, seed uint64) Run {
		r := played(seed, map[string]float64{"p99": 1})
		mu.Lock()
		defer mu.Unlock()
		if begun++; begun == 2 {
			close(both)
		}
		if seed <= 2 {
			mu.Unlock()
			<-both
			mu.Lock()
			r.Late = true
			return r
		}
		now++
		most = max(most, now)
		mu.Unlock()
		runtime.Gosched() // a second one would come in now
		mu.Lock()
		now--
		return r
	}
	b := Bench{Scenarios: []*Scenario{s}, Seeds: 50, AtOnce: 2, play: play}
	b.Run(t.Context())
	if most != 1 {
		t.Errorf("%d runs at once after a late one", most)
	}
}

func TestAnInterruptedBenchReportsWhatItHas(t *testing.T) {
	s := scenarioWith(t, "p99 <= 130ms")
	ctx, stop := context.WithCancel(t.Context())
	b := Bench{Scenarios: []*Scenario{s, s}, Seeds: 2, play: func(_ context.Context, _ *Scenario, seed uint64) Run {
		r := played(seed, map[string]float64{"p99": 100 * float64(seed)})
		if seed == 2 {
			stop()
			r.Interrupted = true
		}
		return r
	}}
	got := b.Run(ctx)
	if got[0].Verdict != Incomplete || got[0].Rules[0].Worst != 100 || len(got[0].Runs) != 2 {
		t.Errorf("the first: %s %+v", got[0].Verdict, got[0].Rules)
	}
	if got[1].Verdict != Incomplete || !math.IsNaN(got[1].Rules[0].Worst) || len(got[1].Runs) != 0 {
		t.Errorf("the one never begun: %s %+v", got[1].Verdict, got[1].Rules)
	}
	if Overall(got) != Incomplete {
		t.Error(Overall(got))
	}
	var table strings.Builder
	if err := WriteTable(&table, got); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "not run") || !strings.Contains(table.String(), "interrupted after") {
		t.Errorf("printed\n%s", table.String())
	}
}

func TestARunThatCouldNotBeIsNeitherPassedNorMissed(t *testing.T) {
	s := scenarioWith(t, "p99 <= 130ms")
	b := Bench{Scenarios: []*Scenario{s}, Seeds: 2, play: func(_ context.Context, _ *Scenario, seed uint64) Run {
		if seed == 1 {
			return Run{Seed: seed, Figures: map[string]*float64{}, Failed: "hub: listen.quic: it is taken"}
		}
		return played(seed, map[string]float64{"p99": 100})
	}}
	if got := b.Run(t.Context())[0]; got.Verdict != Incomplete || len(got.Rules[0].MissedBy) != 0 {
		t.Errorf("%s %+v", got.Verdict, got.Rules)
	}
}

func TestTheJSONIsValidWhateverCame(t *testing.T) {
	s := scenarioWith(t, "p99 <= 130ms", "back_on_main <= 8s")
	b := Bench{Scenarios: []*Scenario{s, s}, Seeds: 1, play: func(_ context.Context, _ *Scenario, seed uint64) Run {
		return played(seed, map[string]float64{"p99": math.NaN(), "back_on_main": never, "p50": 31})
	}}
	results := b.Run(t.Context())
	results = append(results, Result{scenario: s, Seeds: 1})
	results[2].judge() // nothing was run
	var out bytes.Buffer
	if err := NewReport(Here("v1", []string{"classrelay", "bench"}), results, false).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got Report
	dec := json.NewDecoder(&out)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != 1 || got.Verdict != Missed || len(got.Scenarios) != 3 {
		t.Errorf("read back %+v", got)
	}
	first := got.Scenarios[0]
	if first.Rules[0].Worst != nil || first.Rules[0].Met || *first.Rules[0].Limit != 130 || first.Rules[0].Unit != "ms" {
		t.Errorf("rule %+v", first.Rules[0])
	}
	if v, there := first.Runs[0].Figures["back_on_main"]; v != nil || !there {
		t.Errorf("a time that never came is %v", v)
	}
	if never := got.Scenarios[2]; never.Verdict != Incomplete || never.Rules[0].Met || never.Runs == nil {
		t.Errorf("one that was never run: %+v", never)
	}
}
