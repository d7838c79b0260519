package scenario

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/internal/quantile"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay"
)

// noon is when hand-moved time begins.
var noon = time.Unix(1_800_000_000, 0)

func after(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

func TestACounterIsSpreadOverTheTimeSinceItWasRead(t *testing.T) {
	r := newRecorder(noon, time.Second)
	r.line(after(100), 0, 10, 1000) // half a sample
	r.line(after(500), 8, 50, 1000) // 40 more in 400 ms: 10 in each 100 ms
	r.line(after(600), 8, 50, 1000)
	tl := r.timeline(after(600), &viewer.Trace{}, 300*time.Millisecond)
	if len(tl.Lost) != 3 || !slices.Equal(r.offered.per[:3], []float64{20, 20, 10}) {
		t.Fatalf("%d samples, offered %v", len(tl.Lost), r.offered.per)
	}
	// 8 lost, spread as 2, 4, 2.
	if want := (Column{0.1, 0.2, 0.2}); !slices.Equal(tl.Lost, want) {
		t.Errorf("lost %v, want %v", tl.Lost, want)
	}
	if want := (Column{40_000, 0, 0}); !slices.Equal(tl.Rate, want) {
		t.Errorf("rate %v, want %v", tl.Rate, want)
	}
}

func TestACounterThatBeginsAnewDoesNotRunBackwards(t *testing.T) {
	r := newRecorder(noon, time.Second)
	r.sent(after(200), sent{media: 1000, parity: 100})
	r.sent(after(400), sent{media: 500, parity: 50})
	tl := r.timeline(after(400), &viewer.Trace{}, 300*time.Millisecond)
	if want := (Column{0.1, 0.1}); !slices.Equal(tl.Overhead, want) {
		t.Errorf("overhead %v", tl.Overhead)
	}
}

func TestALongRunHasLongerSamples(t *testing.T) {
	for run, want := range map[time.Duration]time.Duration{
		time.Second: finest, 2 * time.Minute: finest, 2*time.Minute + 1: 2 * finest, 8 * time.Hour: 240 * finest,
	} {
		if got := stepFor(run); got != want {
			t.Errorf("%v: %v, want %v", run, got, want)
		}
	}
	r := newRecorder(noon, time.Second)
	r.line(noon.Add(time.Hour), 1, 2, 3) // a clock that jumps costs no memory
	if got := len(r.timeline(noon.Add(time.Hour), &viewer.Trace{}, 0).Rate); got != r.limit {
		t.Errorf("%d samples, want %d", got, r.limit)
	}
}

func TestFramesStandWhereTheyWereCaptured(t *testing.T) {
	tr := viewer.Trace{
		Began: after(200), Interval: 40 * time.Millisecond,
		Latency: []time.Duration{
			30 * time.Millisecond, viewer.Never, 400 * time.Millisecond, 300 * time.Millisecond, 20 * time.Millisecond,
			viewer.Never,
		},
		Layers: []viewer.LayerChange{{At: after(230), Layer: media.LayerMain}, {At: after(500), Layer: media.LayerSub}},
		Stalls: []viewer.Span{{From: after(300), For: 200 * time.Millisecond}},
	}
	tl := newRecorder(noon, time.Second).timeline(after(600), &tr, 300*time.Millisecond)
	if !math.IsNaN(tl.P50[0]) || tl.P50[1] != 30 || tl.P99[1] != 400 || tl.Max[1] != 400 || !math.IsNaN(tl.Max[2]) {
		t.Errorf("p50 %v, p99 %v, max %v", tl.P50, tl.P99, tl.Max)
	}
	if tl.Late[1] != 1 || tl.Missing[1] != 1 || tl.Missing[2] != 1 || tl.Late[2] != 0 {
		t.Errorf("late %v, missing %v", tl.Late, tl.Missing)
	}
	want := []LayerSpan{{FromMs: 230, ForMs: 270, Layer: "main"}, {FromMs: 500, ForMs: 100, Layer: "sub"}}
	if !slices.Equal(tl.Layers, want) {
		t.Errorf("layers %+v", tl.Layers)
	}
	if s := tl.Stalls[0]; s.FromMs != 300 || s.ForMs != 200 {
		t.Errorf("stall %+v", s)
	}
	// Four of six came, so the curve ends at two thirds.
	c := tl.CDF
	if n := len(c.Ms); c.Ms[0] != 20 || c.Ms[n-1] != 400 || c.Share[n-1] != 0.66667 || c.Share[0] != 0.16667 {
		t.Errorf("distribution %+v", c)
	}
}

func TestADistributionRises(t *testing.T) {
	var all []time.Duration
	for i := range 7919 {
		all = append(all, time.Duration(i*31%7919)*time.Microsecond)
	}
	c := cdf(all)
	if len(c.Ms) > 210 || c.Share[len(c.Share)-1] != 1 || c.Ms[len(c.Ms)-1] != 7.918 {
		t.Fatalf("%d points, the last is %v at %v", len(c.Ms), c.Share[len(c.Share)-1], c.Ms[len(c.Ms)-1])
	}
	for i := range c.Ms[1:] {
		if c.Ms[i+1] <= c.Ms[i] || c.Share[i+1] <= c.Share[i] {
			t.Fatalf("point %d: %v %v after %v %v", i+1, c.Ms[i+1], c.Share[i+1], c.Ms[i], c.Share[i])
		}
	}
}

func TestADecisionIsToldOnce(t *testing.T) {
	r := newRecorder(noon, time.Second)
	for range 3 {
		r.switched(after(100), "hub", "branch", "self", "too much")
	}
	r.switched(time.Time{}, "hub", "branch", "", "")
	r.switched(after(100), "hub", "other", "self", "too much")
	r.switched(after(300), "hub", "branch", "probe", "room")
	if len(r.switches) != 3 || r.switches[2].AtMs != 300 || r.switches[2].Rule != "probe" {
		t.Errorf("%+v", r.switches)
	}
}

func TestAStallHasTheCausesThatWentOnBesideIt(t *testing.T) {
	plan := &Plan{
		Outages:  []PlanSpan{{FromMs: 10_000, ForMs: 500}},
		Capacity: []PlanCapacity{{0, 20e6}, {20_000, 3e6}, {25_000, 20e6}},
	}
	lost := make(Column, 200)
	lost[150] = 0.1 // at 30 s
	for name, c := range map[string]struct {
		at   float64
		late bool
		want string
	}{
		"during the outage":           {10_100, false, "outage"},
		"while the capacity is low":   {21_000, false, "capacity"},
		"after it came back":          {28_000, false, "unknown"},
		"when packets were lost":      {30_000, false, "loss"},
		"when the layer changed":      {35_000, false, "layer_switch"},
		"on a machine that is busy":   {5000, true, "machine"},
		"when nothing else went on":   {5000, false, "unknown"},
		"just before the line is cut": {9700, false, "outage"},
	} {
		tl := Timeline{
			StepMs: 200, Lost: lost, Stalls: []Stall{{FromMs: c.at, ForMs: 310}},
			Layers: []LayerSpan{{FromMs: 5100, ForMs: 30_250, Layer: "main"}, {FromMs: 35_350, ForMs: 1000, Layer: "sub"}},
		}
		tl.explain(plan, c.late)
		var got []string
		for _, cause := range tl.Stalls[0].Causes {
			got = append(got, string(cause))
		}
		if strings.Join(got, "+") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestAPlanIsWrittenOut(t *testing.T) {
	s := &Scenario{For: 10 * time.Second, Lines: []chain.Line{
		{Down: netem.Profile{Rate: 50e6, Outages: []netem.Outage{{At: time.Second, For: time.Second, Every: 10 * time.Second}}}},
		{Down: netem.Profile{Rate: 20e6, Steps: []netem.Step{{At: 2 * time.Second, Rate: 3e6}, {At: 4 * time.Second, Rate: 90e6}}}},
	}}
	p := s.plan()
	if !slices.Equal(p.Outages, []PlanSpan{{1000, 1000}, {11_000, 1000}, {21_000, 1000}}) {
		t.Errorf("outages %+v", p.Outages)
	}
	// The narrowest of the two lines: at the end that is the first.
	if want := []PlanCapacity{{0, 20e6}, {2000, 3e6}, {4000, 50e6}}; !slices.Equal(p.Capacity, want) {
		t.Errorf("capacity %+v", p.Capacity)
	}
	if falls := p.falls(); !slices.Equal(falls, []PlanSpan{{2000, 2000}}) {
		t.Errorf("falls %+v", falls)
	}
	shipped, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shipped {
		if p := s.plan(); len(p.Lines) != len(s.Lines) {
			t.Errorf("%s: %d lines of %d", s.Name, len(p.Lines), len(s.Lines))
		}
	}
}

func TestAPlanTellsOfTheTrafficBesideAndOfARecordedLine(t *testing.T) {
	trace, err := netem.ParseTrace([]byte("500\n1500\n1500\n1500\n2000\n"))
	if err != nil {
		t.Fatal(err)
	}
	line := chain.Line{Beside: []netem.Bulk{{Congestion: "bbr", From: time.Second}, {Flows: 3, To: 9 * time.Second}}}
	trace.On(&line.Down)
	p := (&Scenario{For: 3 * time.Second, Lines: []chain.Line{line}}).plan()
	if down := p.Lines[0].Down; !down.Recorded || down.Rate != 30_000 || down.QueueMs == 0 || p.Lines[0].Up.Recorded {
		t.Errorf("%+v", p.Lines[0])
	}
	// One packet leaves in the first second, three in the next, then two: the last of
	// the round and the first of the next one.
	if want := []PlanCapacity{{0, 12_000}, {1000, 36_000}, {2000, 24_000}, {3000, 36_000}}; len(p.Capacity) < 4 ||
		!slices.Equal(p.Capacity[:4], want) {
		t.Errorf("capacity %+v", p.Capacity)
	}
	if len(p.Beside) != 2 || p.Beside[0].ToMs != nil || *p.Beside[1].ToMs != 9000 {
		t.Errorf("%+v", p)
	}
	if want := (PlanBulk{Congestion: "bbr", Flows: 1, FromMs: 1000}); p.Beside[0] != want || p.Beside[1].Flows != 3 {
		t.Errorf("beside %+v", p.Beside)
	}
}

func TestAHopAddsUpItsSessions(t *testing.T) {
	h := newHops()
	link := func(since time.Time, packets, lost uint64, p50 time.Duration) *relay.LinkStatus {
		l := &relay.LinkStatus{Peer: "hub", Dialled: true, Since: since, In: []fanout.UplinkFlow{
			{Layer: media.LayerMain, Packets: packets, Lost: lost, Latency: quantile.Summary{N: 100, P50: p50, P99: 2 * p50}},
			{Layer: media.LayerSub, Packets: 1, Latency: quantile.Summary{N: 3, P50: time.Second}},
		}}
		l.Path.MinRTT, l.Path.SmoothedRTT = 20*time.Millisecond, 30*time.Millisecond
		return l
	}
	h.look("branch", link(after(0), 50, 1, 30*time.Millisecond))
	h.look("branch", link(after(0), 100, 2, 32*time.Millisecond))
	h.look("branch", link(after(5000), 10, 3, 34*time.Millisecond)) // a new session counts from zero
	rows := h.table(map[session]sent{
		{"hub", "branch", after(0)}:    {media: 1000, parity: 10},
		{"hub", "branch", after(5000)}: {media: 1000, parity: 30},
		{"hub", "other", after(0)}:     {media: 9, parity: 9},
	})
	if len(rows) != 1 {
		t.Fatalf("%+v", rows)
	}
	r := rows[0]
	if r.Packets != 112 || r.Lost != 5 || r.Overhead != 0.02 || *r.P50Ms != 32 || *r.P99Ms != 68 || *r.RTTAvgMs != 30 {
		t.Errorf("%+v p50 %v p99 %v", r, *r.P50Ms, *r.P99Ms)
	}
	if r.ClockMs != nil {
		t.Errorf("a clock error that nobody knows: %v", *r.ClockMs)
	}
}

func TestColumnsAreShortAndStandOnALine(t *testing.T) {
	data, err := json.MarshalIndent(map[string]any{
		"column": Column{1, math.NaN(), 0.123456, 1234.56789, math.Inf(1)}, "seeds": []int{1, 2}, "empty": Column{},
		"text": "a [\n 1, 2 ] b", "objects": []map[string]int{{"a": 1}},
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := string(onOneLine(data))
	for _, want := range []string{`[1,null,0.12346,1234.568,null]`, `"seeds": [1,2]`, `"a [\n 1, 2 ] b"`, "[\n    {"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	var back struct{ Column Column }
	if err := json.Unmarshal([]byte(got), &back); err != nil || len(back.Column) != 5 || !math.IsNaN(back.Column[1]) {
		t.Errorf("%v %v", err, back)
	}
}

func TestARunTellsWhichRulesItMissed(t *testing.T) {
	s := scenarioWith(t, "p99 <= 130ms", "back_on_main <= 8s", "broken_frames == 0")
	r := played(1, map[string]float64{"p99": 131, "back_on_main": never, "broken_frames": 0})
	if got := s.Missed(&r); !slices.Equal(got, []string{"p99 <= 130ms", "back_on_main <= 8s"}) {
		t.Errorf("%v", got)
	}
	if r.Text("p99") != "131 ms" || r.Text("back_on_main") != "never" || r.Text("p50") != "-" {
		t.Errorf("%s, %s, %s", r.Text("p99"), r.Text("back_on_main"), r.Text("p50"))
	}
	r.Interrupted = true
	if got := s.Missed(&r); len(got) != 0 {
		t.Errorf("a run that does not count: %v", got)
	}
}
