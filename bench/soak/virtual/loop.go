package virtual

import (
	"container/heap"
	"time"
)

// event is something to be done at a time.
type event struct {
	at time.Duration
	n  uint64 // breaks ties: first asked, first done
	do func()
}

// events is ordered by time (container/heap).
type events struct {
	list  []event
	count uint64
}

func (e *events) Len() int { return len(e.list) }
func (e *events) Less(i, j int) bool {
	a, b := &e.list[i], &e.list[j]
	return a.at < b.at || a.at == b.at && a.n < b.n
}
func (e *events) Swap(i, j int) { e.list[i], e.list[j] = e.list[j], e.list[i] }

// Push is for container/heap only.
func (e *events) Push(x any) { e.list = append(e.list, x.(event)) }

// Pop is for container/heap only.
func (e *events) Pop() any {
	last := len(e.list) - 1
	x := e.list[last]
	e.list[last] = event{}
	e.list = e.list[:last]
	return x
}

// at asks for something to be done.
func (e *events) at(at time.Duration, do func()) {
	e.count++
	heap.Push(e, event{at: at, n: e.count, do: do})
}

// due does what is due by now.
func (e *events) due(now time.Duration) {
	for len(e.list) > 0 && e.list[0].at <= now {
		heap.Pop(e).(event).do()
	}
}
