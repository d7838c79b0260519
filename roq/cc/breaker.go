package cc

import (
	"time"

	"github.com/apernet/quic-go/monotime"
)

const (
	// breakerTime is how much of the pace may be in flight beyond the path's own
	// round trip: one deadline of 300 ms and a late acknowledgement. When more is
	// in flight nothing has been acknowledged for that long: the link is dead.
	breakerTime = 350 * time.Millisecond
	// minWindowPackets lets one key frame pass on a link with a tiny pace.
	minWindowPackets = 64
	// trickleEvery lets one packet through a full window, so that the end of a
	// blackout is noticed within 20 ms and half a round trip. Waiting for the
	// back-off of QUIC's probe timeout takes 0.8 s after two seconds of silence.
	trickleEvery = 20 * time.Millisecond
)

// breaker is the window. It is no congestion control: it opens the circuit when
// the link has gone away. Not safe for concurrent use.
type breaker struct {
	last monotime.Time // of the last trickled packet
	open bool          // the window was full at the last look, last is valid
}

// window is the number of bytes that may be in flight, for a pace in bit/s.
func window(pace int64, minRTT time.Duration, packet int64) int64 {
	bytes := float64(pace) / 8 * (minRTT + breakerTime).Seconds()
	return max(minWindowPackets*packet, int64(bytes))
}

// look notes whether the window is full. The trickle starts one interval after
// the window filled up.
func (b *breaker) look(now monotime.Time, inFlight, window int64) {
	full := inFlight >= window
	if full && !b.open {
		b.last = now
	}
	b.open = full
}

// ready tells whether a packet may leave now.
func (b *breaker) ready(now monotime.Time) bool {
	return !b.open || now.Sub(b.last) >= trickleEvery
}

// spend takes a sent packet out and tells whether it belonged to the trickle.
func (b *breaker) spend(now monotime.Time) bool {
	if b.open {
		b.last = now
	}
	return b.open
}

// next is when ready will say yes.
func (b *breaker) next() monotime.Time { return b.last.Add(trickleEvery) }
