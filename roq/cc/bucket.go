package cc

import (
	"time"

	"github.com/apernet/quic-go/monotime"
)

const (
	// headroom over the pace: the application's pacer shapes, this bucket only
	// guards, and a guard that is exactly as fast as its charge adds a queue.
	headroom = 1.25
	// quantumTime is how much is sent in one go and then waited for. Batches of
	// full packets are cheaper to send and are acknowledged less often (0.07
	// instead of 0.18 acknowledgements per packet); 5 ms fit any path's buffer.
	quantumTime = 5 * time.Millisecond
	// quantumPackets fills one sendmsg: 20 KB hold 14 full packets.
	quantumPackets = 14
	// burstPackets may always leave at once after a pause, as RFC 9002 §7.7 has it.
	burstPackets = 10
	// maxBurstPackets is half of what the receiving library holds before it
	// drops in silence (128), so that even a sleepy reader loses nothing.
	maxBurstPackets = 64
)

// bucket is the pacer: a token bucket that, once empty, waits until it holds a
// quantum again rather than one packet. Not safe for concurrent use.
type bucket struct {
	rate    float64       // bytes per second, headroom included
	packet  float64       // bytes of a full packet
	tokens  float64       // bytes that may leave now
	at      monotime.Time // when tokens was right
	started bool          // at is set: monotime knows no zero, see its comment
	waiting bool          // emptied, and filling up to a quantum
}

// burst is how much may leave at once after a pause, in bytes.
func (b *bucket) burst() float64 {
	return min(max(burstPackets*b.packet, b.rate*quantumTime.Seconds()), maxBurstPackets*b.packet)
}

// quantum is what the emptied bucket waits for, in bytes.
func (b *bucket) quantum() float64 {
	return max(b.packet, min(b.rate*quantumTime.Seconds(), quantumPackets*b.packet))
}

// refill brings the tokens to the present.
func (b *bucket) refill(now monotime.Time) {
	switch {
	case !b.started:
		b.started = true
		b.tokens = b.burst()
	case now > b.at:
		b.tokens = min(b.tokens+b.rate*now.Sub(b.at).Seconds(), b.burst())
	default:
		return // the clock of a late caller does not run backwards here
	}
	b.at = now
}

// setRate changes the rate from now on; what was saved up before is kept.
func (b *bucket) setRate(now monotime.Time, rate float64) {
	if rate == b.rate {
		return
	}
	if b.started {
		b.refill(now)
	}
	b.rate = rate
}

// ready tells whether a packet may leave now.
func (b *bucket) ready(now monotime.Time) bool {
	b.refill(now)
	if b.waiting && b.tokens >= b.quantum() {
		b.waiting = false
	}
	return !b.waiting
}

// spend takes a sent packet out. Packets that leave without asking, such as
// probes after a timeout, may put the bucket into debt, by one burst at most.
func (b *bucket) spend(now monotime.Time, bytes float64) {
	b.refill(now)
	b.tokens = max(b.tokens-bytes, -b.burst())
	if b.tokens < b.packet {
		b.waiting = true
	}
}

// next is when ready will say yes.
func (b *bucket) next() monotime.Time {
	missing := b.quantum() - b.tokens
	if !b.waiting || missing <= 0 {
		return b.at
	}
	// A microsecond more than needed, so that rounding never wakes us too early
	// for nothing.
	return b.at.Add(time.Duration(missing/b.rate*float64(time.Second)) + time.Microsecond)
}
