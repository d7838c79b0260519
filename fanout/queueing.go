package fanout

import "time"

const (
	// queueMemory is how long the longest wait in a queue counts: a few frames, so
	// that the key frame before does not hold repair up for long.
	queueMemory = 150 * time.Millisecond
	// baseMemory is how long the shortest way counts as the way without queue. The
	// other end's clock drifts by less than a millisecond in that time.
	baseMemory = 10 * time.Second
)

// queueing follows how much longer than the shortest way packets take lately.
type queueing struct {
	base, older time.Duration // of this period and of the one before
	turned      time.Time
	most        time.Duration
	mostAt      time.Time
}

// arrived takes the way of one packet, off by a constant: two clocks.
func (q *queueing) arrived(now time.Time, way time.Duration) {
	switch {
	case q.turned.IsZero():
		q.base, q.older, q.turned = way, way, now
	case now.Sub(q.turned) > baseMemory:
		q.older, q.base, q.turned = q.base, way, now
	}
	q.base = min(q.base, way)
	wait := way - min(q.base, q.older)
	if wait >= q.most || now.Sub(q.mostAt) > queueMemory {
		q.most, q.mostAt = wait, now
	}
}

// longest is the longest wait of late; zero when none is known.
func (q *queueing) longest(now time.Time) time.Duration {
	if now.Sub(q.mostAt) > 2*queueMemory {
		return 0
	}
	return q.most
}
