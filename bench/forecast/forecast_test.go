package forecast

import (
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/relay/probe"
)

const msec = time.Millisecond

// line is one that was measured: a round trip, a loss, and 2 rooms that held.
func line(rtt time.Duration, loss, burst float64, wait time.Duration) *probe.Result {
	w := probe.Way{
		Loss: loss, MeanBurst: burst, Delay: rtt / 2, DelayError: rtt / 2, DelayKnown: true,
		Steps: []probe.Step{
			{Rooms: 2, Offered: 9_922_500, Delivered: 10e6, Holds: true, Delay: probe.Spread{P99: wait}},
			{Rooms: 4, Offered: 19_845_000, Delivered: 12e6, Why: "a queue of 80 ms stands"},
		},
	}
	return &probe.Result{RTT: probe.Spread{N: 60, Min: rtt}, Down: w, Up: w}
}

func TestOutlook(t *testing.T) {
	for _, x := range []struct {
		name     string
		result   *probe.Result
		rooms    int
		holds    bool
		p99      [2]time.Duration // from, to
		overhead float64          // at most
		text     string
	}{
		{"a clean line", line(40*msec, 0, 0, 0), 2, true, [2]time.Duration{45 * msec, 60 * msec}, 0.005, "will hold at 300 ms"},
		{"one per cent lost singly", line(60*msec, 0.01, 1, 0), 2, true, [2]time.Duration{50 * msec, 130 * msec}, 0.05, "will hold"},
		{"five per cent in bursts", line(60*msec, 0.05, 5, 0), 2, true, [2]time.Duration{100 * msec, 200 * msec}, 0.12, "will hold"},
		{"a queue in front of it", line(40*msec, 0, 0, 60*msec), 2, true, [2]time.Duration{105 * msec, 120 * msec}, 0.005, "will hold"},
		{"a satellite", line(600*msec, 0.01, 1, 0), 2, false, [2]time.Duration{300 * msec, 2 * time.Hour}, 0.5, "will not hold at 300 ms"},
		{"a step that queued", line(40*msec, 0, 0, 0), 4, false, [2]time.Duration{0, 0}, 0, "will not hold: a queue of 80 ms stands"},
		{"more rooms than broke it", line(40*msec, 0, 0, 0), 6, false, [2]time.Duration{0, 0}, 0, "will not hold: 4 rooms did not (a queue"},
		{"a step nobody tried", &probe.Result{}, 6, false, [2]time.Duration{0, 0}, 0, "6 rooms was not tried"},
	} {
		t.Run(x.name, func(t *testing.T) {
			o, err := Of(x.result, probe.Down, x.rooms)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(o.Text)
			if o.Holds != x.holds || o.P99 < x.p99[0] || o.P99 > x.p99[1] || o.Overhead > x.overhead {
				t.Errorf("%+v", o)
			}
			if !strings.Contains(o.Text, x.text) {
				t.Errorf("%q does not say %q", o.Text, x.text)
			}
		})
	}
}

func TestRepairMustFitToo(t *testing.T) {
	r := line(60*msec, 0.05, 5, 0)
	w := &r.Down
	w.Steps = w.Steps[:1]
	w.Steps[0].Queue, w.Steps[0].Delivered = 20*msec, 9_922_500 // as much as was offered, with a queue
	o := Outlook{Rooms: 2, OnTime: 1, Overhead: 0.2}
	if o.judge(w, &w.Steps[0]); o.Holds || !strings.Contains(o.Text, "not with the 20 % that repair takes") {
		t.Errorf("%+v", o)
	}
}
