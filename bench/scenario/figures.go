package scenario

import (
	"time"

	"github.com/classrelay/classrelay/bench/rule"
)

// figures is every figure, in the order in which they are shown.
var figures = []rule.Figure{ //nolint:gochecknoglobals // a lookup table
	rule.Of("good_in_300ms", rule.Ratio, "frames that could be decoded within 300 ms of their capture"),
	rule.Of("good_in_time", rule.Ratio, "the same within the scenario's deadline"),
	rule.Of("p50", rule.Time, "latency of good frames from capture to viewer, median"),
	rule.Of("p95", rule.Time, "the same, 95th percentile"),
	rule.Of("p99", rule.Time, "the same, 99th percentile"),
	rule.Of("max", rule.Time, "the same, the longest"),
	rule.Of("longest_stall", rule.Time, "longest time the picture stood still past its slot"),
	rule.Of("stalled", rule.Time, "all stalls together"),
	rule.Of("stalls", rule.Count, "times the picture stood still for more than 80 ms"),
	rule.Of("audio_gap", rule.Time, "longest time between two packets of sound"),
	rule.Of("sound_good", rule.Ratio, "packets of sound that came whole, of those between the first and the last one"),
	rule.Of("broken_frames", rule.Count, "frames handed to the viewer that cannot be decoded whole"),
	rule.Of("wrong_pictures", rule.Count, "with --decode: pictures that decode to something else than the camera showed"),
	rule.Of("pictures_compared", rule.Count, "with --decode: how many were compared"),
	rule.Of("overhead", rule.Ratio, "parity, in bytes of the media sent, all lines together"),
	rule.Of("padding", rule.Ratio, "probes, in bytes of the media sent"),
	rule.Of("main_share", rule.Ratio, "time on the main stream"),
	rule.Of("layer_switches", rule.Count, "between main and sub stream"),
	rule.Of("back_on_main", rule.Time, "from the line's recovery to the main stream"),
	rule.Of("first_frame", rule.Time, "from the viewer's first dial to its first good frame"),
	rule.Of("lost_on_line", rule.Ratio, "packets of the way down that the lines lost, all lines together"),
	rule.Of("bulk_share", rule.Ratio, "part of the line that the TCP flows beside got, by payload, while they ran"),
	rule.Of("emulator_late_p99", rule.Time, "how late the emulator let packets go"),
	rule.Of("emulator_overrun", rule.Count, "packets the emulator lost because the machine was too slow"),
}

// Rule is a limit on one of the figures.
type Rule = rule.Rule

// never is the value of a time that did not come, such as back_on_main of a viewer
// that stayed on the sub stream. It misses every upper limit.
var never = rule.Never //nolint:gochecknoglobals // a constant, which the language does not let it be

// ParseRule reads a rule about one of the figures, as in "p99 <= 130ms",
// "good_in_300ms >= 99.9 %" or "broken_frames == 0".
func ParseRule(s string) (Rule, error) { return rule.Parse(s, figures) }

// FigureHelp tells what rules can name, a line each.
func FigureHelp() string { return rule.Help(figures) }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
