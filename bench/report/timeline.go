package report

import (
	"html/template"
	"math"

	"github.com/classrelay/classrelay/bench/scenario"
)

// timeline is a run on one axis of time: its tracks stand one below the other.
type timeline struct {
	Seed   uint64
	X      []tick
	Tracks []track
	// Bands are what the scenario did to the lines, behind all tracks.
	Bands  []shape
	Events []event
	More   int
}

// track is one of the pictures on the axis.
type track struct {
	Key    string
	Class  string // says how high it is
	Y      []tick
	Shapes []shape
	Labels []label
}

// label is text in a track, placed in per cent.
type label struct {
	At, Width float64
	Right     bool // it ends there instead of beginning
	Text      template.HTML
}

func newTimeline(r *scenario.ResultReport, run *scenario.Run) timeline {
	tl := run.Timeline
	end := float64(len(tl.Rate)) * tl.StepMs
	for _, l := range tl.Layers {
		end = max(end, l.FromMs+l.ForMs)
	}
	x := across(max(end, 1))
	t := timeline{Seed: run.Seed, X: x.ticks(10, seconds)}
	t.Tracks = []track{
		latencyTrack(x, tl, r.DeadlineMs), framesTrack(x, tl), layerTrack(x, tl),
		lossTrack(x, tl), rateTrack(x, tl, r.Plan, end), overheadTrack(x, tl),
	}
	if r.Plan != nil {
		t.Bands = bands(x, r.Plan, end)
	}
	t.Events, t.More = events(tl)
	return t
}

func latencyTrack(x scale, tl *scenario.Timeline, deadline float64) track {
	peak := largest(0, tl.Max)
	y := upward(min(max(peak*1.1, deadline*1.15), deadline*2))
	t := track{Key: "track.latency", Class: "tall"}
	t.Y = y.ticks(4, func(v float64) string { return short(v, 0) + space + "ms" })
	stalls, limit := &path{}, &path{}
	for _, s := range tl.Stalls {
		stalls.box(x.at(s.FromMs), 0, x.at(s.FromMs+s.ForMs), sheetHeight)
	}
	limit.to('M', 0, y.at(deadline))
	limit.to('L', sheetWidth, y.at(deadline))
	t.Shapes = []shape{
		stalls.shape("stall"), between(x, y, tl.StepMs, tl.P50, tl.Max).shape("range"),
		stairs(x, y, tl.StepMs, tl.P50).shape("median"), limit.shape("limit"),
	}
	for i, v := range tl.Max {
		if v == peak && peak > y.to { // it is beyond the picture: say how far
			at := x.percent((float64(i) + 0.5) * tl.StepMs)
			text := template.HTML(template.HTMLEscapeString(number("ms", peak))) //nolint:gosec // just escaped
			t.Labels = append(t.Labels, label{At: at, Right: at > 50, Text: must("peak", text)})
			break
		}
	}
	return t
}

func framesTrack(x scale, tl *scenario.Timeline) track {
	both := make([]float64, min(len(tl.Late), len(tl.Missing)))
	for i := range both {
		both[i] = tl.Late[i] + tl.Missing[i]
	}
	top := largest(5, both)
	y := upward(top)
	return track{
		Key: "track.frames", Class: "low", Y: []tick{{At: 0, Text: short(top, 0)}},
		Shapes: []shape{bars(x, y, tl.StepMs, both).shape("late"), bars(x, y, tl.StepMs, tl.Missing).shape("missing")},
	}
}

func layerTrack(x scale, tl *scenario.Timeline) track {
	t := track{Key: "track.layer", Class: "low"}
	paths := map[string]*path{"main": {}, "sub": {}}
	for _, l := range tl.Layers {
		p := paths[l.Layer]
		if p == nil {
			continue
		}
		from, to := x.at(l.FromMs), x.at(l.FromMs+l.ForMs)
		p.box(from, 15, to, 85)
		if width := (to - from) / sheetWidth * 100; width > 6 { // room for the word
			t.Labels = append(t.Labels, label{At: x.percent(l.FromMs), Width: width, Text: known("layer", l.Layer)})
		}
	}
	decided := &path{}
	for _, s := range tl.Switches {
		decided.to('M', x.at(s.AtMs), 0)
		decided.to('L', x.at(s.AtMs), sheetHeight)
	}
	t.Shapes = []shape{paths["main"].shape("main"), paths["sub"].shape("sub"), decided.shape("decided")}
	return t
}

func lossTrack(x scale, tl *scenario.Timeline) track {
	top := math.Ceil(100*largest(0.05, tl.Lost)) / 100
	return track{
		Key: "track.loss", Class: "low", Y: []tick{{At: 0, Text: short(100*top, 0) + space + "%"}},
		Shapes: []shape{bars(x, upward(top), tl.StepMs, tl.Lost).shape("lost")},
	}
}

func rateTrack(x scale, tl *scenario.Timeline, plan *scenario.Plan, end float64) track {
	top := largest(1e6, tl.Rate) * 1.15
	y := upward(top)
	t := track{
		Key: "track.rate", Class: "middle", Y: y.ticks(2, rate),
		Shapes: []shape{bars(x, y, tl.StepMs, tl.Rate).shape("rate")},
	}
	if len(t.Y) > 1 {
		t.Y = t.Y[1:] // no room for the zero
	}
	if plan == nil {
		return t
	}
	p := &path{}
	for i, c := range plan.Capacity {
		until := end
		if i+1 < len(plan.Capacity) {
			until = plan.Capacity[i+1].AtMs
		}
		if c.AtMs >= end || float64(c.Rate) > top { // above the picture: there is room enough
			continue
		}
		p.to('M', x.at(c.AtMs), y.at(float64(c.Rate)))
		p.to('L', x.at(min(until, end)), y.at(float64(c.Rate)))
	}
	t.Shapes = append(t.Shapes, p.shape("capacity"))
	return t
}

func overheadTrack(x scale, tl *scenario.Timeline) track {
	top := math.Ceil(20*min(1, largest(0.05, tl.Overhead))) / 20 // to the next 5 %
	return track{
		Key: "track.overhead", Class: "low", Y: []tick{{At: 0, Text: short(100*top, 0) + space + "%"}},
		Shapes: []shape{bars(x, upward(top), tl.StepMs, tl.Overhead).shape("overhead")},
	}
}

// bands are the times in which a line was cut or had less capacity than before.
func bands(x scale, plan *scenario.Plan, end float64) (all []shape) {
	cut, thin := &path{}, &path{}
	for _, o := range plan.Outages {
		if o.FromMs < end {
			cut.box(x.at(o.FromMs), 0, x.at(o.FromMs+o.ForMs), sheetHeight)
		}
	}
	for i := 1; i < len(plan.Capacity); i++ {
		c, until := plan.Capacity[i], end
		if i+1 < len(plan.Capacity) {
			until = plan.Capacity[i+1].AtMs
		}
		if c.Rate < plan.Capacity[0].Rate && c.AtMs < end {
			thin.box(x.at(c.AtMs), 0, x.at(until), sheetHeight)
		}
	}
	return []shape{thin.shape("fall"), cut.shape("outage")}
}
