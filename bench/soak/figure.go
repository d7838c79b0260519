package soak

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is what a figure counts in.
type kind uint8

const (
	ratio      kind = iota // a share, 0 to 1; written in per cent
	length                 // a time, in milliseconds
	count                  // a plain number
	lengthHour             // milliseconds per hour
	bytesHour              // megabytes per hour
	countHour              // per hour
)

// units is what a value of each kind is in, in the JSON.
var units = [...]string{ //nolint:gochecknoglobals // a lookup table
	ratio: "ratio", length: "ms", count: "count", lengthHour: "ms/h", bytesHour: "MB/h", countHour: "1/h",
}

// figure is one number of a run that a rule can name. Slopes read a series of the
// windows, the others the whole run.
type figure struct {
	name   string
	kind   kind
	help   string
	whole  func(l *Log) float64     // nil for slopes
	series func(w *Window) *float64 // of slopes only
	// floor: the slope is one of the lowest values, which are what is there when
	// nobody else is. Viewers who come and go only add to it.
	floor bool
}

// figures is every figure, in the order in which they are shown.
var figures = []figure{ //nolint:gochecknoglobals // a lookup table
	{"good_in_300ms", ratio, "frames decodable within 300 ms of their capture", (*Log).goodInTime, nil, false},
	{"p50", length, "latency of good frames: median of the windows' medians", (*Log).p50, nil, false},
	{"p99", length, "median of the windows' 99th percentiles", (*Log).p99, nil, false},
	{"longest_stall", length, "longest time the picture stood still past its slot", (*Log).longestStall, nil, false},
	{"broken_frames", count, "frames handed to the viewer that cannot be decoded whole", (*Log).broken, nil, false},
	{"latency_p50_slope", lengthHour, "growth of the windows' median latency", nil, (*Window).medianLatency, false},
	{"latency_p99_slope", lengthHour, "growth of the windows' 99th percentile", nil, (*Window).highLatency, false},
	{"rss_slope", bytesHour, "growth of the process in memory", nil, (*Window).rss, true},
	{"heap_slope", bytesHour, "growth of what the garbage collector finds alive", nil, (*Window).heap, true},
	{"goroutines_slope", countHour, "growth of the number of goroutines", nil, (*Window).goroutines, true},
	{"fds_slope", countHour, "growth of the number of open descriptors", nil, (*Window).descriptors, true},
	{"faults", count, "things that must never happen, told in the report", (*Log).faults, nil, false},
	{"emulator_late_p99", length, "how late the emulator let packets go", (*Log).emulatorLate, nil, false},
	{"goroutines_left", count, "goroutines more than before, when all was stopped", (*Log).goroutinesLeft, nil, false},
	{"fds_left", count, "the same for open descriptors", (*Log).descriptorsLeft, nil, false},
}

// FigureHelp tells what rules can name, a line each.
func FigureHelp() string {
	var b strings.Builder
	for _, f := range figures {
		fmt.Fprintf(&b, "  %-18s %-6s %s\n", f.name, units[f.kind], f.help)
	}
	return b.String()
}

func findFigure(name string) (figure, bool) {
	i := slices.IndexFunc(figures, func(f figure) bool { return f.name == name })
	if i < 0 {
		return figure{}, false
	}
	return figures[i], true
}

func figureNames() (names []string) {
	for _, f := range figures {
		names = append(names, f.name)
	}
	return names
}

// parse reads a limit of the kind.
func (k kind) parse(s string) (float64, error) {
	switch k {
	case ratio:
		return parseNumber(s, "%", "99.9%", "e-2")
	case length:
		return parseTime(s)
	case lengthHour:
		number, ok := strings.CutSuffix(s, "/h")
		v, err := parseTime(strings.TrimSpace(number))
		if !ok || err != nil {
			return 0, fmt.Errorf("%q is not a time per hour: write it like 1ms/h", s)
		}
		return v, nil
	case bytesHour:
		if strings.Contains(s, "kB") {
			return parseNumber(s, "kB/h", "1MB/h or 64kB/h", "e-3")
		}
		return parseNumber(s, "MB/h", "1MB/h or 64kB/h", "")
	case countHour:
		return parseNumber(s, "/h", "0.5/h", "")
	default:
		return parseNumber(s, "", "0 or 3", "")
	}
}

// parseNumber reads a number with its unit. The exponent makes our unit of it while
// it is read: 99.9 divided by 100 would be a little above 0.999.
func parseNumber(s, unit, example, exponent string) (float64, error) {
	number, ok := strings.CutSuffix(s, unit)
	v, err := strconv.ParseFloat(strings.TrimSpace(number)+exponent, 64)
	if !ok || err != nil || !(v >= 0) || math.IsInf(v, 0) { // not NaN either
		return 0, fmt.Errorf("%q is no limit here: write it like %s", s, example)
	}
	return v, nil
}

func parseTime(s string) (float64, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time: write it like 130ms or 8s", s)
	}
	return millis(d), nil
}

// text writes a value of the kind for people.
func (k kind) text(v float64) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "unknown"
	}
	number := func(digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }
	switch k {
	case ratio:
		if v < 1 && v > 0.9999 { // never rounded to 100
			return "99.99 %"
		}
		return strconv.FormatFloat(100*v, 'f', 2, 64) + " %"
	case length:
		return number(1) + " ms"
	case lengthHour:
		return number(2) + " ms/h"
	case bytesHour:
		return number(3) + " MB/h"
	case countHour:
		return number(2) + "/h"
	case count:
	}
	return number(0)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
