package bwe

import (
	"math"
	"time"
)

const (
	shareGap    = 8 * time.Millisecond // the shortest silence that says something
	shareStands = 5 * time.Millisecond // the standing queue below which nobody is asked whose it is
	shareQueue  = 6 * time.Millisecond // the least queue that can be watched draining
	shareValid  = 600 * time.Millisecond
	// small packets (sound, reports) do not end a silence: they only take their
	// own time on the link, which is counted.
	smallPacket = 300
	// besideShare is how much of a silence may be the time of our own parity: when it came is
	// not reported, so a silence that is full of it says nothing.
	besideShare = 0.25
)

// share is the share of the queue's drain that others take: over silences of
// ours, how much the queue did not shrink, by how much it would have shrunk had
// we been alone. A link that serves flows in turn (fq) shows 0, and there the
// rules for being alone are the right ones.
type share struct {
	memory  time.Duration
	through float64 // what comes through, in bit/s

	prev    arrival
	started bool
	between int // bytes sent after prev that did not end the silence
	beside  int // bytes after prev of which no report speaks

	kept, drain float64 // weighted sums in seconds
	sampled     time.Duration
	last        time.Duration // time of the last sample by our clock; 0: never
}

func (s *share) forget() { *s = share{memory: s.memory} }

// skip notes a packet while there is no queue to watch.
func (s *share) skip(a *arrival) {
	if !s.started || a.sent >= s.prev.sent {
		s.prev, s.started, s.between, s.beside = *a, true, 0, 0
	}
}

// add takes the next packet; capacity is the link's rate if it is known.
func (s *share) add(now time.Duration, a *arrival, capacity float64) {
	gap := a.sent - s.prev.sent
	if !s.started || gap < 0 || a.seq <= s.prev.seq {
		s.skip(a)
		return
	}
	s.beside += a.beside
	if gap < shareGap && a.size <= smallPacket {
		s.between += a.size
		return
	}
	if gap >= shareGap && s.prev.queue >= shareQueue && s.silent(gap) {
		s.sample(now, a, gap, capacity)
	}
	s.skip(a)
}

// silent tells whether a gap in what is reported was one in what left, too. The rate that
// came through is the least that the link has, so it makes parity rather too long.
func (s *share) silent(gap time.Duration) bool {
	return float64(s.beside)*8 <= besideShare*s.through*gap.Seconds()
}

func (s *share) sample(now time.Duration, a *arrival, gap time.Duration, capacity float64) {
	own := 0.0
	if capacity > 0 {
		own = float64(a.size+s.between) * 8 / capacity
	}
	if s.through > 0 {
		own += float64(s.beside) * 8 / s.through
	}
	could := min(gap.Seconds()-own, s.prev.queue.Seconds())
	if could <= 0 {
		return
	}
	if age := a.sent - s.sampled; age > 0 {
		fade := math.Exp(-age.Seconds() / s.memory.Seconds())
		s.kept *= fade
		s.drain *= fade
		s.sampled = a.sent
	}
	s.kept += (a.queue - s.prev.queue).Seconds() + could
	s.drain += could
	s.last = max(now, 1)
}

func (s *share) read(now time.Duration) Share {
	if s.last == 0 || now-s.last > shareValid || s.drain <= 0 {
		return Share{}
	}
	return Share{Value: min(max(s.kept/s.drain, 0), 1), Known: true}
}
