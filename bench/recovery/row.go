package recovery

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Row is what one scheme reached on one link.
type Row struct {
	Cell   Cell
	Scheme string
	Frames int
	Loss   float64 // share of packets that the link lost in fact

	OnTime float64 // share of frames complete within the deadline
	Freeze float64 // share of frames that could not be shown in time: they, or one they refer to, were not complete
	P50    time.Duration
	P99    time.Duration // of the latency of frames; those never complete count as longest

	Media      int // packets
	MediaBytes int
	Repairs    int // packets of parity and repeated ones
	Restored   int // packets
	Wrong      int // of these, those with wrong bytes
	Feedback   int // bytes
}

// Overhead is the number of repair packets per media packet.
func (r *Row) Overhead() float64 { return float64(r.Repairs) / float64(max(r.Media, 1)) }

// Met tells whether the target of the cell is reached.
func (r *Row) Met() bool {
	t := &r.Cell.Target
	return r.OnTime >= t.OnTime && r.Freeze <= t.Freeze && r.Overhead() <= t.Overhead &&
		(t.P99 == 0 || r.P99 <= t.P99) && r.Wrong == 0
}

// never is the latency of a frame that was never complete.
const never = time.Hour

// finish turns what was measured into figures.
func (a *audit) finish(deadline time.Duration, r *Row) {
	latency := make([]time.Duration, len(a.frames))
	onTime, frozen := 0, 0
	var complete time.Time // when the group of pictures is complete so far
	for i := range a.frames {
		f := &a.frames[i]
		latency[i] = never
		end := f.start.Add(never)
		if f.missing == 0 {
			latency[i] = f.complete.Sub(f.start)
			end = f.complete
		}
		if i%framesPerGOP == 0 || end.After(complete) {
			complete = end
		}
		if latency[i] <= deadline {
			onTime++
		}
		if complete.After(f.start.Add(deadline)) {
			frozen++
		}
	}
	n := len(a.frames)
	r.OnTime = float64(onTime) / float64(n)
	r.Freeze = float64(frozen) / float64(n)
	slices.Sort(latency)
	r.P50, r.P99 = latency[n/2], latency[min(n-1, n*99/100)]
}

// Write prints rows as a table, with the targets under the product's own.
func Write(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "link\tscheme\ton time %\tfreeze %\toverhead %\tp50 ms\tp99 ms\tframes\twrong\ttarget\t\t")
	for i := range rows {
		r := &rows[i]
		fmt.Fprintf(t, "%v\t%s\t%.4f\t%.4f\t%.2f\t%s\t%s\t%d\t%d\t%s\t\n", r.Cell, r.Scheme,
			100*r.OnTime, 100*r.Freeze, 100*r.Overhead(), millis(r.P50), millis(r.P99), r.Frames, r.Wrong, r.verdict())
	}
	return t.Flush()
}

func millis(d time.Duration) string {
	if d >= never {
		return "never"
	}
	return fmt.Sprintf("%.0f", float64(d)/float64(time.Millisecond))
}

func (r *Row) verdict() string {
	if r.Scheme != Planned {
		return ""
	}
	t := &r.Cell.Target
	word := "MISSED"
	if r.Met() {
		word = "met"
	}
	p99 := "any"
	if t.P99 > 0 {
		p99 = millis(t.P99)
	}
	return fmt.Sprintf("%s (%.4g / %.4g / %.4g / %s)", word, 100*t.OnTime, 100*t.Freeze, 100*t.Overhead, p99)
}
