package layer

import (
	"fmt"
	"time"
)

const (
	// frameTime is what sending a frame takes beside the way itself.
	frameTime = 10 * time.Millisecond
	// roundExtra is what a round of repair takes beside a round trip: the wait for
	// reordered packets and the answer.
	roundExtra = 6 * time.Millisecond
	frameEvery = 40 * time.Millisecond
	// windowMost is how many frames parity spans when no round of repair fits.
	windowMost = 4
)

// Reach is what a link's round trip allows within a latency budget.
type Reach struct {
	Rounds int // of repair on demand that fit
	// Expect is the latency of this link for a frame that needs all that is
	// planned for it: one round of repair, or the window of parity.
	Expect time.Duration
	// InTime tells whether frames can keep the budget at all.
	InTime bool
	Text   string // the same in words
}

// ReachOf says how repair works on a link with the given round trip (without
// queue) and budget from one end to the screen.
func ReachOf(rtt, budget time.Duration) Reach {
	way := rtt/2 + frameTime
	left := budget - way
	r := Reach{InTime: left >= 0}
	switch {
	case left < 0:
		r.Expect = way + frameEvery
		r.Text = fmt.Sprintf("this link's way alone takes %s, more than the %s allowed: every frame is late, "+
			"parity only, expect %s", ms(rtt/2), ms(budget), ms(r.Expect))
		return r
	case left < rtt+roundExtra:
		window := min((windowMost-1)*frameEvery, left.Truncate(frameEvery))
		r.Expect = way + window
		r.Text = fmt.Sprintf("this link's round trip of %s allows no repair within %s: parity only, expect %s; "+
			"repair on demand would need %s", ms(rtt), ms(budget), ms(r.Expect), ms(rtt*3/2+frameEvery))
		return r
	}
	r.Rounds = int(left / (rtt + roundExtra))
	r.Expect = way + rtt + roundExtra
	rounds := "rounds"
	if r.Rounds == 1 {
		rounds = "round"
	}
	r.Text = fmt.Sprintf("this link's round trip of %s allows %d %s of repair within %s: expect %s for a repaired frame",
		ms(rtt), r.Rounds, rounds, ms(budget), ms(r.Expect))
	return r
}
