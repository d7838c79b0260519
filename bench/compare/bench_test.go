package compare

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/scenario"
)

// two scenarios and two peers, played by f.
func bench(seeds int, f func(s, peer string, seed uint64) Run) *Bench {
	return &Bench{
		Scenarios: []*scenario.Scenario{{Name: "a"}, {Name: "b"}},
		Peers:     []*Peer{{Name: Ours}, {Name: "other"}}, Seeds: seeds, Version: "v1",
		play: func(_ context.Context, s *scenario.Scenario, p *Peer, seed uint64) Run {
			return f(s.Name, p.Name, seed)
		},
	}
}

func TestBenchLetsThePeersTakeTurns(t *testing.T) {
	var order []string
	b := bench(2, func(s, peer string, seed uint64) Run {
		order = append(order, fmt.Sprint(s, seed, peer[:1]))
		return Run{Scenario: s, Peer: peer, Seed: seed}
	})
	res, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a1c", "a1o", "a2c", "a2o", "b1c", "b1o", "b2c", "b2o"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	if err := res.Complete(); err != nil || res.Peers[0].Version != "v1" {
		t.Errorf("%v, %+v", err, res.Peers)
	}
}

func TestBenchRepeatsALateRunOnceAndKeepsTheBetter(t *testing.T) {
	lateness := map[string][]float64{Ours: {9, 1}, "other": {5, 7}}
	played := 0
	play := func(s, peer string, seed uint64) Run {
		played++
		v := lateness[peer][0]
		if len(lateness[peer]) > 1 {
			lateness[peer] = lateness[peer][1:]
		}
		return Run{Scenario: s, Peer: peer, Seed: seed, LateP99Ms: v, Late: v > 2}
	}
	b := bench(1, play)
	b.Scenarios = b.Scenarios[:1]
	res, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := res.Runs[0], res.Runs[1]
	if played != 4 || ours.LateP99Ms != 1 || ours.Late || !ours.Repeated || theirs.LateP99Ms != 5 || !theirs.Late || !theirs.Repeated {
		t.Errorf("%d played: %+v, %+v", played, ours, theirs)
	}
	played, b.Once = 0, true
	if _, err := b.Run(t.Context()); err != nil || played != 2 {
		t.Errorf("%d played with Once, %v", played, err)
	}
}

func TestBenchReturnsWhatThereIsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := bench(1, func(s, peer string, seed uint64) Run {
		cancel()
		return Run{Scenario: s, Peer: peer, Seed: seed}
	})
	res, err := b.Run(ctx)
	if err != nil || len(res.Runs) != 1 || res.Complete() == nil {
		t.Errorf("%v, %+v, %v", err, res.Runs, res.Complete())
	}
}

func TestCheckWantsProgramsAndOneLine(t *testing.T) {
	b := &Bench{Peers: []*Peer{{Name: "x", Install: "so", Needs: []string{"no-such-program-here"}}}}
	if err := b.Check(); !errors.Is(err, ErrMissing) {
		t.Errorf("%v", err)
	}
	all, err := scenario.Find([]string{"clean", "four-level-cascade"})
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckScenarios(all); !errors.Is(err, ErrLines) || !strings.Contains(err.Error(), "four-level-cascade has 3 lines") {
		t.Errorf("%v", err)
	}
}

// play plays a peer for a second over a line of 5 ms, in namespaces.
func play(t *testing.T, p *Peer) Run {
	t.Helper()
	if err := netem.CanRoute(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	near := netem.Profile{Delay: 5 * time.Millisecond}
	b := &Bench{
		Scenarios: []*scenario.Scenario{{
			Name: "near", For: 3 * time.Second, Deadline: 300 * time.Millisecond, MainRate: 1_000_000, SubRate: 100_000,
			Lines: []chain.Line{{Up: near, Down: near}},
		}},
		Peers: []*Peer{p}, Seeds: 1, Once: true, Name: "test-compare",
	}
	res, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return res.Runs[0]
}

func TestAPlayerIsMeasuredAcrossTheLine(t *testing.T) {
	r := play(t, &Peer{Name: "direct", View: "{{.Camera}}", FirstPicture: time.Minute})
	if r.Failed != "" || r.Viewer.FramesGood == 0 || r.Viewer.Latency.P50 < 5 || r.LineMbit == 0 || r.MediaMbit == 0 || r.TCP == "" {
		t.Errorf("%+v", r)
	}
	if ratio := r.lineRatio(); ratio < 0.5 || ratio > 2 {
		t.Errorf("%.1f Mbit/s on the line for %.1f Mbit/s of pictures", r.LineMbit, r.MediaMbit)
	}
}

func TestAPeerThatDiesInARunIsReported(t *testing.T) {
	r := play(t, &Peer{
		Name: "dying", View: "rtsp://{{.BranchAddress}}:8554/x", FirstPicture: time.Minute,
		Hub: []Program{{Run: []string{"sh", "-c", "echo up; sleep 0.3; echo out of memory; exit 4"}, Says: "up", Within: time.Minute}},
	})
	if !strings.HasSuffix(r.Failed, "hub: sh: it ended by itself (exit status 4): up | out of memory") || r.counts() {
		t.Errorf("%+v", r)
	}
	if out, err := exec.Command("ip", "netns", "list").CombinedOutput(); err != nil || strings.Contains(string(out), "test-compare") {
		t.Errorf("left behind: %s, %v", out, err)
	}
}

func TestAPeerWithoutAPictureIsReported(t *testing.T) {
	r := play(t, &Peer{Name: "dark", View: "rtsp://{{.BranchAddress}}:8554/x", FirstPicture: 300 * time.Millisecond})
	if r.Failed != "no picture within 300ms" {
		t.Errorf("%+v", r)
	}
}
