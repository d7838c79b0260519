package scenario

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Timeline is what happened when in a run, for pictures. Times are in ms since the
// lines were made, as those of outages and steps in the scenario's file are. Sample
// i of each column covers the StepMs from i*StepMs on.
type Timeline struct {
	StepMs float64 `json:"step_ms"`

	// Latency of the good frames captured in the sample; null where there is none.
	P50 Column `json:"p50_ms"`
	P99 Column `json:"p99_ms"`
	Max Column `json:"max_ms"`
	// Late are frames that came after the deadline, Missing those that never came
	// whole; both of the frames captured in the sample.
	Late    Column `json:"frames_late"`
	Missing Column `json:"frames_missing"`

	Lost     Column `json:"lost_on_line"` // share of the packets on the way down; null: none were sent
	Rate     Column `json:"rate_bit_s"`   // what came out of the last line
	Overhead Column `json:"overhead"`     // parity, in bytes of the media sent; over a second

	Layers   []LayerSpan `json:"layers"`
	Stalls   []Stall     `json:"stalls"`
	Switches []Switch    `json:"switches"`
	// CDF says which share of all expected frames was good within a time.
	CDF CDF `json:"latency_cdf"`
}

// LayerSpan is a time in which one layer was seen.
type LayerSpan struct {
	FromMs float64 `json:"from_ms"`
	ForMs  float64 `json:"for_ms"`
	Layer  string  `json:"layer"` // main or sub
}

// Stall is a time in which the picture stood still, past the next frame's slot.
type Stall struct {
	FromMs float64 `json:"from_ms"`
	ForMs  float64 `json:"for_ms"`
	Causes []Cause `json:"causes"`
}

// Switch is a node's decision to send another layer on a link.
type Switch struct {
	AtMs float64 `json:"at_ms"`
	From string  `json:"from"` // the node that decided
	To   string  `json:"to"`
	Rule string  `json:"rule"` // the name of what decided
	Why  string  `json:"why"`  // the same in words, with the numbers that decided
}

// CDF is a distribution: Share[i] of all expected frames were good within Ms[i]. The
// last share is below one when some never were.
type CDF struct {
	Ms    Column `json:"ms"`
	Share Column `json:"share"`
}

// Column is a list of numbers of which some may not be there (NaN): null in JSON.
type Column []float64

// written is a number as it is written: three digits after the point are enough for a
// picture in ms; shares have five. What is no number is none.
func written(v float64) float64 {
	switch {
	case math.IsInf(v, 0):
		return math.NaN()
	case math.Abs(v) >= 1:
		return math.Round(v*1e3) / 1e3
	}
	return math.Round(v*1e5) / 1e5
}

// shorten makes all columns what they are when they are read again, so that a page drawn
// now and one drawn from the file are the same.
func (t *Timeline) shorten() {
	for _, c := range []Column{
		t.P50, t.P99, t.Max, t.Late, t.Missing, t.Lost, t.Rate, t.Overhead, t.CDF.Ms, t.CDF.Share,
	} {
		for i, v := range c {
			c[i] = written(v)
		}
	}
}

// MarshalJSON implements json.Marshaler.
func (c Column) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range c {
		if i > 0 {
			b = append(b, ',')
		}
		if v = written(v); math.IsNaN(v) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, v, 'f', -1, 64)
		}
	}
	return append(b, ']'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Column) UnmarshalJSON(data []byte) error {
	var values []*float64
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	*c = make(Column, len(values))
	for i, v := range values {
		(*c)[i] = math.NaN()
		if v != nil {
			(*c)[i] = *v
		}
	}
	return nil
}

// onOneLine writes lists of numbers in indented JSON on one line each: a column has
// hundreds. A line feed is never inside a string of JSON (RFC 8259 §7), so a bracket
// before one begins a list.
func onOneLine(indented []byte) []byte {
	out := make([]byte, 0, len(indented))
	for rest := indented; ; {
		at := bytes.Index(rest, []byte("[\n"))
		if at < 0 {
			return append(out, rest...)
		}
		at++
		out, rest = append(out, rest[:at]...), rest[at:]
		end := bytes.IndexFunc(rest, func(r rune) bool { return !bytes.ContainsRune([]byte(" \n0123456789.,eE+-nul"), r) })
		if end < 0 || rest[end] != ']' {
			continue
		}
		for _, b := range rest[:end] {
			if b != ' ' && b != '\n' {
				out = append(out, b)
			}
		}
		rest = rest[end:]
	}
}

const (
	// finest is a sample of a timeline: five frames.
	finest = 200 * time.Millisecond
	// samples are how many a timeline has at most, within one: more than a screen
	// has points to show them with.
	samples = 600
)

// stepFor is how long a sample is in a run of this length.
func stepFor(run time.Duration) time.Duration {
	const most = samples * finest
	times := int64(max(1, (run+most-1)/most))
	return time.Duration(times * int64(finest))
}
