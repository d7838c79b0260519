package webrtc

import (
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// reorderSize is how many packets a hole may hold up: a second and a half of 5
// Mbit/s. What is further ahead is another stream.
const reorderSize = 1024

// reorder puts the packets of a browser in order, so that what was sent again
// (RFC 4588) is in its place, and takes out those without a payload, which browsers
// send to feel for bandwidth: they use up sequence numbers, and a gap would look like
// a loss. It is a core; packets come often enough to need no timer.
type reorder struct {
	wait time.Duration // how long a hole may hold up what is behind it

	begun  bool
	next   uint16 // the number that is wanted
	held   int    // packets behind it, while it is missing
	slots  [reorderSize]held
	hidden uint16 // packets taken out so far
	out    []*rtp.Packet
}

type held struct {
	p    *rtp.Packet // nil: a hole
	came time.Time
}

// push takes a packet and returns those whose turn has come, renumbered. The slice is
// valid until the next call.
func (r *reorder) push(now time.Time, p *rtp.Packet) []*rtp.Packet {
	r.out = r.out[:0]
	d := media.SeqDiff(p.SequenceNumber, r.next)
	switch {
	case !r.begun:
		r.begun, r.next = true, p.SequenceNumber
	case d >= reorderSize || d < -reorderSize:
		r.flush()
		r.next = p.SequenceNumber
	case d < 0:
		return nil // given up, or a second copy
	}
	slot := r.slot(p.SequenceNumber)
	if slot.p != nil {
		return nil
	}
	*slot = held{p, now}
	r.held++
	r.take()
	for r.held > 0 && now.Sub(r.slot(r.behind()).came) >= r.wait {
		r.skip()
	}
	return r.out
}

func (r *reorder) slot(seq uint16) *held { return &r.slots[seq%reorderSize] }

// behind is the number of the first packet behind the hole at next. There is one.
func (r *reorder) behind() uint16 {
	seq := r.next
	for r.slot(seq).p == nil {
		seq++
	}
	return seq
}

// take moves packets out up to the next hole.
func (r *reorder) take() {
	for p := r.slot(r.next).p; p != nil; p = r.slot(r.next).p {
		*r.slot(r.next) = held{}
		r.next++
		r.held--
		if len(p.Payload) == 0 {
			r.hidden++
			continue
		}
		p.SequenceNumber -= r.hidden
		r.out = append(r.out, p)
	}
}

// skip gives up the hole at next.
func (r *reorder) skip() {
	r.next = r.behind()
	r.take()
}

// flush moves out all there is, across all holes.
func (r *reorder) flush() {
	for r.held > 0 {
		r.skip()
	}
}
