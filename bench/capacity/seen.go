package capacity

import (
	"slices"
	"time"
)

// tally counts what schools get of the packets of a step. Not safe for concurrent
// use.
type tally struct {
	bytes     int
	expected  int
	good      int
	latencies []time.Duration
}

// add takes in what a school's flow saw.
func (t *tally) add(o *tally) {
	t.bytes += o.bytes
	t.expected += o.expected
	t.good += o.good
	t.latencies = append(t.latencies, o.latencies...)
}

// seen is nil when nothing was expected.
func (t *tally) seen() *Seen {
	if t.expected == 0 {
		return nil
	}
	s := &Seen{GoodRatio: min(float64(t.good)/float64(t.expected), 1)}
	if n := len(t.latencies); n > 0 {
		slices.Sort(t.latencies)
		s.P99Ms = float64(t.latencies[(n*99+99)/100-1]) / float64(time.Millisecond)
	}
	return s
}

// extent follows the sequence numbers of one flow.
type extent struct {
	first, last int64
	began       bool
	highest     uint16
}

// put takes a packet's sequence number in.
func (e *extent) put(seq uint16) {
	if !e.began {
		e.began, e.highest = true, seq
		return
	}
	if ahead := int16(seq - e.highest); ahead > 0 {
		e.last += int64(ahead)
		e.highest = seq
	}
}

// take returns how many packets were numbered since the last call.
func (e *extent) take() int {
	n := e.last - e.first
	e.first = e.last
	return int(n)
}
