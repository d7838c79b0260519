package probe

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/quantile"
	"github.com/classrelay/classrelay/relay/clock"
)

// sampleEvery is how often the time is exchanged: often enough that some samples
// find the line empty.
const sampleEvery = 50 * time.Millisecond

// sample is one exchange of time.
type sample struct {
	at     time.Time
	offset time.Duration // the node's clock minus ours
	rtt    time.Duration
}

// samples are the exchanges of a run.
type samples struct {
	next time.Time
	list []sample
}

// pop appends a request if one is due.
func (s *samples) pop(now time.Time) ([]byte, bool) {
	if now.Before(s.next) {
		return nil, false
	}
	s.next = now.Add(sampleEvery)
	return (&clock.Exchange{}).Pop(now, nil)
}

// push takes an answer. Every answer is judged by an exchange of its own: the
// link's keeps the best one only.
func (s *samples) push(now time.Time, b []byte) {
	var one clock.Exchange
	if _, reply, err := one.Push(now, b, nil); reply || err != nil {
		return
	}
	if o := one.Offset(now); o.Known && o.RTT >= 0 {
		s.list = append(s.list, sample{now, o.Offset, o.RTT})
	}
}

// best is the sample with the shortest round trip of some.
func best(list []sample) (b sample) {
	for i, s := range list {
		if i == 0 || s.rtt < b.rtt {
			b = s
		}
	}
	return b
}

// rtts lists the round trips of an interval.
func (s *samples) rtts(from, to time.Time) (list []time.Duration) {
	for _, x := range s.list {
		if !x.at.Before(from) && !x.at.After(to) {
			list = append(list, x.rtt)
		}
	}
	return list
}

// drift is how fast the clocks part, as a share, and how far that may be wrong.
// The best samples of the first and the last third are compared; what their round
// trips are above the least may have gone either way.
func (s *samples) drift() (drift, err float64, ok bool) {
	n := len(s.list) / 3
	if n < 5 {
		return 0, 0, false
	}
	a, b := best(s.list[:n]), best(s.list[len(s.list)-n:])
	over := b.at.Sub(a.at)
	if over <= 0 {
		return 0, 0, false
	}
	all := make([]time.Duration, len(s.list))
	for i := range s.list {
		all[i] = s.list[i].rtt
	}
	usual := spread(all)
	// Even the least has noise in it, about half of what is usual; and stamping
	// itself costs some microseconds.
	slack := (a.rtt-usual.Min)/2 + (b.rtt-usual.Min)/2 + (usual.P50-usual.Min)/2 + 20*time.Microsecond
	return (b.offset - a.offset).Seconds() / over.Seconds(), slack.Seconds() / over.Seconds(), true
}

// Spread is a distribution of times.
type Spread struct {
	N                  int
	Min, P50, P99, Max time.Duration
}

// spread sorts the list and reads it.
func spread(list []time.Duration) Spread {
	if len(list) == 0 {
		return Spread{}
	}
	slices.Sort(list)
	return Spread{
		N: len(list), Min: list[0], P50: quantile.Of(list, 50), P99: quantile.Of(list, 99), Max: list[len(list)-1],
	}
}
