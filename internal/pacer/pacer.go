package pacer

import (
	"fmt"
	"math"
	"time"
)

// Class says how urgent a packet is; lower goes first. See the package comment.
type Class uint8

// The classes in the order they are served.
const (
	Audio    Class = iota // sound, sent at once
	Feedback              // reports and control, sent at once
	Repair                // parity on demand
	Media                 // pictures
	Parity                // parity sent ahead of any loss
	Probe                 // padding
)

// NumClasses is the number of classes, for arrays indexed by Class.
const NumClasses = 6

// String returns the name used in messages and metrics.
func (c Class) String() string {
	switch c {
	case Audio:
		return "audio"
	case Feedback:
		return "feedback"
	case Repair:
		return "repair"
	case Media:
		return "media"
	case Parity:
		return "parity"
	case Probe:
		return "probe"
	}
	return fmt.Sprintf("class%d", uint8(c))
}

// paced tells whether a class waits for the budget.
func (c Class) paced() bool { return c >= Repair }

// gathered tells whether a class waits for made silence to end. Repair on demand
// does not: it has a deadline and is rare.
func (c Class) gathered() bool { return c >= Media }

// Flow names the packets that stay in order among themselves: one layer, or the
// parity of one layer, on one link.
type Flow uint64

// Config of a Pacer. The zero value works.
type Config struct {
	// Rate at the start, in bits per second. 0 means 5 Mbit/s: one camera's main
	// stream, until the controller says otherwise.
	Rate float64
	// Quantum is how much time's worth of bytes leaves at once. 0 means 5 ms:
	// above it the burst is seen as a queue by the receiver, below it a send call
	// carries too few datagrams.
	Quantum time.Duration
	// MaxBurst is the most datagrams in a quantum, whatever the rate. 0 means
	// 100: the receiver of a QUIC connection drops what does not fit its queue
	// of 128 datagrams.
	MaxBurst int
}

const (
	defaultRate     = 5e6
	defaultQuantum  = 5 * time.Millisecond
	defaultMaxBurst = 100
	// datagram is the size that MaxBurst counts in, in bits.
	datagram = 1200 * 8
)

// Pacer is the send queue of one link. T is what the caller wants back when it
// is time to send: a packet, or an encoded datagram.
type Pacer[T any] struct {
	quantum  time.Duration
	maxBurst float64 // bits

	lines   [NumClasses]line[T]
	rate    float64 // bits per second
	budget  float64 // bits that may leave now; negative after a send
	at      time.Time
	waiting bool // the budget is spent and a whole quantum has to build up
	silence silence
	sent    [NumClasses]Count
	dropped [NumClasses]Count
}

// New makes an empty Pacer.
func New[T any](cfg Config) *Pacer[T] {
	p := &Pacer[T]{quantum: cfg.Quantum, rate: cfg.Rate, maxBurst: float64(cfg.MaxBurst) * datagram}
	if p.quantum <= 0 {
		p.quantum = defaultQuantum
	}
	if p.rate <= 0 {
		p.rate = defaultRate
	}
	if p.maxBurst <= 0 {
		p.maxBurst = defaultMaxBurst * datagram
	}
	return p
}

// SetRate sets the pace in bits per second from now on. What was earned before
// keeps the old rate. A rate that is not above zero stops all but audio and
// feedback.
func (p *Pacer[T]) SetRate(now time.Time, bitsPerSecond float64) {
	p.earn(now)
	if !(bitsPerSecond > 0) {
		bitsPerSecond = 0
	}
	p.rate = bitsPerSecond
}

// Push queues an item of size bytes behind the others of its class and flow.
func (p *Pacer[T]) Push(now time.Time, class Class, flow Flow, size int, item T) {
	if class >= NumClasses {
		class = Probe
	}
	p.earn(now)
	p.lines[class].push(flow, entry[T]{item: item, size: max(size, 0), queued: now})
}

// Pop returns the next item that may leave now, most urgent first. Call it until
// ok is false, then wait for Next.
func (p *Pacer[T]) Pop(now time.Time) (item T, ok bool) {
	p.earn(now)
	for c := range Class(NumClasses) {
		if p.lines[c].packets == 0 {
			continue
		}
		if c.paced() && !p.mayPay() {
			return item, false
		}
		if c.gathered() && p.silence.holds(now) {
			return item, false
		}
		e := p.lines[c].pop()
		p.pay(now, c, e.size)
		return e.item, true
	}
	return item, false
}

// Next is when Pop will have something, or the zero time when nothing waits. It
// may lie in the past: then Pop has something now.
func (p *Pacer[T]) Next() time.Time {
	for c := range Class(NumClasses) {
		if p.lines[c].packets == 0 {
			continue
		}
		if !c.paced() {
			return p.at
		}
		if p.rate <= 0 {
			return time.Time{}
		}
		next := p.at
		if p.waiting {
			missing := p.need() - p.budget
			// One nanosecond more, so that rounding never wakes the caller early.
			next = p.at.Add(time.Duration(math.Ceil(missing/p.rate*float64(time.Second))) + 1)
		}
		if end := p.silence.end(); c.gathered() && end.After(next) {
			next = end
		}
		return next
	}
	return time.Time{}
}

// earn adds what the rate has earned since the last call, at most one quantum:
// an idle link does not save up for a burst.
func (p *Pacer[T]) earn(now time.Time) {
	dt := now.Sub(p.at)
	if dt <= 0 {
		return
	}
	p.at = now
	if most := p.quantumBits(); p.budget < most {
		p.budget = min(p.budget+p.rate*min(dt, time.Second).Seconds(), most)
	}
	if p.waiting && p.budget >= p.need() {
		p.waiting = false
	}
}

// mayPay tells whether a paced packet may leave.
func (p *Pacer[T]) mayPay() bool {
	if p.waiting && p.budget >= p.need() {
		p.waiting = false // the queue became shorter than a quantum
	}
	return p.rate > 0 && !p.waiting
}

func (p *Pacer[T]) pay(now time.Time, c Class, size int) {
	p.budget -= float64(size) * 8
	// Sound and feedback may run the budget down, but not deeper than a quantum:
	// a storm of them must not silence the pictures for long afterwards.
	p.budget = max(p.budget, -max(p.quantumBits(), datagram))
	if p.budget <= 0 {
		p.waiting = true
	}
	if c.gathered() {
		p.silence.sent(now)
	}
	p.sent[c].add(size)
}

// need is the budget at which sending starts again: a quantum, or all that waits.
func (p *Pacer[T]) need() float64 {
	queued := 0
	for c := Repair; c < NumClasses; c++ {
		queued += p.lines[c].bytes
	}
	return min(p.quantumBits(), float64(queued)*8)
}

func (p *Pacer[T]) quantumBits() float64 {
	return max(datagram, min(p.rate*p.quantum.Seconds(), p.maxBurst))
}
