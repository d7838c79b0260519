package netem

import (
	"sort"
	"time"
)

// turnBytes is what may leave at each turn: one packet of this size, headers
// included, or several smaller ones.
const turnBytes = 1500

// Turns are the moments at which a mobile network lets a packet go, over and over.
// A turn that finds nobody waiting is lost, as on the air. Immutable; make them with
// ParseTrace.
type Turns struct {
	at    []time.Duration // never falling
	every time.Duration   // the last one, where all begins anew
	rate  int64           // bit/s in the mean
}

// newTurns returns nil for moments that have no length.
func newTurns(at []time.Duration) *Turns {
	every := at[len(at)-1]
	if every == 0 {
		return nil
	}
	return &Turns{at: at, every: every, rate: int64(float64(len(at)) * turnBytes * 8 / every.Seconds())}
}

// Rate is the mean capacity in bit/s.
func (t *Turns) Rate() int64 { return t.rate }

// RateIn is the mean capacity in bit/s from a moment to a later one.
func (t *Turns) RateIn(from, to time.Duration) int64 {
	return int64(float64(t.first(to)-t.first(from)) * turnBytes * 8 / (to - from).Seconds())
}

// first is the number of the first turn at a time or after it.
func (t *Turns) first(at time.Duration) int {
	round := 0
	if at > 0 {
		round = int((at - 1) / t.every) // the end of a round belongs to it
	}
	within := at - time.Duration(round)*t.every
	return round*len(t.at) + sort.Search(len(t.at), func(i int) bool { return t.at[i] >= within })
}

// when a turn comes.
func (t *Turns) when(number int) time.Duration {
	return time.Duration(number/len(t.at))*t.every + t.at[number%len(t.at)]
}

// turn is where a link is in its Turns.
type turn struct {
	begun  bool
	number int
	left   int // bytes that may still leave in it
}

// finish is when a packet is through that comes to the bottleneck at a time.
func (t *turn) finish(turns *Turns, at time.Duration, size int) time.Duration {
	if first := turns.first(at); !t.begun || first > t.number {
		*t = turn{begun: true, number: first, left: turnBytes}
	}
	for size > t.left {
		size -= t.left
		t.number++
		t.left = turnBytes
	}
	t.left -= size
	return turns.when(t.number)
}
