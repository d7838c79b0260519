package bwe

import (
	"sort"
	"time"
)

// arrivals counts bytes by arrival time, for a little over a second.
type arrivals struct {
	at    []time.Duration
	total []int64 // bytes up to and with the arrival at the same index
	head  int
}

// keepArrivals is the longest stretch that is asked for, and some more.
const keepArrivals = 1200 * time.Millisecond

func (r *arrivals) add(at time.Duration, size int) {
	total := int64(size)
	if n := len(r.at); n > 0 {
		at = max(at, r.at[n-1]) // reordered: it counts as having come now
		total += r.total[n-1]
	}
	r.at, r.total = append(r.at, at), append(r.total, total)
	for r.at[r.head] < at-keepArrivals {
		r.head++
	}
	if r.head > 256 && r.head*2 > len(r.at) {
		r.at = r.at[:copy(r.at, r.at[r.head:])]
		r.total = r.total[:copy(r.total, r.total[r.head:])]
		r.head = 0
	}
}

// last is the latest arrival.
func (r *arrivals) last() time.Duration {
	if len(r.at) == 0 {
		return 0
	}
	return r.at[len(r.at)-1]
}

// since is the rate from a time to the latest arrival.
func (r *arrivals) since(from time.Duration) float64 {
	span := r.last() - from
	if len(r.at) == r.head || span <= 0 {
		return 0
	}
	live := r.at[r.head:]
	i := r.head + sort.Search(len(live), func(i int) bool { return live[i] > from })
	bytes := r.total[len(r.total)-1]
	if i > 0 {
		bytes -= r.total[i-1]
	}
	return float64(bytes) * 8 / span.Seconds()
}

// over is the rate of the time d before the latest arrival.
func (r *arrivals) over(d time.Duration) float64 { return r.since(r.last() - d) }

// usualMemory is that of the usual loss.
const usualMemory = 10 * time.Second

// lossCount counts results, report by report.
type lossCount struct {
	ring [256]lossMark // a second of reports, also when they come every 4 ms
	n    int           // marks written
	lossMark
	usual float64
	began time.Duration
}

type lossMark struct {
	at          time.Duration
	total, lost int
}

func (l *lossCount) add(at time.Duration, total, lost int) {
	dt := at - l.at
	l.at = at
	l.total += total
	l.lost += lost
	l.ring[l.n%len(l.ring)] = l.lossMark
	l.n++
	if l.n == 1 {
		dt, l.began = 0, at
	}
	recent, _ := l.over(at, 600*time.Millisecond)
	l.usual += (recent - l.usual) * weight(dt, min(usualMemory, at-l.began))
}

// over is the share of packets that were lost in the last d, and how many were sent.
func (l *lossCount) over(at, d time.Duration) (share float64, sent int) {
	from := lossMark{}
	for i := l.n - 1; i >= max(0, l.n-len(l.ring)); i-- {
		from = l.ring[i%len(l.ring)]
		if from.at <= at-d {
			break
		}
		if i == 0 {
			from = lossMark{}
		}
	}
	sent = l.total - from.total
	if sent <= 0 {
		return 0, 0
	}
	return float64(l.lost-from.lost) / float64(sent), sent
}

// sentCount is what left in the last second, in buckets of 50 ms.
type sentCount struct {
	bytes [20]int64
	slot  int64
	sum   int64
}

const sentSlot = 50 * time.Millisecond

func (s *sentCount) add(at time.Duration, size int) {
	s.turn(at)
	s.bytes[s.slot%int64(len(s.bytes))] += int64(size)
	s.sum += int64(size)
}

func (s *sentCount) turn(at time.Duration) {
	slot := int64(at / sentSlot)
	if slot >= s.slot+int64(len(s.bytes)) {
		*s = sentCount{slot: slot}
	}
	for s.slot < slot {
		s.slot++
		i := s.slot % int64(len(s.bytes))
		s.sum -= s.bytes[i]
		s.bytes[i] = 0
	}
}

func (s *sentCount) rate(at time.Duration) float64 {
	s.turn(at)
	return float64(s.sum) * 8
}
