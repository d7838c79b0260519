package identity

import (
	"sync"
	"time"
)

// agree is how far two clocks may differ that count as one: certificates are dated to
// the second, and an answer may be some seconds on its way.
const agree = time.Minute

// clock tells what time it is in the county. School computers lose their clock with
// their battery, and a certificate is judged by time, so this machine's own clock is
// taken for right only while nothing says otherwise. Two things do:
//
//   - The CA has signed a certificate that is dated later. It cannot be earlier than
//     that now: from there on time goes forward.
//   - The CA has just dated a certificate for a key that was made for it: that is the
//     time now, whatever our clock says, and since only the CA can sign, no other node
//     can put our clock back to where its own certificate was still good.
//
// Both are counted on with the monotonic clock, so it does not matter when the wall
// clock is set meanwhile. The zero value goes by this machine's clock. Any goroutine may
// use it.
type clock struct {
	mu sync.Mutex
	// told is what the CA has said and proved what its dates prove, both with our time at
	// that moment. Zero: nothing.
	told, toldAt     time.Time
	proved, provedAt time.Time
}

// now is the county's time; own is this machine's.
func (c *clock) now(own time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read(own)
}

func (c *clock) read(own time.Time) time.Time {
	if !c.told.IsZero() {
		return c.told.Add(own.Sub(c.toldAt))
	}
	if c.proved.IsZero() {
		return own
	}
	if least := c.proved.Add(own.Sub(c.provedAt)); own.Before(least) {
		return least
	}
	return own
}

// prove takes in that the CA has signed something at a time.
func (c *clock) prove(signed, own time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if signed.After(c.read(own)) {
		c.proved, c.provedAt = signed, own
	}
}

// tell takes in what time it is now by the CA.
func (c *clock) tell(ca, own time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told, c.toldAt, c.proved = time.Time{}, time.Time{}, time.Time{}
	if ca.Sub(own).Abs() > agree {
		c.told, c.toldAt = ca, own
	}
}

// off is by how much the county's time is ahead of own; zero when they agree.
func (c *clock) off(own time.Time) time.Duration {
	if d := c.now(own).Sub(own.Round(0)); d.Abs() > agree { // Round: the wall clocks
		return d
	}
	return 0
}

// Now is the time by which certificates are judged here: this machine's, unless the CA
// has shown that it is wrong.
func (id *Identity) Now() time.Time { return id.clock.now(id.own()) }

// ClockOff is how far this machine's clock is known to be behind the CA's (ahead of it:
// negative), and zero while nothing is known or they agree within a minute.
func (id *Identity) ClockOff() time.Duration { return id.clock.off(id.own()) }
