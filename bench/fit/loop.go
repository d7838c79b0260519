package fit

import "time"

// instant is virtual time in nanoseconds since the start of a run.
type instant = time.Duration

// loop runs what is due, in order of time and, at one time, in order of asking.
type loop struct {
	now  instant
	n    uint64
	heap []event
}

type event struct {
	at instant
	n  uint64
	do func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.n < o.n }

// at asks for something to be done at a time, or now if that is past.
func (l *loop) at(t instant, do func()) {
	l.n++
	l.heap = append(l.heap, event{at: max(t, l.now), n: l.n, do: do})
	for i := len(l.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !l.heap[i].before(&l.heap[up]) {
			break
		}
		l.heap[i], l.heap[up] = l.heap[up], l.heap[i]
		i = up
	}
}

// every repeats something with a fixed period.
func (l *loop) every(first, period instant, do func()) {
	var again func()
	next := first
	again = func() {
		do()
		next += period
		l.at(next, again)
	}
	l.at(first, again)
}

// run does everything until a time.
func (l *loop) run(until instant) {
	for len(l.heap) > 0 && l.heap[0].at <= until {
		e := l.pop()
		l.now = e.at
		e.do()
	}
	l.now = until
}

func (l *loop) pop() event {
	first, last := l.heap[0], len(l.heap)-1
	l.heap[0] = l.heap[last]
	l.heap[last] = event{}
	l.heap = l.heap[:last]
	for i := 0; ; {
		least, left := i, 2*i+1
		for c := left; c < min(left+2, last); c++ {
			if l.heap[c].before(&l.heap[least]) {
				least = c
			}
		}
		if least == i {
			return first
		}
		l.heap[i], l.heap[least] = l.heap[least], l.heap[i]
		i = least
	}
}

// clock turns virtual time into what the cores are told. The origin is arbitrary.
func clock(t instant) time.Time { return time.Unix(1_700_000_000, 0).Add(t) }
