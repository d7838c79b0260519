package ingest

import (
	"math/rand/v2"
	"time"
)

// backoff says how long after the start of a failed attempt the next one begins. A
// core; its jitter keeps the cameras of a school that lost its power from asking in
// step.
type backoff struct {
	min, max time.Duration
	rng      *rand.Rand
	next     time.Duration
}

// reset starts over, after a session that played.
func (b *backoff) reset() { b.next = b.min }

// wait returns three to four quarters of the present step, and doubles the step.
func (b *backoff) wait() time.Duration {
	step := min(max(b.next, b.min), b.max)
	b.next = min(2*step, b.max)
	return step - time.Duration(b.rng.Int64N(int64(step)/4+1))
}
