package viewer

import "time"

// stall counts the times when the picture stood still.
type stall struct {
	count   int
	longest time.Duration
	total   time.Duration
}

// gap tells of the time between two new good frames.
func (s *stall) gap(d time.Duration, cfg *TallyConfig) {
	past := d - cfg.Interval // past the second one's slot
	if past <= cfg.StallAfter {
		return
	}
	s.count++
	s.longest = max(s.longest, past)
	s.total += past
}

// sound counts packets of sound.
type sound struct {
	last        time.Time
	gap         time.Duration
	first, high uint64 // numbers of stamped frames; 0 = none yet
	good        int
}

func (s *sound) packet(now time.Time) {
	if !s.last.IsZero() {
		s.gap = max(s.gap, now.Sub(s.last))
	}
	s.last = now
}

// stamped counts a whole frame. One that comes after a later one is of no use to
// a listener and is not counted.
func (s *sound) stamped(number uint64) {
	if s.first == 0 {
		s.first = number
	}
	if number > s.high {
		s.high = number
		s.good++
	}
}

func (s *sound) expected() int {
	if s.first == 0 {
		return 0
	}
	return int(s.high - s.first + 1)
}

// longest is the longest gap, the one that is still open included.
func (s *sound) longest(now time.Time) time.Duration {
	if s.last.IsZero() {
		return 0
	}
	return max(s.gap, now.Sub(s.last))
}
