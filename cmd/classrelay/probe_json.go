package main

import (
	"time"

	"github.com/classrelay/classrelay/bench/forecast"
	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/probe"
)

// probeJSON is the JSON of a probe. Times are milliseconds, shares 0 to 1, rates
// bit/s; what was not found out is null.
type probeJSON struct {
	Schema      int                  `json:"schema"`
	Bench       string               `json:"bench"`
	Environment scenario.Environment `json:"environment"`
	Node        string               `json:"node"`
	Address     string               `json:"address"`
	Software    string               `json:"software"`
	LastedMs    float64              `json:"lasted_ms"`
	Interrupted bool                 `json:"interrupted"`
	EndedEarly  *string              `json:"ended_early"`
	Rooms       int                  `json:"rooms"`
	Verdict     scenario.Verdict     `json:"verdict"`
	RTT         *spreadJSON          `json:"rtt_ms"`
	Late        *spreadJSON          `json:"own_lateness_ms"`
	Clock       clockJSON            `json:"clock"`
	Down        wayJSON              `json:"down"`
	Up          wayJSON              `json:"up"`
	Hops        []control.Hop        `json:"hops"`
	Outlook     []outlookJSON        `json:"outlook"`
}

type spreadJSON struct {
	N   int     `json:"n"`
	Min float64 `json:"min"`
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

type clockJSON struct {
	OffsetMs      *float64 `json:"offset_ms"`
	ErrorMs       *float64 `json:"error_ms"`
	DriftPPM      *float64 `json:"drift_ppm"`
	DriftErrorPPM *float64 `json:"drift_error_ppm"`
}

type wayJSON struct {
	DelayMs      *float64    `json:"delay_ms"`
	DelayErrorMs *float64    `json:"delay_error_ms"`
	Jitter       *spreadJSON `json:"jitter_ms"`
	Packets      int         `json:"packets"`
	Lost         int         `json:"packets_lost"`
	Loss         *float64    `json:"loss_ratio"`
	Bursts       int         `json:"bursts"`
	MeanBurst    *float64    `json:"burst_mean"`
	LongestBurst int         `json:"burst_longest"`
	GilbertP     *float64    `json:"gilbert_p"`
	QueueDropped int         `json:"packets_dropped_by_a_full_queue"`
	Reordered    int         `json:"packets_out_of_order"`
	Duplicated   int         `json:"packets_twice"`
	DatagramSize int         `json:"datagram_bytes"`
	FullPassed   bool        `json:"full_packets_pass"`
	Steps        []stepJSON  `json:"steps"`
}

type stepJSON struct {
	Rooms     int         `json:"rooms"`
	Offered   int64       `json:"offered_bps"`
	Delivered float64     `json:"delivered_bps"`
	Loss      float64     `json:"loss_ratio"`
	QueueMs   float64     `json:"queue_ms"`
	Wait      *spreadJSON `json:"wait_ms"`
	Holds     bool        `json:"holds"`
	Why       string      `json:"why,omitempty"`
}

type outlookJSON struct {
	Way      string   `json:"direction"`
	Rooms    int      `json:"rooms"`
	Holds    bool     `json:"holds"`
	P99Ms    *float64 `json:"p99_ms"`
	ExpectMs *float64 `json:"camera_to_screen_ms"`
	OnTime   *float64 `json:"on_time_ratio"`
	Overhead *float64 `json:"repair_overhead_ratio"`
	Text     string   `json:"text"`
}

func newProbeJSON(r *probeReport, t terminal) probeJSON {
	x := r.result
	j := probeJSON{
		Schema: scenario.Schema, Bench: "probe", Environment: scenario.Here(programVersion(), t.commandLine()),
		Node: x.Node, Address: x.Address, Software: x.Software, LastedMs: millis(x.Lasted), Interrupted: x.Interrupted,
		Rooms: r.flags.cfg.Rooms, Verdict: r.verdict(), RTT: newSpread(x.RTT), Late: newSpread(x.Late),
		Clock: newClock(&x.Clock),
		Down:  newWay(&x.Down, x.Size.Down), Up: newWay(&x.Up, x.Size.Up), Hops: x.Above, Outlook: []outlookJSON{},
	}
	if x.Ended != "" {
		j.EndedEarly = &x.Ended
	}
	if j.Hops == nil {
		j.Hops = []control.Hop{}
	}
	for _, list := range [][]forecast.Outlook{r.outlooks, r.most} {
		for i := range list {
			j.Outlook = append(j.Outlook, newOutlook(&list[i]))
		}
	}
	return j
}

func (r *probeReport) verdict() scenario.Verdict {
	switch {
	case !r.decided:
		return scenario.Incomplete
	case r.holds:
		return scenario.Pass
	}
	return scenario.Missed
}

func newSpread(s probe.Spread) *spreadJSON {
	if s.N == 0 {
		return nil
	}
	return &spreadJSON{N: s.N, Min: millis(s.Min), P50: millis(s.P50), P99: millis(s.P99), Max: millis(s.Max)}
}

// when is a figure where it is known.
func when(known bool, v float64) *float64 {
	if !known {
		return nil
	}
	return &v
}

func newClock(c *probe.Clock) clockJSON {
	return clockJSON{
		OffsetMs: when(c.Known, millis(c.Offset)), ErrorMs: when(c.Known, millis(c.Error)),
		DriftPPM: when(c.DriftKnown, 1e6*c.Drift), DriftErrorPPM: when(c.DriftKnown, 1e6*c.DriftError),
	}
}

func newWay(w *probe.Way, datagram int) wayJSON {
	j := wayJSON{
		DelayMs: when(w.DelayKnown, millis(w.Delay)), DelayErrorMs: when(w.DelayKnown, millis(w.DelayError)),
		Jitter: newSpread(w.Jitter), Packets: w.Offered, Lost: w.Lost, Loss: when(w.Offered > 0, w.Loss),
		Bursts: w.Bursts, MeanBurst: when(w.Bursts > 0, w.MeanBurst), LongestBurst: w.LongestBurst,
		GilbertP: when(w.Offered > 0, w.ToBad), QueueDropped: w.Overflow, Reordered: w.Reordered,
		Duplicated: w.Duplicated, DatagramSize: datagram, FullPassed: w.FullLost < w.FullOffered, Steps: []stepJSON{},
	}
	for i := range w.Steps {
		s := &w.Steps[i]
		j.Steps = append(j.Steps, stepJSON{
			Rooms: s.Rooms, Offered: s.Offered, Delivered: s.Delivered, Loss: s.Loss, QueueMs: millis(s.Queue),
			Wait: newSpread(s.Delay), Holds: s.Holds, Why: s.Why,
		})
	}
	return j
}

func newOutlook(o *forecast.Outlook) outlookJSON {
	known, comes := o.OnTime > 0, o.P99 > 0 && o.P99 < time.Hour
	return outlookJSON{
		Way: o.Way.String(), Rooms: o.Rooms, Holds: o.Holds, Text: o.Text,
		P99Ms: when(comes, millis(o.P99)), ExpectMs: when(comes, millis(o.Expect)),
		OnTime: when(known, o.OnTime), Overhead: when(known, o.Overhead),
	}
}
