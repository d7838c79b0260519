package scenario

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
	ratio  kind = iota // a share, 0 to 1; written in per cent
	length             // a time, in milliseconds
	count
)

// figure is one number of a run that a rule can name.
type figure struct {
	name string
	kind kind
	help string
}

// figures is every figure, in the order in which they are shown.
var figures = []figure{ //nolint:gochecknoglobals // a lookup table
	{"good_in_300ms", ratio, "frames that could be decoded within 300 ms of their capture"},
	{"good_in_time", ratio, "the same within the scenario's deadline"},
	{"p50", length, "latency of good frames from capture to viewer, median"},
	{"p95", length, "the same, 95th percentile"},
	{"p99", length, "the same, 99th percentile"},
	{"max", length, "the same, the longest"},
	{"longest_stall", length, "longest time the picture stood still past its slot"},
	{"stalled", length, "all stalls together"},
	{"stalls", count, "times the picture stood still for more than 80 ms"},
	{"audio_gap", length, "longest time between two packets of sound"},
	{"broken_frames", count, "frames handed to the viewer that cannot be decoded whole"},
	{"wrong_pictures", count, "with --decode: pictures that decode to something else than the camera showed"},
	{"pictures_compared", count, "with --decode: how many were compared"},
	{"overhead", ratio, "parity, in bytes of the media sent, all lines together"},
	{"padding", ratio, "probes, in bytes of the media sent"},
	{"main_share", ratio, "time on the main stream"},
	{"layer_switches", count, "between main and sub stream"},
	{"back_on_main", length, "from the line's recovery to the main stream"},
	{"first_frame", length, "from the viewer's first dial to its first good frame"},
	{"lost_on_line", ratio, "packets of the way down that the lines lost, all lines together"},
	{"bulk_share", ratio, "part of the line that the TCP flows beside got, by payload, while they ran"},
	{"emulator_late_p99", length, "how late the emulator let packets go"},
	{"emulator_overrun", count, "packets the emulator lost because the machine was too slow"},
}

// findFigure returns the figure with a name.
func findFigure(name string) (figure, bool) {
	i := slices.IndexFunc(figures, func(f figure) bool { return f.name == name })
	if i < 0 {
		return figure{}, false
	}
	return figures[i], true
}

// figureNames are those of all figures, in order.
func figureNames() (names []string) {
	for _, f := range figures {
		names = append(names, f.name)
	}
	return names
}

// FigureHelp tells what rules can name, a line each.
func FigureHelp() string {
	var b strings.Builder
	for _, f := range figures {
		fmt.Fprintf(&b, "  %-18s %-6s %s\n", f.name, f.kind.unit(), f.help)
	}
	return b.String()
}

// never is the value of a time that did not come, such as back_on_main of a viewer
// that stayed on the sub stream. It misses every upper limit.
var never = math.Inf(1) //nolint:gochecknoglobals // a constant, which the language does not let it be

// text writes a value of the kind for people.
func (k kind) text(v float64) string {
	switch {
	case math.IsInf(v, 0) || math.IsNaN(v):
		return "never"
	case k == ratio:
		// Never rounded to 100: that is said only where it is so.
		if v < 1 && v > 0.9999 {
			return "99.99 %"
		}
		return strconv.FormatFloat(100*v, 'f', 2, 64) + " %"
	case k == length && v >= 10_000:
		return strconv.FormatFloat(v/1000, 'f', 1, 64) + " s"
	case k == length && v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64) + " ms"
	case k == length:
		return strconv.FormatFloat(v, 'f', 0, 64) + " ms"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// unit is what a value is in, in the JSON.
func (k kind) unit() string {
	return [...]string{ratio: "ratio", length: "ms", count: "count"}[k]
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
