package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/classrelay/classrelay/bench/scenario"
)

// benchLive shows a bench on a terminal: a row for each run that is over, which
// stays, and below them the runs that go on and how far the whole is, redrawn in
// place.
type benchLive struct {
	mu     sync.Mutex // runs may go on side by side
	w      io.Writer
	width  func() int
	bar    benchBar
	going  []liveRun
	drawn  int // lines below that will be drawn over
	headed bool
	missed int // rules, by runs that are over
}

// liveRun is a run that goes on.
type liveRun struct {
	last scenario.Second
	p99  []float64 // second by second
}

// benchBar knows how far the whole bench is.
type benchBar struct {
	began      time.Time
	runs, over int
	all, past  time.Duration // of the runs' own time
}

func newBenchLive(w io.Writer, all []*scenario.Scenario, seeds int, now time.Time) *benchLive {
	l := &benchLive{w: w, width: func() int { return widthOf(w) }, bar: benchBar{began: now}}
	for _, s := range all {
		l.bar.runs += seeds
		l.bar.all += time.Duration(seeds) * s.For
	}
	return l
}

// widthOf is how many columns a terminal has.
func widthOf(w io.Writer) int {
	const usual = 80
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return usual
}

// second tells what a run shows now.
func (l *benchLive) second(s scenario.Second) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.find(s.Scenario, s.Seed)
	if i < 0 {
		i, l.going = len(l.going), append(l.going, liveRun{})
	}
	r := &l.going[i]
	r.last, r.p99 = s, append(r.p99, s.View.Latency.P99)
	l.draw("", time.Now())
}

func (l *benchLive) find(name string, seed uint64) int {
	return slices.IndexFunc(l.going, func(r liveRun) bool { return r.last.Scenario == name && r.last.Seed == seed })
}

// done tells that a run is over.
func (l *benchLive) done(s *scenario.Scenario, r *scenario.Run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := l.find(s.Name, r.Seed); i >= 0 {
		l.going = slices.Delete(l.going, i, i+1)
	}
	if again := r.Late && !r.Repeated; again { // it will be played once more
		l.bar.runs++
		l.bar.all += s.For
	} else {
		l.missed += len(s.Missed(r))
	}
	l.bar.over++
	l.bar.past += s.For
	var b strings.Builder
	if !l.headed {
		l.headed = true
		fmt.Fprintf(&b, rowForm+"\n", "", "scenario", "seed", "in time", "p50", "p99", "max", "stalls", "longest",
			"parity", "lost", "")
	}
	b.WriteString(doneRow(s, r))
	l.draw(b.String(), time.Now())
}

// end takes away what was redrawn in place.
func (l *benchLive) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.going = nil
	_, _ = io.WriteString(l.w, l.erase())
	l.drawn = 0
}

const rowForm = "%-1s %-18s %4s %9s %8s %8s %8s %6s %8s %7s %7s  %s"

// doneRow is a run that is over, in the columns of the heading.
func doneRow(s *scenario.Scenario, r *scenario.Run) string {
	sign, word := "✓", ""
	missed := s.Missed(r)
	switch {
	case r.Failed != "":
		return fmt.Sprintf("✗ %-18s %4d could not run: %s", s.Name, r.Seed, r.Failed)
	case r.Interrupted:
		sign, word = "-", "interrupted"
	case r.Late && !r.Repeated:
		sign, word = "~", "the emulator was late: will be repeated"
	case len(missed) > 0:
		sign, word = "✗", "missed: "+strings.Join(missed, ", ")
	}
	f := r.Text
	return fmt.Sprintf(rowForm, sign, s.Name, fmt.Sprint(r.Seed), f("good_in_time"), f("p50"), f("p99"), f("max"),
		f("stalls"), f("longest_stall"), f("overhead"), f("lost_on_line"), word)
}

// erase moves the cursor up to where the redrawn lines begin and clears from there
// (ECMA-48 CUU and ED).
func (l *benchLive) erase() string {
	if l.drawn == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\x1b[J", l.drawn)
}

// draw writes lines that stay, if there are any, and then the state of things. It is
// one write, so that nothing flickers.
func (l *benchLive) draw(stays string, now time.Time) {
	var b strings.Builder
	b.WriteString(l.erase())
	width := l.width() - 1 // a line that fills the last column may wrap
	if stays != "" {
		for line := range strings.SplitSeq(stays, "\n") {
			b.WriteString(cut(line, width) + "\n")
		}
	}
	l.drawn = 0
	for i := range l.going {
		for _, line := range l.going[i].rows(width) {
			b.WriteString(cut(line, width) + "\n")
			l.drawn++
		}
	}
	b.WriteString(cut(l.bar.row(now, l.missed), width) + "\n")
	l.drawn++
	_, _ = io.WriteString(l.w, b.String())
}

// rows are what a run shows: how far it is and what the last second was like, and
// its p99 so far.
func (r *liveRun) rows(width int) []string {
	s := &r.last
	done := share(s.At, s.Of)
	first := fmt.Sprintf("> %-18s %4d %s %3.0f/%.0f s  ", s.Scenario, s.Seed, progressBar(done, 20),
		s.At.Seconds(), s.Of.Seconds())
	if s.View.Layer == "" {
		return []string{first + "no picture yet"}
	}
	first += fmt.Sprintf("%-4s  %2d frames/s  p50 %.0f  p99 %.0f ms  lost %s  %.1f Mbit/s",
		s.View.Layer, s.View.Good, s.View.Latency.P50, s.View.Latency.P99, percent(s.Lost), s.Rate/1e6)
	const lead = 26
	whole := &s.View.Whole
	tail := fmt.Sprintf("  in time %s  stalls %d", percent(whole.GoodIn300msRatio), whole.Stalls)
	last := r.p99[max(0, len(r.p99)-max(10, width-lead-len(tail))):]
	return []string{first, fmt.Sprintf("%*s%s%s", lead, "p99 up to 300 ms ", sparkline(last, 300), tail)}
}

// row is the last line.
func (b *benchBar) row(now time.Time, missed int) string {
	line := fmt.Sprintf("  %d of %d runs %s", b.over, b.runs, progressBar(share(b.past, b.all), 30))
	if b.past > 0 && b.past < b.all {
		left := time.Duration(float64(now.Sub(b.began)) * float64(b.all-b.past) / float64(b.past))
		line += "  about " + left.Round(time.Second).String() + " left"
	}
	if missed > 0 {
		line += fmt.Sprintf("  %d rules missed so far", missed)
	}
	return line + "  (Ctrl-C: report so far)"
}

func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, float64(part)/float64(whole))
}

// progressBar is so many columns wide, brackets apart.
func progressBar(done float64, width int) string {
	full := int(done*float64(width) + 0.5)
	return "[" + strings.Repeat("█", full) + strings.Repeat("·", width-full) + "]"
}

// sparkline draws values, of which the highest bar is limit and more.
func sparkline(values []float64, limit float64) string {
	levels := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range values {
		b.WriteRune(levels[min(max(int(v/limit*float64(len(levels)-1)), 0), len(levels)-1)])
	}
	return b.String()
}

// cut shortens a line of narrow runes to so many columns.
func cut(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(0, width-1)]) + "…"
}
