package netem

import (
	"math/rand/v2"
	"time"
)

// fate is what chance has in store for one packet on the wire.
type fate struct {
	lost     bool
	heldBack bool
	jitter   float64 // 0 to 1, times Profile.Jitter
}

// dice draws the fates. Each packet takes the same number of draws, whatever
// becomes of it, so that fates depend on the seed and the packet's number only.
type dice struct {
	rnd *rand.Rand
	bad bool // the Gilbert–Elliott chain is in its losing state
}

func newDice(seed uint64) dice {
	// The second word only has to be fixed.
	return dice{rnd: rand.New(rand.NewPCG(seed, 0x6e6574656d))}
}

func (d *dice) draw(p *Profile) fate {
	loss, hold, jitter := d.rnd.Float64(), d.rnd.Float64(), d.rnd.Float64()
	return fate{lost: d.lost(p, loss), heldBack: hold < p.Reorder, jitter: jitter}
}

// lost steps the Gilbert–Elliott chain that loses everything in its bad state
// and nothing in its good one. It leaves the bad state with 1/burst, so that a
// burst has that mean length, and enters it so often that the share comes out.
func (d *dice) lost(p *Profile, u float64) bool {
	if p.Burst <= 1 {
		return u < p.Loss
	}
	if d.bad {
		d.bad = u >= 1/p.Burst
	} else {
		d.bad = u < p.Loss/(p.Burst*(1-p.Loss))
	}
	return d.bad
}

// stretch is what jitter adds to the delay.
func (f fate) stretch(p *Profile) time.Duration {
	d := time.Duration(f.jitter * float64(p.Jitter))
	if f.heldBack {
		d += p.reorderBy()
	}
	return d
}
