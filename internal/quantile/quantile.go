// Package quantile says how values are spread. Recent keeps the distribution of a
// duration over the recent past: buckets of one millisecond, so that a p99 is right to a
// millisecond, and two halves that take turns, so that the past is forgotten. Of reads a
// list that is all there.
//
// Recent is a core: it is told the time and belongs to one goroutine.
package quantile

import "time"

const (
	// buckets of one millisecond; what is above falls into the last one. Two
	// seconds: beyond that a frame counts as lost everywhere else.
	buckets = 2000
	// half is how long one half collects before it becomes the older one, so a
	// reading covers between half and all of ten seconds.
	half = 5 * time.Second
)

// Recent is the distribution over the last five to ten seconds. The zero value
// is ready for use and allocates on the first Add.
type Recent struct {
	halves [2]*counts
	since  time.Time
}

type counts struct {
	n   uint64
	max time.Duration
	at  [buckets]uint32
}

// Summary is what Recent knows, for people and metrics. All zero when N is.
type Summary struct {
	N             uint64
	P50, P95, P99 time.Duration
	Max           time.Duration
}

// Add counts one duration. A negative one counts as zero.
func (r *Recent) Add(now time.Time, d time.Duration) {
	r.turn(now)
	if r.halves[0] == nil {
		r.halves[0] = &counts{}
	}
	c := r.halves[0]
	c.n++
	c.max = max(c.max, d)
	c.at[min(max(int(d/time.Millisecond), 0), buckets-1)]++
}

// turn makes the newer half the older one when its time is over.
func (r *Recent) turn(now time.Time) {
	switch age := now.Sub(r.since); {
	case r.since.IsZero() || age >= 2*half:
		r.since = now
		r.halves[0].clear()
		r.halves[1].clear()
	case age >= half:
		r.since = r.since.Add(half)
		r.halves[0], r.halves[1] = r.halves[1], r.halves[0]
		r.halves[0].clear()
	}
}

func (c *counts) clear() {
	if c != nil {
		*c = counts{}
	}
}

// Summary returns the distribution at now.
func (r *Recent) Summary(now time.Time) Summary {
	r.turn(now)
	var s Summary
	for _, c := range r.halves {
		if c != nil {
			s.N += c.n
			s.Max = max(s.Max, c.max)
		}
	}
	if s.N > 0 {
		s.P50, s.P95, s.P99 = r.at(s.N, 50), r.at(s.N, 95), r.at(s.N, 99)
	}
	return s
}

// at is the upper edge of the bucket in which the given percentile falls.
func (r *Recent) at(n, percent uint64) time.Duration {
	want := rank(n, percent)
	var seen uint64
	for i := range buckets {
		for _, c := range r.halves {
			if c != nil {
				seen += uint64(c.at[i])
			}
		}
		if seen >= want {
			return time.Duration(i+1) * time.Millisecond
		}
	}
	return buckets * time.Millisecond
}
