package cc

import (
	"sync/atomic"
	"time"
)

// Stats is what a Controller has seen since it was made.
type Stats struct {
	MinRTT      time.Duration // over the life of the path
	SmoothedRTT time.Duration // RFC 9002 §5.3
	LatestRTT   time.Duration // of the last acknowledgement
	InFlight    int64         // bytes sent and neither acknowledged nor lost
	Window      int64         // bytes beyond which only the trickle passes
	Pace        int64         // bit/s, as set from above
	Yielded     float64       // the share of the pace that is used, 1 = all
	Sent        uint64        // packets that count for congestion control
	SentBytes   uint64        // bytes of those
	Lost        uint64        // packets, each counted once
	LostBytes   uint64        // bytes of those
	Acked       uint64        // packets
	CE          uint64        // times the peer reported congestion marks (RFC 9002 §7.1)
	Trickled    uint64        // packets let through a full window
}

// shareUnit makes an integer of a share, for an atomic.
const shareUnit = 1 << 20

// counters are written by the run loop and read by anybody.
type counters struct {
	calls                  atomic.Uint64
	sent, sentBytes, acked atomic.Uint64
	lost, lostBytes, ce    atomic.Uint64
	trickled               atomic.Uint64
	inFlight, share        atomic.Int64
}

// Stats returns what was seen so far. Safe for concurrent use; the numbers are
// each right, but not all of the same instant.
func (c *Controller) Stats() Stats {
	t := c.target.Load()
	s := Stats{
		InFlight:  c.seen.inFlight.Load(),
		Pace:      t.pace,
		Window:    t.window,
		Yielded:   1,
		Sent:      c.seen.sent.Load(),
		SentBytes: c.seen.sentBytes.Load(),
		Lost:      c.seen.lost.Load(),
		LostBytes: c.seen.lostBytes.Load(),
		Acked:     c.seen.acked.Load(),
		CE:        c.seen.ce.Load(),
		Trickled:  c.seen.trickled.Load(),
	}
	if c.yields.Load() {
		s.Yielded = float64(c.seen.share.Load()) / shareUnit
	}
	if p := c.rtt.Load(); p != nil {
		s.MinRTT, s.SmoothedRTT, s.LatestRTT = (*p).MinRTT(), (*p).SmoothedRTT(), (*p).LatestRTT()
	}
	if s.Window == 0 {
		s.Window = window(t.pace, s.MinRTT, c.size.Load())
	}
	return s
}

// Calls counts how often the run loop asked this controller whether it may send.
// A connection that lives without this number growing has another controller:
// the fork puts its own back when a path changes.
func (c *Controller) Calls() uint64 { return c.seen.calls.Load() }
