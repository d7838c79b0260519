package repair

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// copyAfter is how long after the packet its copy is sent: a frame interval,
	// so that a whole picture lies between them. At 20 ms they often leave with
	// nothing between, and a burst of five packets takes both: 1.4 % of the sound
	// at 5 % loss in such bursts.
	copyAfter = 40 * time.Millisecond
	// thirdCopyLoss is the loss above which a third one is sent: 5 % cubed is
	// one packet in 8,000.
	thirdCopyLoss = 0.05
)

// Doubler repeats the packets of a sound: every one a second time 40 ms later,
// and a third time 80 ms later when the link loses more than 5 %. For so few bytes
// nothing is simpler, and no request has to cross the link. Not safe for
// concurrent use; the zero value is ready for use.
type Doubler struct {
	queue  []sounding
	copies uint64
}

type sounding struct {
	at time.Time
	p  *media.Packet
}

// Push notes that p has just been sent for the first time. loss is the link's,
// 0 to 1.
func (d *Doubler) Push(now time.Time, p *media.Packet, loss float64) {
	d.insert(sounding{now.Add(copyAfter), p})
	if loss > thirdCopyLoss {
		d.insert(sounding{now.Add(2 * copyAfter), p})
	}
}

// insert keeps the queue in order of time; it is a few packets long.
func (d *Doubler) insert(s sounding) {
	i := len(d.queue)
	for i > 0 && d.queue[i-1].at.After(s.at) {
		i--
	}
	d.queue = append(d.queue, sounding{})
	copy(d.queue[i+1:], d.queue[i:])
	d.queue[i] = s
}

// Pop returns a packet that is to be sent again now.
func (d *Doubler) Pop(now time.Time) (*media.Packet, bool) {
	if len(d.queue) == 0 || now.Before(d.queue[0].at) {
		return nil, false
	}
	p := d.queue[0].p
	d.queue = d.queue[1:]
	d.copies++
	return p, true
}

// Next is when the next copy is due; zero: none waits.
func (d *Doubler) Next() time.Time {
	if len(d.queue) == 0 {
		return time.Time{}
	}
	return d.queue[0].at
}

// Copies counts the packets sent again.
func (d *Doubler) Copies() uint64 { return d.copies }

// Singler is the other end of a Doubler: it lets the first copy of each packet
// through. The zero value is ready for use.
type Singler struct {
	numbers media.Unwrapper
	highest int64
	seen    [singlerSpan / 64]uint64
}

// singlerSpan is how many packets a Singler remembers: ten seconds of 20 ms ones.
const singlerSpan = 512

// First tells whether seq comes for the first time. What is older than the
// memory is let through only if the source began anew.
func (s *Singler) First(seq uint16) bool {
	v := s.numbers.Unwrap(seq)
	if s.highest-v >= singlerSpan {
		*s = Singler{}
		v = s.numbers.Unwrap(seq)
	}
	for s.highest = max(s.highest, v-singlerSpan); s.highest < v; {
		s.highest++
		s.seen[s.highest/64%(singlerSpan/64)] &^= 1 << (s.highest % 64)
	}
	word, bit := &s.seen[v/64%(singlerSpan/64)], uint64(1)<<(v%64)
	first := *word&bit == 0
	*word |= bit
	return first
}
