package probe

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/relay/control"
)

// maxSeq bounds the packets of a step: a minute at 100 Mbit/s has 550,000.
const maxSeq = 1 << 20

// tally is what became of one step's packets in one direction.
type tally struct {
	step      control.ProbeStep
	came      []arrival // first copies, in the order in which they came
	there     []bool    // by sequence number
	reordered int
	duplicate int
	sent      int // packets that left; 0 until the sender has told
}

// push takes a packet that came.
func (t *tally) push(a arrival) {
	seq := int(a.seq)
	if seq >= maxSeq {
		return
	}
	late := seq < len(t.there)
	if !late {
		t.there = slices.Grow(t.there, seq+1-len(t.there))[:seq+1]
	}
	if t.there[seq] {
		t.duplicate++
		return
	}
	if late {
		t.reordered++
	}
	t.there[seq] = true
	t.came = append(t.came, a)
}

// offered is how many packets left, as far as known.
func (t *tally) offered() int { return min(max(t.sent, len(t.there)), maxSeq) }

// lost tells whether a packet that left did not come.
func (t *tally) lost(seq int) bool { return seq >= len(t.there) || !t.there[seq] }

// loss is the share lost.
func (t *tally) loss() float64 {
	if t.offered() == 0 {
		return 0
	}
	return float64(t.offered()-len(t.came)) / float64(t.offered())
}

// rate is what arrived in bit/s on the wire, from the first packet to the last.
func (t *tally) rate() float64 {
	if len(t.came) < 2 {
		return 0
	}
	bytes := 0
	first, last := t.came[0].at, t.came[0].at
	for _, a := range t.came {
		bytes += a.size + wireCost
		first, last = min(first, a.at), max(last, a.at)
	}
	// A step that ends well lasts its full time: the silence after its last frame
	// is part of it.
	over := max(time.Duration(last-first), time.Duration(t.step.ForMs)*time.Millisecond*9/10)
	return float64(bytes) * 8 / over.Seconds()
}

// losses are the runs of lost packets over several steps.
type losses struct {
	offered, lost, bursts, longest int
	overflow                       int // lost in a queue that was full, and no part of the rest
}

// add counts a step's. A run of losses beside which a packet had waited longer
// than full was lost in a queue: that says how deep the queue is, and not how the
// line loses.
func (l *losses) add(t *tally, fast, full time.Duration) {
	waited := make(map[int]bool)
	for _, a := range t.came {
		waited[int(a.seq)] = a.transit()-fast > full
	}
	run := 0
	for seq := range t.offered() + 1 {
		if seq < t.offered() && t.lost(seq) {
			run++
			continue
		}
		if run > 0 && (waited[seq] || waited[seq-run-1]) {
			l.overflow += run
		} else if run > 0 {
			l.bursts++
			l.lost += run
			l.longest = max(l.longest, run)
		}
		run = 0
	}
	l.offered += t.offered()
}

// share is the share lost.
func (l *losses) share() float64 {
	if l.offered == 0 {
		return 0
	}
	return float64(l.lost) / float64(l.offered)
}

// mean is the mean length of a burst, 0 without any.
func (l *losses) mean() float64 {
	if l.bursts == 0 {
		return 0
	}
	return float64(l.lost) / float64(l.bursts)
}

// toBad is Gilbert's p: the chance that a packet is lost after one that was not.
func (l *losses) toBad() float64 {
	if l.offered == l.lost {
		return 0
	}
	return float64(l.bursts) / float64(l.offered-l.lost)
}
