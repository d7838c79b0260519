package fanout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// onceWindow is how many numbers back a packet is known: all that the ring holds.
	onceWindow = ringPackets
	// onceFor is how long a break may last after which they still are: a camera of
	// 20 Mbit/s takes 30 s to use all 65,536 numbers, and a packet from behind that
	// must not be taken for one from before the break.
	onceFor = 10 * time.Second
)

// once lets each packet of a layer into the ring once, by whatever way it comes: over
// two lines at the same time, or first over a link that died and then, from the
// cached group of pictures of another hub, over the next. So those who read get what
// they missed and nothing that they have had.
//
// The numbers are the origin's own, the same on every way. Another SSRC, a number out
// of the window or a long break begin anew.
type once struct {
	ssrc    uint32
	last    time.Time // arrival of the newest; zero: nothing is known
	highest uint16
	bits    [onceWindow / 64]uint64 // by number modulo the window
}

// add tells whether p comes for the first time.
func (o *once) add(p *media.Packet) bool {
	ahead := media.SeqDiff(p.Seq, o.highest)
	if o.last.IsZero() || p.SSRC != o.ssrc || p.Arrival.Sub(o.last) > onceFor ||
		ahead >= onceWindow || ahead <= -onceWindow {
		*o = once{ssrc: p.SSRC, highest: p.Seq}
		ahead = 0
	}
	o.last = p.Arrival
	for ; ahead > 0; ahead-- {
		o.highest++
		o.bits[o.highest%onceWindow/64] &^= 1 << (o.highest % 64)
	}
	word, bit := &o.bits[p.Seq%onceWindow/64], uint64(1)<<(p.Seq%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
