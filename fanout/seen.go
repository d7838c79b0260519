package fanout

import "github.com/classrelay/classrelay/media"

// seenWindow is how many sequence numbers back a packet can still be told from
// its duplicate: 1,024 packets are a second of an 8 Mbit/s camera.
const seenWindow = 1024

// seen tells new packets of a flow from duplicates, and counts what never came.
type seen struct {
	unwrap  media.Unwrapper
	bits    [seenWindow / 64]uint64
	highest int64
	first   int64
	unique  uint64
	skipped uint64 // left out by the sender
	started bool
}

// add reports whether seq is new. What is older than the window is not.
func (s *seen) add(seq uint16) bool {
	n := s.unwrap.Unwrap(seq)
	if !s.started {
		s.started, s.first, s.highest = true, n, n-1
	}
	if n <= s.highest-seenWindow {
		return false
	}
	for ; s.highest < n; s.highest++ {
		s.clear(s.highest + 1)
		if n-s.highest > seenWindow {
			s.highest = n - seenWindow
		}
	}
	word, bit := n/64%(seenWindow/64), uint64(1)<<(n%64)
	if s.bits[word]&bit != 0 {
		return false
	}
	s.bits[word] |= bit
	s.unique++
	s.first = min(s.first, n)
	return true
}

// skip tells that nothing between the highest number seen and seq was sent.
func (s *seen) skip(seq uint16) {
	if !s.started {
		return
	}
	if n := s.unwrap.Unwrap(seq); n > s.highest+1 {
		s.skipped += uint64(n - 1 - s.highest)
	}
}

func (s *seen) clear(n int64) { s.bits[n/64%(seenWindow/64)] &^= 1 << (n % 64) }

// lost is how many packets have not come so far.
func (s *seen) lost() uint64 {
	if !s.started {
		return 0
	}
	return uint64(max(0, s.highest-s.first+1-int64(s.unique+s.skipped)))
}
