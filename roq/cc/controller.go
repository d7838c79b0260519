package cc

import (
	"time"
)

// Config says how a Controller starts. The zero value works.
type Config struct {
	// Pace is the rate before the first Set, in bit/s. Default 10 Mbit/s: two
	// main streams, so that the first seconds of a link need no estimate.
	Pace int64
	// Floor is the rate below which the yield rule never goes, in bit/s.
	// Default 600 kbit/s: audio and one sub-stream.
	Floor int64
	// NoYield starts with the yield rule switched off, for an owner that
	// yields by itself.
	NoYield bool
}

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
	CE          uint64        // congestion marks the peer reported (RFC 3168), as events
	Trickled    uint64        // packets let through a full window
}

// Controller is the congestion controller of one connection.
type Controller struct{}

// New makes a controller for one connection whose packets start at the given
// size in bytes (Conn.InitialPacketSize).
func New(cfg Config, packetSize int) *Controller { return &Controller{} }

// Set gives the pace in bit/s and the window in bytes, together and at once. A
// window of 0 is worked out: max(64 packets, pace x (minimum RTT + 350 ms)).
// Safe for concurrent use.
func (c *Controller) Set(pace, window int64) {}

// SetFloor gives the rate in bit/s below which the yield rule never goes.
func (c *Controller) SetFloor(floor int64) {}

// SetYield switches the plain yield rule. Safe for concurrent use.
func (c *Controller) SetYield(on bool) {}

// Stats returns what was seen so far. Safe for concurrent use.
func (c *Controller) Stats() Stats { return Stats{} }
