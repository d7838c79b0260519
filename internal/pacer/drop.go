package pacer

import "time"

// Count is a number of packets and their bytes.
type Count struct{ Packets, Bytes uint64 }

func (c *Count) add(size int) {
	c.Packets++
	c.Bytes += uint64(max(size, 0))
}

func (c *Count) sum(o Count) {
	c.Packets += o.Packets
	c.Bytes += o.Bytes
}

// Stats says what passed and what waits, by class.
type Stats struct {
	Sent, Dropped, Queued [NumClasses]Count
	Rate                  float64 // bits per second
}

// Stats returns a copy of the counters.
func (p *Pacer[T]) Stats() Stats {
	s := Stats{Sent: p.sent, Dropped: p.dropped, Rate: p.rate}
	for c := range p.lines {
		s.Queued[c] = Count{Packets: uint64(p.lines[c].packets), Bytes: uint64(max(p.lines[c].bytes, 0))}
	}
	return s
}

// Age is how long the oldest packet of a class has waited; 0 when none waits.
func (p *Pacer[T]) Age(now time.Time, class Class) time.Duration {
	if class >= NumClasses {
		return 0
	}
	oldest, ok := p.lines[class].oldest()
	if !ok {
		return 0
	}
	return max(0, now.Sub(oldest))
}

// Queued is how many bytes of a class wait.
func (p *Pacer[T]) Queued(class Class) int {
	if class >= NumClasses {
		return 0
	}
	return p.lines[class].bytes
}

// DropFlow empties a flow in every class, telling each item if each is not nil.
// It is what happens when a layer is left: its unsent packets would only delay
// the layer that takes its place.
func (p *Pacer[T]) DropFlow(flow Flow, each func(T)) Count {
	var all Count
	for c := range p.lines {
		for i, q := range p.lines[c].flows {
			if q.flow == flow {
				n := p.lines[c].drop(i, time.Time{}, each)
				p.dropped[c].sum(n)
				all.sum(n)
				break
			}
		}
	}
	return all
}

// DropOlder drops the packets of a class that were queued before the given time,
// telling each item if each is not nil. Whether the rest of a frame is worth
// sending is for the caller to say.
func (p *Pacer[T]) DropOlder(class Class, before time.Time, each func(T)) Count {
	var all Count
	if class >= NumClasses || before.IsZero() {
		return all
	}
	l := &p.lines[class]
	for i := len(l.flows) - 1; i >= 0; i-- {
		all.sum(l.drop(i, before, each))
	}
	p.dropped[class].sum(all)
	return all
}
