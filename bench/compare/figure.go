package compare

import (
	"math"
	"slices"
	"strconv"

	"github.com/classrelay/classrelay/bench/rule"
)

// figure is one number of a run, a column of the table.
type figure struct {
	name   string // in the JSON
	head   string // of the column
	words  string // in a sentence: "a shorter 99th percentile"
	value  func(*Run) float64
	text   func(float64) string
	higher bool // is better; else lower is
	// margin is how much better counts: what is below it is the machine's affair.
	// NaN: no peer is better or worse by it.
	margin float64
}

// figures are the columns in their order. Margins: a frame in two thousand; the
// lateness of the emulator that a run may have; a frame's interval; a frame.
var figures = []figure{ //nolint:gochecknoglobals // a lookup table
	{"good_in_300ms", "good in 300 ms", "more frames in time", (*Run).goodShare, rule.Ratio.Text, true, 0.0005},
	{"p50", "p50", "a shorter median latency", (*Run).p50, ms, false, 2},
	{"p99", "p99", "a shorter p99", (*Run).p99, ms, false, 2},
	{"longest_stall", "longest stall", "a shorter longest stall", (*Run).longestStall, ms, false, 40},
	{"broken_frames", "broken", "fewer broken frames", (*Run).broken, count, false, 0.5},
	{"main_share", "on main", "longer on the main stream", (*Run).mainShare, percent0, true, 0.02},
	{"line_mbit_s", "line Mbit/s", "", (*Run).lineRate, one, false, math.NaN()},
	{"line_per_media", "line/media", "less on the line", (*Run).lineRatio, two, false, 0.01},
	{"hub_cpu", "hub CPU", "less work at the hub", (*Run).hubCPU, cpu, false, 0.01},
	{"branch_cpu", "branch CPU", "less work at the branch", (*Run).branchCPU, cpu, false, 0.01},
	{"line_late_p99", "line late", "", (*Run).lineLate, late, false, math.NaN()},
}

func (r *Run) p50() float64          { return r.seen(r.Viewer.Latency.P50) }
func (r *Run) p99() float64          { return r.seen(r.Viewer.Latency.P99) }
func (r *Run) longestStall() float64 { return r.seen(r.Viewer.LongestStallMs) }
func (r *Run) broken() float64       { return float64(r.Broken) }
func (r *Run) mainShare() float64    { return r.MainShare }
func (r *Run) lineRate() float64     { return r.LineMbit }
func (r *Run) hubCPU() float64       { return known(r.HubCPU) }
func (r *Run) branchCPU() float64    { return known(r.BranchCPU) }
func (r *Run) lineLate() float64     { return r.LateP99Ms }

func (r *Run) goodShare() float64 { return r.Viewer.GoodIn300msRatio }

// known is NaN for what there is not.
func known(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// lineRatio is what the line carried for each byte of the main stream's pictures.
func (r *Run) lineRatio() float64 {
	if r.MediaMbit == 0 {
		return math.NaN()
	}
	return r.LineMbit / r.MediaMbit
}

// over is a figure over several runs: the median, and the worst. Of an even number
// the median is the worse one of the two in the middle, as in bench run. Both are
// NaN without a run.
func (f *figure) over(runs []*Run) (median, worst float64) {
	if len(runs) == 0 {
		return math.NaN(), math.NaN()
	}
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = f.value(r)
	}
	slices.Sort(values)
	if f.higher {
		return values[(len(values)-1)/2], values[0]
	}
	return values[len(values)/2], values[len(values)-1]
}

// better tells whether a is better than b by more than the margin.
func (f *figure) better(a, b float64) bool {
	switch {
	case math.IsNaN(f.margin) || math.IsNaN(a) || math.IsNaN(b):
		return false
	case f.higher:
		return a-b > f.margin
	case math.IsInf(b, 1):
		return !math.IsInf(a, 1)
	}
	return b-a > f.margin
}

// cell writes a figure for people.
func (f *figure) cell(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case math.IsInf(v, 0):
		return "never"
	}
	return f.text(v)
}

func percent0(v float64) string { return strconv.FormatFloat(100*v, 'f', 0, 64) + " %" }

func cpu(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" }

func ms(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) + " ms" }

func late(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) + " ms" }

func count(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }

func one(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func two(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
