package report

import (
	"math"

	"github.com/classrelay/classrelay/bench/scenario"
)

// distribution is the picture of the latencies of all runs: how many of the expected
// frames could be decoded within a time. The share grows in nines, since what counts
// happens in the last per cent.
type distribution struct {
	X, Y     []tick
	Deadline float64 // per cent
	Limit    string
	Shapes   []shape
}

// nines is where a share lies: 0.9 at 1, 0.99 at 2, all at mostNines.
func nines(share float64) float64 {
	if share >= 1 {
		return mostNines
	}
	return min(mostNines, -math.Log10(1-share))
}

const mostNines = 3.3 // a little above 99.9 %: of 1,500 frames a minute one more is hardly told

// newDistribution draws the runs, which are in the order of how bad they are; nil
// without one that has frames.
func newDistribution(r *scenario.ResultReport, runs []*scenario.Run) *distribution {
	var drawn []*scenario.Run
	longest := r.DeadlineMs * 1.2
	for _, run := range runs {
		if run.Timeline != nil && len(run.Timeline.CDF.Ms) > 0 {
			drawn = append(drawn, run)
			longest = max(longest, largest(0, run.Timeline.CDF.Ms))
		}
	}
	if len(drawn) == 0 {
		return nil
	}
	x, y := across(min(longest, 3*r.DeadlineMs)), upward(mostNines)
	d := &distribution{
		X:        x.ticks(6, func(v float64) string { return short(v, 0) }),
		Deadline: x.percent(r.DeadlineMs), Limit: number("ms", r.DeadlineMs),
	}
	for _, share := range []float64{0.5, 0.9, 0.99, 0.999} {
		d.Y = append(d.Y, tick{At: y.percent(nines(share)), Text: short(100*share, 1) + space + "%"})
	}
	d.Y = append(d.Y, tick{At: 0, Text: "100" + space + "%"}, tick{At: 100, Text: "0"})
	middle := drawn[len(drawn)/2]
	for _, run := range drawn {
		if run != middle {
			d.Shapes = append(d.Shapes, curve(x, y, run).shape("thin"))
		}
	}
	d.Shapes = append(d.Shapes, curve(x, y, middle).shape("bold"))
	return d
}

// curve goes up in steps and then on to the right: frames that never came keep it
// below 100 %.
func curve(x, y scale, run *scenario.Run) *path {
	p := &path{}
	c := &run.Timeline.CDF
	before := 0.0
	p.to('M', x.at(0), y.at(0))
	for i := range min(len(c.Ms), len(c.Share)) {
		p.to('L', x.at(c.Ms[i]), y.at(before))
		before = nines(c.Share[i])
		p.to('L', x.at(c.Ms[i]), y.at(before))
		if c.Ms[i] > x.to {
			return p
		}
	}
	p.to('L', x.at(x.to), y.at(before))
	return p
}
