package soak

import (
	"time"

	"github.com/classrelay/classrelay/bench/rule"
)

// figure is one number of a run that a rule can name. Slopes read a series of the
// windows, the others the whole run.
type figure struct {
	rule.Figure
	whole  func(l *Log) float64     // nil for slopes
	series func(w *Window) *float64 // of slopes only
	// floor: the slope is one of the lowest values, which are what is there when
	// nobody else is. Viewers who come and go only add to it.
	floor bool
}

// figures is every figure, in the order in which they are shown.
var figures = []figure{ //nolint:gochecknoglobals // a lookup table
	ofRun("good_in_300ms", rule.Ratio, "frames decodable within 300 ms of their capture", (*Log).goodInTime),
	ofRun("p50", rule.Time, "latency of good frames: median of the windows' medians", (*Log).p50),
	ofRun("p99", rule.Time, "median of the windows' 99th percentiles", (*Log).p99),
	ofRun("longest_stall", rule.Time, "longest time the picture stood still past its slot", (*Log).longestStall),
	ofRun("broken_frames", rule.Count, "frames handed to the viewer that cannot be decoded whole", (*Log).broken),
	slope("latency_p50_slope", rule.TimeHour, "growth of the windows' median latency", (*Window).medianLatency, false),
	slope("latency_p99_slope", rule.TimeHour, "growth of the windows' 99th percentile", (*Window).highLatency, false),
	slope("rss_slope", rule.BytesHour, "growth of the process in memory", (*Window).rss, true),
	slope("heap_slope", rule.BytesHour, "growth of what the garbage collector finds alive", (*Window).heap, true),
	slope("goroutines_slope", rule.CountHour, "growth of the number of goroutines", (*Window).goroutines, true),
	slope("fds_slope", rule.CountHour, "growth of the number of open descriptors", (*Window).descriptors, true),
	ofRun("faults", rule.Count, "things that must never happen, told in the report", (*Log).faults),
	ofRun("emulator_late_p99", rule.Time, "how late the emulator let packets go", (*Log).emulatorLate),
	ofRun("goroutines_left", rule.Count, "goroutines more than before, when all was stopped", (*Log).goroutinesLeft),
	ofRun("fds_left", rule.Count, "the same for open descriptors", (*Log).descriptorsLeft),
}

func ofRun(name string, k rule.Kind, help string, value func(*Log) float64) figure {
	return figure{Figure: rule.Of(name, k, help), whole: value}
}

func slope(name string, k rule.Kind, help string, of func(*Window) *float64, floor bool) figure {
	return figure{Figure: rule.Of(name, k, help), series: of, floor: floor}
}

// named are the figures as rules name them.
func named() (all []rule.Figure) {
	for i := range figures {
		all = append(all, figures[i].Figure)
	}
	return all
}

// FigureHelp tells what rules can name, a line each.
func FigureHelp() string { return rule.Help(named()) }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
