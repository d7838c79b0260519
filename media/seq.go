package media

// SeqDiff is a − b for RTP sequence numbers, right across the wrap as long as
// the two are less than 32,768 apart (RFC 3550 A.1).
func SeqDiff(a, b uint16) int { return int(int16(a - b)) }

// TimestampDiff is a − b for RTP timestamps, right across the wrap as long as
// the two are less than 2³¹ units apart (6.6 hours at 90 kHz).
func TimestampDiff(a, b uint32) int { return int(int32(a - b)) }

// Unwrapper turns 16-bit sequence numbers into ones that do not wrap. The first
// one maps to itself plus 65,536, so that slightly older ones stay positive.
// The zero value is ready for use.
type Unwrapper struct {
	last    int64
	started bool
}

// Unwrap returns the number without wrap that is nearest to the highest seen.
func (u *Unwrapper) Unwrap(seq uint16) int64 {
	if !u.started {
		u.started = true
		u.last = int64(seq) + 1<<16
		return u.last
	}
	v := u.last + int64(SeqDiff(seq, uint16(u.last)))
	u.last = max(u.last, v)
	return v
}
