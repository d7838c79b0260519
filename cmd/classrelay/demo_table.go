package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/classrelay/classrelay/bench/viewer"
)

// table shows the demo live: redrawn in place on a terminal, and one line a
// second anywhere else.
type table struct {
	w     io.Writer
	live  bool
	lines int // drawn the last time
	start time.Time
}

// newTable writes what stays on the screen.
func newTable(w io.Writer, link, url string) *table {
	_, _ = fmt.Fprintf(w, "camera → hub → %s line → branch → viewer\n\nOpen in a player: %s   (Ctrl-C ends the demo)\n\n",
		link, url)
	return &table{w: w, live: isTerminal(w), start: time.Now()}
}

// show writes the state of this second.
func (t *table) show(s viewer.Snapshot, line figures) {
	if !t.live {
		_, _ = fmt.Fprintln(t.w, plainLine(time.Since(t.start), s, line))
		return
	}
	var b strings.Builder
	if t.lines > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", t.lines) // up to where the table begins (ECMA-48 CUU)
	}
	rows := tableRows(s, line)
	for _, row := range rows {
		b.WriteString("\x1b[2K" + row + "\n") // clear the line first (ECMA-48 EL)
	}
	t.lines = len(rows)
	_, _ = io.WriteString(t.w, b.String())
}

func plainLine(elapsed time.Duration, s viewer.Snapshot, line figures) string {
	if s.Layer == "" {
		return fmt.Sprintf("%4.0fs  no picture yet", elapsed.Seconds())
	}
	return fmt.Sprintf("%4.0fs  frames %d/s  on time %s  p50 %.0f  p95 %.0f  p99 %.0f ms  %s  line loss %s  %.1f Mbit/s",
		elapsed.Seconds(), s.Good, percent(s.Whole.GoodIn300msRatio),
		s.Latency.P50, s.Latency.P95, s.Latency.P99, s.Layer, percent(line.loss), line.rate/1e6)
}

func tableRows(s viewer.Snapshot, line figures) []string {
	row := func(name, second, whole string) string {
		return strings.TrimRight(fmt.Sprintf("%-16s %-18s %s", name, second, whole), " ")
	}
	ms := func(v float64) string { return fmt.Sprintf("%.0f ms", v) }
	layer := s.Layer
	if layer == "" {
		layer = "no picture yet"
	}
	w := s.Whole
	return []string{
		row("", "last second", "since the start"),
		row("frames on time", fmt.Sprintf("%d", s.Good),
			fmt.Sprintf("%s of %d", percent(w.GoodIn300msRatio), w.FramesExpected)),
		row("latency p50", ms(s.Latency.P50), ms(w.Latency.P50)),
		row("        p95", ms(s.Latency.P95), ms(w.Latency.P95)),
		row("        p99", ms(s.Latency.P99), ms(w.Latency.P99)),
		row("layer", layer, fmt.Sprintf("%d switches", w.LayerSwitches)),
		row("lost on the line", percent(line.loss), ""),
		row("brought back", "",
			fmt.Sprintf("%d of %d packets, for %s of parity", line.restored, line.lost, percent(line.parity))),
		row("queue on the line", fmt.Sprintf("%d ms", line.queue.Milliseconds()), ""),
		row("rate on the line", fmt.Sprintf("%.1f Mbit/s", line.rate/1e6), ""),
		row("stalls", "", fmt.Sprintf("%d, the longest %.0f ms", w.Stalls, w.LongestStallMs)),
		row("last change", line.change, ""),
	}
}

// summarise writes the result for people.
func summarise(w io.Writer, r demoResult) {
	_, _ = fmt.Fprintf(w, `
%d of %d frames were good, %s of them within 300 ms
latency      p50 %.1f  p95 %.1f  p99 %.1f  max %.1f ms
stalls       %d, the longest %.0f ms
layer        %d switches
line         %.0f ms one way, %s lost, %.1f Mbit/s; the emulator was late by %.1f ms at p99
`,
		r.FramesGood, r.FramesExpected, percent(r.GoodIn300msRatio),
		r.Latency.P50, r.Latency.P95, r.Latency.P99, r.Latency.Max,
		r.Stalls, r.LongestStallMs, r.LayerSwitches,
		r.Line.OneWayMs, percent(r.Line.LossRatio), r.Line.RateMbit, r.Line.LateMs.P99)
	if r.Line.Overrun > 0 {
		_, _ = fmt.Fprintf(w, "The emulator itself lost %d packets: this machine is too busy, the figures mean nothing.\n",
			r.Line.Overrun)
	}
}

// percent never rounds up to 100: that is said only where it is so.
func percent(ratio float64) string {
	if ratio < 1 && ratio > 0.9995 {
		return "99.9 %"
	}
	return fmt.Sprintf("%.1f %%", 100*ratio)
}
