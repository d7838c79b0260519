package netem

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Trace is the capacity of a real line over time, to be played again. It begins anew
// at its end.
type Trace struct {
	// Steps are those of a trace of rates, the first one at 0, and Every is when
	// it begins anew; 0 = never, as it is one rate.
	Steps []Step
	Every time.Duration
	// Turns are those of a trace of packets; nil in a trace of rates.
	Turns *Turns
}

// On puts the trace in a profile, in place of its rate and steps.
func (t *Trace) On(p *Profile) {
	p.Rate, p.Steps, p.StepsEvery, p.Turns = 0, nil, 0, t.Turns
	if len(t.Steps) > 0 {
		p.Rate, p.Steps, p.StepsEvery = t.Steps[0].Rate, t.Steps, t.Every
	}
}

// TraceError is what is wrong in a trace.
type TraceError struct {
	Line int // from one; 0 = in the whole
	What string
}

// Error writes line LINE: WHAT.
func (e *TraceError) Error() string {
	if e.Line == 0 {
		return e.What
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.What)
}

// Limits of a trace, so that a strange one costs no more than a plain one.
const (
	maxTraceTime = 7 * 24 * time.Hour
	maxTraceMbit = 1e6
	minTraceRate = 1000 // bit/s, in the mean
	minTraceStep = time.Millisecond
)

// ParseTrace reads a trace in one of two forms, by the number of columns. Two: the
// time in seconds, from 0 on and rising, and the rate in Mbit/s from then on; it
// begins anew when the last row has lasted as long as the one before it. One: the
// time in whole milliseconds, never falling, at which one packet of 1500 bytes may
// leave, as recorded from mobile networks by many; it begins anew at the last one. An
// empty line, or one that starts with #, is none. Its errors are of type *TraceError.
func ParseTrace(text []byte) (*Trace, error) {
	r := traceReader{}
	for line := range bytes.Lines(text) {
		r.line++
		fields := bytes.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if r.columns == 0 {
			r.columns = len(fields)
		}
		if r.columns > 2 || len(fields) != r.columns {
			return nil, r.fail("%d columns: all rows have one (ms) or two (seconds, Mbit/s)", len(fields))
		}
		var err error
		if r.columns == 1 {
			err = r.turn(string(fields[0]))
		} else {
			err = r.step(string(fields[0]), string(fields[1]))
		}
		if err != nil {
			return nil, err
		}
	}
	return r.finish()
}

type traceReader struct {
	line    int
	columns int // of all rows; 0 before the first
	steps   []Step
	turns   []time.Duration
}

func (r *traceReader) fail(format string, args ...any) error {
	return &TraceError{Line: r.line, What: fmt.Sprintf(format, args...)}
}

// turn reads a row of one column.
func (r *traceReader) turn(ms string) error {
	n, err := strconv.ParseUint(ms, 10, 32)
	at := time.Duration(n) * time.Millisecond
	switch {
	case err != nil:
		return r.fail("%q is not a whole number of milliseconds", ms)
	case at > maxTraceTime:
		return r.fail("%v: a trace is a week long at most", at)
	case len(r.turns) > 0 && at < r.turns[len(r.turns)-1]:
		return r.fail("%d ms is before the row above", n)
	}
	r.turns = append(r.turns, at)
	return nil
}

// step reads a row of two columns.
func (r *traceReader) step(seconds, mbit string) error {
	s, err := strconv.ParseFloat(seconds, 64)
	if err != nil || !(s >= 0 && s <= maxTraceTime.Seconds()) { // false for NaN too
		return r.fail("%q is not a time in seconds, 0 to a week", seconds)
	}
	m, err := strconv.ParseFloat(mbit, 64)
	if err != nil || !(m >= 0 && m <= maxTraceMbit) {
		return r.fail("%q is not a rate in Mbit/s, 0 to %g", mbit, maxTraceMbit)
	}
	at := time.Duration(math.Round(s * float64(time.Second)))
	switch n := len(r.steps); {
	case n == 0 && at != 0:
		return r.fail("the first row is at %v: a trace begins at 0", at)
	case n > 0 && at < r.steps[n-1].At+minTraceStep:
		return r.fail("%v is not a millisecond or more after the row above", at)
	}
	// A rate of 0 would mean no limit: one bit a second is as good as nothing.
	r.steps = append(r.steps, Step{At: at, Rate: max(1, int64(math.Round(m*1e6)))})
	return nil
}

func (r *traceReader) finish() (*Trace, error) {
	t := &Trace{Steps: r.steps}
	r.line = 0
	switch last := len(r.steps) - 1; {
	case r.columns == 0:
		return nil, r.fail("there is no row in it")
	case r.columns == 1:
		if t.Turns = newTurns(r.turns); t.Turns == nil || t.Turns.rate < minTraceRate {
			return nil, r.fail("it has less than %d bit/s in the mean", minTraceRate)
		}
		return t, nil
	case last > 0:
		t.Every = r.steps[last].At + r.steps[last].At - r.steps[last-1].At
	}
	if t.mean() < minTraceRate {
		return nil, r.fail("it has less than %d bit/s in the mean", minTraceRate)
	}
	return t, nil
}

// mean is the rate of a trace of rates, in bit/s.
func (t *Trace) mean() float64 {
	if t.Every == 0 {
		return float64(t.Steps[0].Rate)
	}
	bits := 0.0
	for i, s := range t.Steps {
		end := t.Every
		if i+1 < len(t.Steps) {
			end = t.Steps[i+1].At
		}
		bits += float64(s.Rate) * (end - s.At).Seconds()
	}
	return bits / t.Every.Seconds()
}
