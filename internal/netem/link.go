package netem

import "time"

// Link carries packets of type T one way. Call Push for each packet that enters,
// Pop until it has none, and again at Next.
type Link[T any] struct {
	profile Profile
	start   time.Time
	dice    dice
	down    bool

	queue   []queued[T]   // waiting for the bottleneck; the first one is in it
	head    int           // index of that first one
	waiting int           // bytes in the queue
	freeAt  time.Duration // when the bottleneck is through with the first one
	turn    turn          // of the profile's Turns
	flying  flight[T]
	latest  time.Duration // latest arrival in order, for jitter that keeps the order
	number  uint64        // of the next packet to enter the wire

	stats Stats
}

type queued[T any] struct {
	payload T
	size    int // with overhead
	fate    fate
}

// New makes a link that starts now, with all chance from seed.
func New[T any](p Profile, seed uint64, now time.Time) (*Link[T], error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &Link[T]{profile: p, start: now, dice: newDice(seed)}, nil
}

// Push enters a datagram of size bytes, without the headers below it. It tells
// whether the queue took the packet; what the wire does with it shows later.
func (l *Link[T]) Push(now time.Time, size int, payload T) bool {
	at := l.advance(now)
	q := queued[T]{payload: payload, size: size + l.profile.overhead(), fate: l.dice.draw(&l.profile)}
	l.stats.Offered++
	l.stats.OfferedBytes += uint64(q.size)
	rate, _ := l.profile.rateAt(at)
	if rate == 0 && l.head == len(l.queue) {
		l.launch(q, at)
		return true
	}
	if l.waiting+q.size > l.profile.queueLimit(rate) {
		l.stats.LostQueue++
		return false
	}
	l.enqueue(q, at)
	return true
}

func (l *Link[T]) enqueue(q queued[T], at time.Duration) {
	if l.head == len(l.queue) {
		l.queue, l.head = l.queue[:0], 0
		l.freeAt = l.finish(at, q.size)
	}
	l.queue = append(l.queue, q)
	l.waiting += q.size
	l.stats.MaxQueueBytes = max(l.stats.MaxQueueBytes, l.waiting)
}

// finish is when the bottleneck is through with a packet that enters it at a time.
func (l *Link[T]) finish(at time.Duration, size int) time.Duration {
	if l.profile.Turns != nil {
		return l.turn.finish(l.profile.Turns, at, size)
	}
	return l.profile.finish(at, float64(size)*8)
}

// advance lets the bottleneck do its work up to now, which it returns as the
// time since the start.
func (l *Link[T]) advance(now time.Time) time.Duration {
	at := now.Sub(l.start)
	for l.head < len(l.queue) && l.freeAt <= at {
		q := l.queue[l.head]
		l.queue[l.head] = queued[T]{}
		l.head++
		l.waiting -= q.size
		l.launch(q, l.freeAt)
		if l.head < len(l.queue) {
			l.freeAt = l.finish(l.freeAt, l.queue[l.head].size)
		}
	}
	if l.head > 1024 && l.head*2 > len(l.queue) { // half of it is past: move up
		l.queue = l.queue[:copy(l.queue, l.queue[l.head:])]
		l.head = 0
	}
	return at
}

// launch puts a packet on the wire at the time since the start.
func (l *Link[T]) launch(q queued[T], at time.Duration) {
	switch {
	case l.down || l.profile.out(at):
		l.stats.LostOutage++
		return
	case q.fate.lost:
		l.stats.LostWire++
		return
	}
	due := at + l.profile.Delay + q.fate.stretch(&l.profile)
	if q.fate.heldBack {
		l.stats.HeldBack++
	} else {
		due = max(due, l.latest)
		l.latest = due
	}
	l.flying.push(flyer[T]{payload: q.payload, size: q.size, due: due, number: l.number})
	l.number++
}

// Pop takes out the next packet that has arrived by now.
func (l *Link[T]) Pop(now time.Time) (payload T, ok bool) {
	at := l.advance(now)
	if len(l.flying) == 0 || l.flying[0].due > at {
		return payload, false
	}
	f := l.flying.pop()
	l.stats.Delivered++
	l.stats.DeliveredBytes += uint64(f.size)
	l.stats.Lateness.Add(at - f.due)
	return f.payload, true
}

// Next is when Pop will have a packet, or when one is through the bottleneck;
// zero when the link is empty.
func (l *Link[T]) Next() time.Time {
	next := time.Duration(-1)
	if len(l.flying) > 0 {
		next = l.flying[0].due
	}
	if l.head < len(l.queue) && (next < 0 || l.freeAt < next) {
		next = l.freeAt
	}
	if next < 0 {
		return time.Time{}
	}
	return l.start.Add(next)
}

// SetDown cuts the link or mends it. What is in flight still arrives; what
// leaves the queue while the link is down is lost.
func (l *Link[T]) SetDown(now time.Time, down bool) {
	l.advance(now)
	l.down = down
}

// SetProfile changes the link under way. The packet in the bottleneck finishes
// at the old rate, the queue keeps what it has, and the times of Steps and
// Outages still count from the link's start.
func (l *Link[T]) SetProfile(now time.Time, p Profile) error {
	if err := p.Validate(); err != nil {
		return err
	}
	l.advance(now)
	l.profile, l.turn = p, turn{}
	return nil
}

// Queued is how many bytes wait for the bottleneck at this moment.
func (l *Link[T]) Queued(now time.Time) int {
	l.advance(now)
	return l.waiting
}

// Stats returns a copy of the counters.
func (l *Link[T]) Stats() Stats { return l.stats }

// flyer is a packet on the wire.
type flyer[T any] struct {
	payload T
	size    int
	due     time.Duration
	number  uint64 // breaks ties: first in, first out
}

// flight orders the packets on the wire by arrival: a binary heap. It is not that of
// container/heap, which would make garbage of each packet.
type flight[T any] []flyer[T]

func (f flight[T]) before(i, j int) bool {
	return f[i].due < f[j].due || f[i].due == f[j].due && f[i].number < f[j].number
}

func (f *flight[T]) push(x flyer[T]) {
	*f = append(*f, x)
	h := *f
	for i := len(h) - 1; i > 0 && h.before(i, (i-1)/2); i = (i - 1) / 2 {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
	}
}

// pop takes out the first; there has to be one.
func (f *flight[T]) pop() flyer[T] {
	h := *f
	last := len(h) - 1
	first := h[0]
	h[0], h[last] = h[last], flyer[T]{}
	h = h[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < last && h.before(child+1, child) {
			child++
		}
		if child >= last || !h.before(child, i) {
			break
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
	*f = h
	return first
}
