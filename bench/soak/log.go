package soak

import (
	"math"
	"slices"
	"time"

	"github.com/classrelay/classrelay/bench/scenario"
)

// Log is everything that was seen in a run, and judges it. It has one owner.
type Log struct {
	Windows []Window
	// Before and After are the process before the first part was made, and when the
	// last one had stopped.
	Before, After Process
	// Left names who started the goroutines that were still there then.
	Left []string
	// EmulatorLate is how late the emulated lines let packets go at p99, in
	// milliseconds; nil without emulator.
	EmulatorLate *float64
	// Faults are things that must never happen, the first few in words.
	Faults     []string
	FaultCount int
	// Interrupted says that the run was ended before its time.
	Interrupted bool
}

// faultsKept is how many faults are told in words: the first ones say most.
const faultsKept = 20

// Fault notes something that must never happen.
func (l *Log) Fault(at time.Duration, what string) {
	l.FaultCount++
	if len(l.Faults) < faultsKept {
		l.Faults = append(l.Faults, at.Round(time.Millisecond).String()+": "+what)
	}
}

const (
	// warmShare of a run, at most warmMost, is not looked at for slopes: caches fill,
	// the garbage collector finds its rhythm, the estimator the link.
	warmShare = 3
	warmMost  = 30 * time.Minute
)

// series is one figure of the windows after the warm-up.
func (l *Log) series(of func(*Window) *float64) (points []Point) {
	if len(l.Windows) == 0 {
		return nil
	}
	at := func(w *Window) time.Duration { return time.Duration(w.At * float64(time.Second)) }
	warm := min(at(&l.Windows[len(l.Windows)-1])/warmShare, warmMost)
	for i := range l.Windows {
		w := &l.Windows[i]
		if v := of(w); v != nil && at(w) > warm {
			points = append(points, Point{At: at(w), V: *v})
		}
	}
	return points
}

func (l *Log) goodInTime() float64 {
	var frames, inTime int
	for i := range l.Windows {
		frames += l.Windows[i].Frames
		inTime += l.Windows[i].InTime
	}
	if frames == 0 {
		return math.NaN()
	}
	return float64(inTime) / float64(frames)
}

func (l *Log) p50() float64 { return l.median((*Window).medianLatency) }
func (l *Log) p99() float64 { return l.median((*Window).highLatency) }

func (l *Log) median(of func(*Window) *float64) float64 {
	var values []float64
	for i := range l.Windows {
		if v := of(&l.Windows[i]); v != nil {
			values = append(values, *v)
		}
	}
	slices.Sort(values)
	return middle(values)
}

func (l *Log) faults() float64 { return float64(l.FaultCount) }

func (l *Log) longestStall() float64 {
	longest := 0.0
	for i := range l.Windows {
		longest = max(longest, l.Windows[i].LongestStall)
	}
	return longest
}

func (l *Log) broken() float64 {
	sum := 0
	for i := range l.Windows {
		sum += l.Windows[i].Broken
	}
	return float64(sum)
}

func (l *Log) goroutinesLeft() float64  { return left(l.Before.Goroutines, l.After.Goroutines) }
func (l *Log) descriptorsLeft() float64 { return left(l.Before.Descriptors, l.After.Descriptors) }

func (l *Log) emulatorLate() float64 {
	if l.EmulatorLate == nil {
		return math.NaN()
	}
	return *l.EmulatorLate
}

// left is by how much a number is higher than before; NaN when it is not known.
func left(before, after *float64) float64 {
	if before == nil || after == nil {
		return math.NaN()
	}
	return max(0, *after-*before)
}

// Judged is a rule with what came out.
type Judged struct {
	Rule    Rule
	Value   float64 // NaN: never measured
	Slope   Slope   // of a rule about one
	Outcome Outcome
}

// Judge applies the rules.
func (l *Log) Judge(rules []Rule) (judged []Judged) {
	for _, r := range rules {
		j := Judged{Rule: r, Outcome: Unclear}
		if r.figure.series != nil {
			j.Slope = Fit(l.series(r.figure.series), r.figure.floor)
			j.Value, j.Outcome = j.Slope.PerHour, r.judgeSlope(&j.Slope)
		} else if j.Value = r.figure.whole(l); !math.IsNaN(j.Value) {
			j.Outcome = Missed
			if r.Met(j.Value) {
				j.Outcome = Met
			}
		}
		judged = append(judged, j)
	}
	return judged
}

// Verdict sums up: a rule that was missed decides, then one that is unclear.
func (l *Log) Verdict(judged []Judged) scenario.Verdict {
	verdict := scenario.Pass
	if l.Interrupted || len(l.Windows) == 0 {
		verdict = scenario.Incomplete
	}
	for i := range judged {
		switch judged[i].Outcome {
		case Missed:
			return scenario.Missed
		case Unclear:
			verdict = scenario.Incomplete
		case Met:
		}
	}
	return verdict
}
