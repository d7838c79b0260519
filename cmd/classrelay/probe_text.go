package main

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/probe"
	"github.com/classrelay/classrelay/roq"
)

// write shows a report to people.
func (r *probeReport) write(w io.Writer) error {
	var b bytes.Buffer
	x := r.result
	fmt.Fprintf(&b, "\nThe line to %s (%s, classrelay %s), measured for %.1f s\n\n", x.Node, x.Address, x.Software,
		x.Lasted.Seconds())
	if x.Interrupted {
		fmt.Fprintf(&b, "interrupted: this is what there is so far\n")
	}
	if x.Ended != "" {
		fmt.Fprintf(&b, "ended early: %s\n", x.Ended)
	}
	r.writeTime(&b)
	r.writeWays(&b)
	r.writeSteps(&b)
	r.writeHops(&b)
	fmt.Fprintln(&b)
	for _, o := range r.outlooks {
		fmt.Fprintf(&b, "%s: %s\n", o.Way, o.Text)
	}
	for _, o := range r.most {
		fmt.Fprintf(&b, "%s, at most: %s\n", o.Way, o.Text)
	}
	_, err := b.WriteTo(w)
	return err
}

// lateMost is how late packets may leave before a probe says that its own machine
// spoils it: a tenth of what a frame has.
const lateMost = 4 * time.Millisecond

// writeTime tells the round trip and the clocks.
func (r *probeReport) writeTime(b *bytes.Buffer) {
	x := r.result
	fmt.Fprintf(b, "round trip  min %.1f  p50 %.1f  p99 %.1f ms at rest (%d exchanges)\n", millis(x.RTT.Min),
		millis(x.RTT.P50), millis(x.RTT.P99), x.RTT.N)
	fmt.Fprintf(b, "own error   packets left this machine p50 %.1f  p99 %.1f ms late", millis(x.Late.P50),
		millis(x.Late.P99))
	if x.Late.P99 > lateMost {
		fmt.Fprint(b, ": it is busy; jitter and waits are no better known than this, measure again")
	}
	fmt.Fprintln(b)
	c := &x.Clock
	switch {
	case !c.Known:
		fmt.Fprintln(b, "clock       not known: no exchange came back")
		return
	case r.flags.cfg.ClockError > 0:
		fmt.Fprintf(b, "clock       the two ends agree within %.1f ms, as you say", millis(r.flags.cfg.ClockError))
	default:
		word := "ahead"
		if c.Offset < 0 {
			word = "behind"
		}
		fmt.Fprintf(b, "clock       %s is %.1f ms %s, ± %.1f", x.Node, millis(c.Offset.Abs()), word, millis(c.Error))
	}
	if c.DriftKnown {
		fmt.Fprintf(b, "; they part by %.0f ± %.0f ms in an hour", 3.6e6*c.Drift, 3.6e6*c.DriftError)
	}
	fmt.Fprintln(b)
}

// writeWays tells the two directions side by side.
func (r *probeReport) writeWays(b *bytes.Buffer) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	row := func(name string, f func(w *probe.Way) string) {
		fmt.Fprintf(t, "%s\t%s\t%s\n", name, f(&r.result.Down), f(&r.result.Up))
	}
	fmt.Fprintf(t, "\n\tdown, from %s\tup, to it\n", r.result.Node)
	row("one-way delay", func(w *probe.Way) string {
		if !w.DelayKnown {
			return "not known"
		}
		return fmt.Sprintf("%.1f ms ± %.1f", millis(w.Delay), millis(w.DelayError))
	})
	row("jitter above it", func(w *probe.Way) string {
		j := &w.Jitter
		return fmt.Sprintf("p50 %.1f  p99 %.1f  max %.1f ms", millis(j.P50), millis(j.P99), millis(j.Max))
	})
	row("loss", func(w *probe.Way) string {
		return fmt.Sprintf("%.2f %% (%d of %d)", 100*w.Loss, w.Lost, w.Offered)
	})
	row("bursts", func(w *probe.Way) string {
		if w.Bursts == 0 {
			return "none"
		}
		return fmt.Sprintf("%d, mean %.1f, longest %d, p %.4f", w.Bursts, w.MeanBurst, w.LongestBurst, w.ToBad)
	})
	row("lost in a full queue", func(w *probe.Way) string { return fmt.Sprint(w.Overflow) })
	row("out of order, twice", func(w *probe.Way) string { return fmt.Sprintf("%d, %d", w.Reordered, w.Duplicated) })
	x := r.result
	fmt.Fprintf(t, "packet size\t%s\t%s\n", sizeText(x.Size.Down, &x.Down), sizeText(x.Size.Up, &x.Up))
	_ = t.Flush() // into memory
}

// sizeText says how large packets may be.
func sizeText(datagram int, w *probe.Way) string {
	switch {
	case w.FullOffered > 0 && w.FullLost == w.FullOffered && w.SmallLost < w.SmallOffered/2:
		return "full packets vanish, small ones pass: a tunnel on the way swallows them (DF black hole)"
	case datagram >= roq.DatagramSize:
		return fmt.Sprintf("%d bytes, a full class packet, pass", roq.DatagramSize)
	}
	return fmt.Sprintf("%d bytes pass, a full class packet of %d does not", datagram, roq.DatagramSize)
}

func (r *probeReport) writeSteps(b *bytes.Buffer) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nrooms\tsent Mbit/s\tcame\tlost %\tqueue ms\twait p99 ms\t\t")
	for _, d := range r.ways() {
		for _, s := range r.way(d).Steps {
			word := "holds"
			if !s.Holds {
				word = s.Why
			}
			fmt.Fprintf(t, "%d %s\t%.1f\t%.1f\t%.2f\t%.0f\t%.0f\t %s\t\n", s.Rooms, d, float64(s.Offered)/1e6,
				s.Delivered/1e6, 100*s.Loss, millis(s.Queue), millis(s.Delay.P99), word)
		}
	}
	_ = t.Flush() // into memory
}

// writeHops shows the links of the tree, from here to its top.
func (r *probeReport) writeHops(b *bytes.Buffer) {
	x := r.result
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nhop\tround trip ms\tlost down %\tlost up %\tqueue up ms\tfrom camera ms\tlayers now\t")
	fmt.Fprintf(t, "here - %s\t%.1f\t%.2f\t%.2f\t0\t-\tthis probe\t\n", x.Node, millis(x.RTT.P50), 100*x.Down.Loss,
		100*x.Up.Loss)
	for i := range x.Above {
		h := &x.Above[i]
		fmt.Fprintf(t, "%s - %s\t%.1f\t%s\t%s\t%s\t%s\t%s\t\n", h.Node, h.Parent, float64(h.RTTUs)/1e3,
			known(h.LossIn, 100, 2), known(h.LossOut, 100, 2), knownMs(h.QueueUs), knownMs(h.DelayUs), layersOf(h))
	}
	_ = t.Flush() // into memory
}

func layersOf(h *control.Hop) string {
	if h.Main+h.Sub == 0 {
		return "none"
	}
	return fmt.Sprintf("%d main, %d sub", h.Main, h.Sub)
}

// known shows a figure that may be missing.
func known(v *float64, times float64, digits int) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, *v*times)
}

func knownMs(us *int64) string {
	if us == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f", millis(time.Duration(*us)*time.Microsecond))
}
