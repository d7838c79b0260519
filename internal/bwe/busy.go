package bwe

import "time"

const (
	busyLongest = time.Second
	// busyMarks holds a second of reports, also when they come every 4 ms.
	busyMarks = 256
)

// busyStretch is the last stretch of time in which a queue stood.
type busyStretch struct {
	marks [busyMarks]busyMark
	n     int // marks in use; 0: no queue
	head  int
	quiet time.Duration // the queue before the stretch
	hold  time.Duration // nothing begins before this
	rate  float64
}

// busyMark is one report in the stretch.
type busyMark struct{ at, arrived, queue time.Duration }

func (b *busyStretch) holdUntil(at time.Duration) {
	b.n = 0
	b.hold = at
}

func (b *busyStretch) update(at time.Duration, q *queueing, r *arrivals) {
	if q.now() <= busyAbove+q.noise || at < b.hold {
		b.n, b.rate, b.quiet = 0, 0, q.now()
		return
	}
	for b.n > 0 && (b.n == busyMarks || at-b.first().at > busyLongest) {
		b.quiet = b.first().queue
		b.head = (b.head + 1) % busyMarks
		b.n--
	}
	b.marks[(b.head+b.n)%busyMarks] = busyMark{at: at, arrived: q.newest, queue: q.now()}
	b.n++
	// Every packet of the window before the stretch saw the queue already, so the
	// link was busy then too.
	b.rate = r.since(max(b.first().arrived-queueWindow, r.last()-busyLongest))
}

func (b *busyStretch) first() busyMark { return b.marks[b.head] }
func (b *busyStretch) last() busyMark  { return b.marks[(b.head+b.n-1)%busyMarks] }

func (b *busyStretch) length() time.Duration {
	if b.n == 0 {
		return 0
	}
	return b.last().at - b.first().at + 1
}

func (b *busyStretch) read() Busy {
	if b.n == 0 {
		return Busy{}
	}
	return Busy{Length: b.length(), Growth: b.last().queue - min(b.quiet, b.first().queue), Rate: b.rate}
}
