package pacer

import "time"

// turn is how many bytes a flow may send before the next flow of its class has
// its turn (deficit round robin): one full packet.
const turn = 1500

// entry is one packet that waits.
type entry[T any] struct {
	item   T
	size   int
	queued time.Time
}

// line holds the packets of one class, flow by flow.
type line[T any] struct {
	flows   []*flowQueue[T] // those with packets, the one whose turn it is first
	idle    []*flowQueue[T] // emptied queues, kept for their buffers
	packets int
	bytes   int
}

// flowQueue is one flow's packets in order.
type flowQueue[T any] struct {
	flow    Flow
	credit  int
	entries []entry[T]
	head    int
}

func (q *flowQueue[T]) len() int { return len(q.entries) - q.head }

func (l *line[T]) push(flow Flow, e entry[T]) {
	q := l.find(flow)
	if q == nil {
		q = l.reuse()
		q.flow = flow
		q.credit = turn
		l.flows = append(l.flows, q)
	}
	q.entries = append(q.entries, e)
	l.packets++
	l.bytes += e.size
}

func (l *line[T]) find(flow Flow) *flowQueue[T] {
	for _, q := range l.flows {
		if q.flow == flow {
			return q
		}
	}
	return nil
}

func (l *line[T]) reuse() *flowQueue[T] {
	if n := len(l.idle); n > 0 {
		q := l.idle[n-1]
		l.idle = l.idle[:n-1]
		return q
	}
	return &flowQueue[T]{}
}

// pop takes the next packet of the flow whose turn it is. The line is not empty.
func (l *line[T]) pop() entry[T] {
	for l.flows[0].credit <= 0 {
		l.flows[0].credit += turn
		l.rotate()
	}
	q := l.flows[0]
	e := q.take()
	q.credit -= e.size
	l.packets--
	l.bytes -= e.size
	if q.len() == 0 {
		l.retire(0)
	}
	return e
}

func (l *line[T]) rotate() {
	first := l.flows[0]
	copy(l.flows, l.flows[1:])
	l.flows[len(l.flows)-1] = first
}

// take removes the head and forgets it, so that the collector can have it.
func (q *flowQueue[T]) take() entry[T] {
	e := q.entries[q.head]
	q.entries[q.head] = entry[T]{}
	q.head++
	if q.head == len(q.entries) {
		q.entries, q.head = q.entries[:0], 0
	} else if q.head >= 64 && q.head*2 >= len(q.entries) {
		n := copy(q.entries, q.entries[q.head:])
		clear(q.entries[n:])
		q.entries, q.head = q.entries[:n], 0
	}
	return e
}

// retire puts the empty queue at i aside.
func (l *line[T]) retire(i int) {
	q := l.flows[i]
	l.flows = append(l.flows[:i], l.flows[i+1:]...)
	l.idle = append(l.idle, q)
}

// oldest is when the packet that waits longest was queued.
func (l *line[T]) oldest() (time.Time, bool) {
	var t time.Time
	for i, q := range l.flows {
		if head := q.entries[q.head].queued; i == 0 || head.Before(t) {
			t = head
		}
	}
	return t, len(l.flows) > 0
}

// drop removes packets from the front of the queue at i while they were queued
// before the given time (the zero time: all), telling each.
func (l *line[T]) drop(i int, before time.Time, each func(T)) (c Count) {
	q := l.flows[i]
	for q.len() > 0 && (before.IsZero() || q.entries[q.head].queued.Before(before)) {
		e := q.take()
		c.add(e.size)
		if each != nil {
			each(e.item)
		}
	}
	l.packets -= int(c.Packets)
	l.bytes -= int(c.Bytes)
	if q.len() == 0 {
		l.retire(i)
	}
	return c
}
