package bwe

// seenSpan is how many packets back a duplicate is found: at 50 Mbit/s and 1200
// bytes more than a second and a half of them.
const seenSpan = 8192

// seenMost keeps sums of numbers from overflowing.
const seenMost = 1 << 60

// seen remembers which sequence numbers had their result.
type seen struct {
	bits [seenSpan / 64]uint64
	next int64 // the highest number seen, plus one
	any  bool
}

// first tells whether a number is new. Numbers that are too old count as seen.
func (s *seen) first(seq int64) bool {
	switch {
	case seq > seenMost || seq < -seenMost:
		return false // no sender counts that far
	case !s.any || seq >= s.next+seenSpan || s.next >= 0 && seq < s.next-1<<40:
		*s = seen{any: true, next: seq}
	case seq < s.next-seenSpan:
		return false
	}
	for ; s.next <= seq; s.next++ {
		s.bits[s.word(s.next)] &^= s.bit(s.next)
	}
	if s.bits[s.word(seq)]&s.bit(seq) != 0 {
		return false
	}
	s.bits[s.word(seq)] |= s.bit(seq)
	return true
}

func (*seen) word(seq int64) int   { return int(uint64(seq) % seenSpan / 64) }
func (*seen) bit(seq int64) uint64 { return 1 << (uint64(seq) % 64) }
