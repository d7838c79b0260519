package soak

import (
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/scenario"
)

// day is a log of so long whose figures are those of the function.
func day(length time.Duration, f func(at time.Duration, w *Window)) *Log {
	l := &Log{}
	for at := 10 * time.Second; at <= length; at += 10 * time.Second {
		w := Window{At: at.Seconds(), Frames: 250, Good: 250, InTime: 250}
		f(at, &w)
		l.Windows = append(l.Windows, w)
	}
	return l
}

func TestRulesOnADay(t *testing.T) {
	flat := func(_ time.Duration, w *Window) { w.Goroutines = new(100.0) }
	leak := func(at time.Duration, w *Window) { w.Goroutines = new(float64(100 + int(2*at.Hours()))) }
	tests := []struct {
		name   string
		length time.Duration
		f      func(at time.Duration, w *Window)
		rule   string
		want   Outcome
	}{
		{"a flat day", 8 * time.Hour, flat, "goroutines_slope <= 0.5/h", Met},
		{"two goroutines an hour", 8 * time.Hour, leak, "goroutines_slope <= 0.5/h", Missed},
		{"the same in a quarter of an hour", 14 * time.Minute, leak, "goroutines_slope <= 0.5/h", Unclear},
		{"a flat quarter of an hour", 14 * time.Minute, flat, "goroutines_slope <= 0.5/h", Unclear},
		{"a flat half hour", 30 * time.Minute, flat, "goroutines_slope <= 0.5/h", Met},
		{"a figure that was not measured", 8 * time.Hour, flat, "fds_slope <= 0.5/h", Unclear},
		{"a step while it warms up", 8 * time.Hour, func(at time.Duration, w *Window) {
			w.Heap = new(10.0)
			if at > 20*time.Minute {
				w.Heap = new(30.0)
			}
		}, "heap_slope <= 64kB/h", Met},
		{"a step in the afternoon", 8 * time.Hour, func(at time.Duration, w *Window) {
			w.Heap = new(10.0)
			if at > 4*time.Hour {
				w.Heap = new(30.0)
			}
		}, "heap_slope <= 64kB/h", Unclear},
		{"a half of the frames", time.Minute, func(_ time.Duration, w *Window) { w.InTime = 125 }, "good_in_300ms >= 50%", Met},
		{"fewer", time.Minute, func(_ time.Duration, w *Window) { w.InTime = 124 }, "good_in_300ms >= 50%", Missed},
		{"exactly 99.9 %", 40 * time.Second, func(at time.Duration, w *Window) {
			if at == 10*time.Second {
				w.InTime = 249
			}
		}, "good_in_300ms >= 99.9%", Met},
		{"a broken frame", time.Minute, func(_ time.Duration, w *Window) { w.Broken = 1 }, "broken_frames == 0", Missed},
		{"no emulator", time.Minute, flat, "emulator_late_p99 <= 2ms", Unclear},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rule, err := ParseRule(tt.rule)
			if err != nil {
				t.Fatal(err)
			}
			j := day(tt.length, tt.f).Judge([]Rule{rule})[0]
			if j.Outcome != tt.want {
				t.Errorf("%s: %s with %v, %+v", tt.rule, j.Outcome, j.Value, j.Slope)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	met, missed, unclear := Judged{Outcome: Met}, Judged{Outcome: Missed}, Judged{Outcome: Unclear}
	for _, tt := range []struct {
		name        string
		judged      []Judged
		interrupted bool
		want        scenario.Verdict
	}{
		{"all met", []Judged{met, met}, false, scenario.Pass},
		{"one missed", []Judged{unclear, missed, met}, false, scenario.Missed},
		{"one unclear", []Judged{met, unclear}, false, scenario.Incomplete},
		{"all met so far", []Judged{met}, true, scenario.Incomplete},
		{"missed so far", []Judged{missed}, true, scenario.Missed},
	} {
		l := &Log{Windows: make([]Window, 1), Interrupted: tt.interrupted}
		if got := l.Verdict(tt.judged); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
	if got := (&Log{}).Verdict([]Judged{met}); got != scenario.Incomplete {
		t.Errorf("without a window: %s", got)
	}
}

func TestWhatIsLeftIsCounted(t *testing.T) {
	l := &Log{
		Before: Process{Goroutines: new(5.0), Descriptors: new(9.0)},
		After:  Process{Goroutines: new(7.0), Descriptors: new(8.0)},
	}
	if l.goroutinesLeft() != 2 || l.descriptorsLeft() != 0 {
		t.Error(l.goroutinesLeft(), l.descriptorsLeft())
	}
}

func TestBadRulesAreRefusedWithAWord(t *testing.T) {
	for rule, want := range map[string]string{
		"rss_slope":                "no comparison",
		"rsss_slope <= 1MB/h":      `no figure "rsss_slope"`,
		"rss_slope <= 1MB":         "write it like 1MB/h",
		"rss_slope == 0MB/h":       "never known exactly",
		"latency_p99_slope <= 1/h": "write it like 1ms/h",
		"fds_slope <= -1/h":        "write it like 0.5/h",
		"good_in_300ms >= 99":      "write it like 99.9%",
		"p50 <= 20":                "write it like 130ms",
		"broken_frames == NaN":     "write it like 0",
	} {
		if _, err := ParseRule(rule); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", rule, err, want)
		}
	}
}

func TestTheListsOfRulesAreWhole(t *testing.T) {
	if n := len(RealRules()); n != 12 {
		t.Errorf("%d real rules: one of them is wrong", n)
	}
	if n := len(VirtualRules()); n != 5 {
		t.Errorf("%d virtual rules: one of them is wrong", n)
	}
	if _, err := RuralDay(); err != nil {
		t.Error(err)
	}
}

func TestThisProcessIsMeasured(t *testing.T) {
	p := Look()
	if p.Goroutines == nil || *p.Goroutines < 1 || p.Heap == nil {
		t.Errorf("%+v", p)
	}
	done := make(chan struct{})
	go func() { <-done }() // ends below
	if after := Look(); *after.Goroutines < *p.Goroutines+1 {
		t.Errorf("%v, then %v goroutines", *p.Goroutines, *after.Goroutines)
	}
	if all := strings.Join(creators(), "\n"); !strings.Contains(all, "TestThisProcessIsMeasured") {
		t.Errorf("who started it? %s", all)
	}
	close(done)
}
