package fanout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// peerClock turns times of the peer's wall clock into ours. It holds one moment in
// both: ours with its monotonic reading, so that times that come out stay right
// when our own wall clock is set, as NTP does it on a machine that started without
// network.
type peerClock struct {
	local time.Time
	peer  time.Time
	known bool
}

// set takes how far the peer was ahead at a time of ours.
func (c *peerClock) set(at time.Time, offset time.Duration) {
	c.local, c.known = at, true
	c.peer = at.Round(0).Add(offset) // the wall's reading alone
}

// ours is when it was so late at the peer, in our clock, monotonic.
func (c *peerClock) ours(peer time.Time) time.Time { return c.local.Add(peer.Sub(c.peer)) }

const (
	// datesAgree is how far a capture time may lie from where the timestamps have it,
	// and be believed at once: clocks that drift or an estimate that gets better.
	datesAgree = 500 * time.Millisecond
	// datesDoubt is how long one that lies farther is not believed. When the peer's
	// wall clock is set, its sender reports say so at once and the time exchange with
	// the next answer, one or two seconds later; until then the two do not fit.
	datesDoubt = 4 * time.Second
	// datesPause without a packet is a layer that was not sent for a while.
	datesPause = time.Second
)

// dates keeps the capture times of one flow together with its timestamps, which
// know nothing of wall clocks.
type dates struct {
	at        time.Time // of the last packet
	timestamp uint32
	known     bool
	doubt     time.Time // since when they do not fit; zero: they do
	came      time.Time // when that packet came
}

// follow returns the capture time of a packet that was taken at, as sender report
// and time exchange have it.
func (d *dates) follow(now time.Time, timestamp uint32, clockRate int, at time.Time) time.Time {
	if now.Sub(d.came) > datesPause {
		d.doubt = time.Time{} // nothing was sent meanwhile that could have settled it
	}
	d.came = now
	if d.known && !d.believe(now, timestamp, clockRate, at) {
		at = d.expect(timestamp, clockRate)
	}
	d.at, d.timestamp, d.known = at, timestamp, true
	return at
}

func (d *dates) expect(timestamp uint32, clockRate int) time.Time {
	return d.at.Add(lasting(media.TimestampDiff(timestamp, d.timestamp), clockRate))
}

func (d *dates) believe(now time.Time, timestamp uint32, clockRate int, at time.Time) bool {
	switch off := at.Sub(d.expect(timestamp, clockRate)).Abs(); {
	case off <= datesAgree:
		d.doubt = time.Time{}
		return true
	case d.doubt.IsZero():
		d.doubt = now
	}
	if now.Sub(d.doubt) < datesDoubt {
		return false
	}
	d.doubt = time.Time{}
	return true
}

// lasting is how long so many ticks of a clock last.
func lasting(ticks, clockRate int) time.Duration {
	return time.Duration(ticks) * time.Second / time.Duration(clockRate)
}
