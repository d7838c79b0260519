package recovery

import (
	"math/rand/v2"
	"time"
)

// channel is one direction of a link: who is lost, and how long the others take.
type channel struct {
	rnd    *rand.Rand
	cell   Cell
	bad    bool
	latest time.Time // of the packets in order, the latest arrival
	until  time.Time // when the link goes down, or comes up again

	offered, lost int
}

// spread is the mean of the exponential part of the delay: what a quiet network
// adds.
const spread = 400 * time.Microsecond

// forth is the way of media and repair.
func forth(cell Cell, seed uint64) *channel {
	c := &channel{rnd: rand.New(rand.NewPCG(seed, 1)), cell: cell}
	c.bad = c.rnd.Float64() < cell.Loss
	return c
}

// back is the way of feedback. So few packets, so far apart, are lost
// independently.
func back(cell Cell, seed uint64) *channel {
	cell.Burst = 1
	if cell.BackLoss > 0 {
		cell.Loss = cell.BackLoss
	}
	return &channel{rnd: rand.New(rand.NewPCG(seed, 2)), cell: cell}
}

// send tells when a packet that is sent now arrives; false: it is lost.
func (c *channel) send(now time.Time) (time.Time, bool) {
	c.step(now)
	c.offered++
	at := now.Add(c.cell.RTT/2 + time.Duration(c.rnd.ExpFloat64()*float64(spread)))
	if c.cell.Jitter > 0 {
		at = at.Add(time.Duration(c.rnd.Int64N(int64(c.cell.Jitter))))
		if at.Before(c.latest) {
			at = c.latest
		}
		c.latest = at
	}
	if c.cell.Reorder > 0 && c.rnd.Float64() < c.cell.Reorder {
		at = at.Add(time.Duration(c.rnd.Int64N(int64(10 * time.Millisecond))))
	}
	if c.bad {
		c.lost++
	}
	return at, !c.bad
}

// step moves the chain on by one packet, or outages to the present.
func (c *channel) step(now time.Time) {
	if c.cell.Outage > 0 {
		if c.until.IsZero() {
			c.until, c.bad = now, true // up from here on
		}
		for !now.Before(c.until) {
			mean := float64(c.cell.Outage)
			if c.bad = !c.bad; !c.bad {
				mean *= 1/c.cell.Loss - 1
			}
			c.until = c.until.Add(time.Duration(c.rnd.ExpFloat64() * mean))
		}
		return
	}
	p, b := c.cell.Loss, max(c.cell.Burst, 1/(1-c.cell.Loss))
	switch {
	case c.cell.Burst <= 1:
		c.bad = c.rnd.Float64() < p
	case c.bad:
		c.bad = c.rnd.Float64() >= 1/b
	default:
		c.bad = c.rnd.Float64() < p/(1-p)/b
	}
}
