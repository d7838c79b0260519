package cc

import (
	"sync/atomic"
	"time"

	"github.com/apernet/quic-go/congestion"
	"github.com/apernet/quic-go/monotime"
)

var _ congestion.CongestionControlEx = (*Controller)(nil)

// Config says how a Controller starts. The zero value works.
type Config struct {
	// Pace is the rate before the first Set, in bit/s. Default 10 Mbit/s: two
	// main streams, so that the first seconds of a link need no estimate.
	Pace int64
	// Floor is the rate below which the yield rule never goes, in bit/s.
	// Default 600 kbit/s: audio and one sub-stream.
	Floor int64
	// NoYield starts with the yield rule switched off, for an owner that
	// yields by itself. Default false.
	NoYield bool
}

const (
	defaultPace  = 10_000_000
	defaultFloor = 600_000
	// minPace keeps a pace of 0 or below from stopping the connection, control
	// stream and all: one full packet per 100 ms.
	minPace = 108_000
)

// Controller is the congestion controller of one connection. The connection's
// run loop calls the methods of congestion.CongestionControlEx, from one
// goroutine; everything else is safe for concurrent use.
type Controller struct {
	target atomic.Pointer[target]
	floor  atomic.Int64
	yields atomic.Bool
	rtt    atomic.Pointer[congestion.RTTStatsProvider]
	size   atomic.Int64 // bytes of a full packet
	seen   counters

	// Owned by the run loop.
	bucket   bucket
	breaker  breaker
	yield    yield
	inFlight int64 // bytes, as told last
}

// target is what was set from above.
type target struct{ pace, window int64 }

// New makes a controller for one connection whose packets start at the given
// size in bytes (Conn.InitialPacketSize of the fork).
func New(cfg Config, packetSize int) *Controller {
	c := &Controller{yield: newYield()}
	c.SetMaxDatagramSize(congestion.ByteCount(packetSize))
	if cfg.Pace <= 0 {
		cfg.Pace = defaultPace
	}
	if cfg.Floor <= 0 {
		cfg.Floor = defaultFloor
	}
	c.Set(cfg.Pace, 0)
	c.SetFloor(cfg.Floor)
	c.SetYield(!cfg.NoYield)
	c.seen.share.Store(shareUnit)
	return c
}

// Set gives the pace in bit/s and the window in bytes, together and at once. A
// window of 0 is worked out: max(64 packets, pace x (minimum RTT + 350 ms)). It
// is a circuit breaker: beyond it one packet passes per 20 ms.
func (c *Controller) Set(pace, window int64) {
	c.target.Store(&target{max(pace, minPace), max(window, 0)})
}

// SetFloor gives the rate in bit/s below which the yield rule never goes.
func (c *Controller) SetFloor(floor int64) { c.floor.Store(max(floor, minPace)) }

// SetYield switches the plain yield rule. Off, the pace is used as it was set.
func (c *Controller) SetYield(on bool) { c.yields.Store(on) }

// SetRTTStatsProvider is called by the fork when the controller is installed,
// and again each time it is installed anew.
func (c *Controller) SetRTTStatsProvider(p congestion.RTTStatsProvider) {
	if old := c.rtt.Load(); old == nil || *old != p {
		c.rtt.Store(&p)
	}
}

// CanSend always agrees. A window that says no would leave the run loop without
// a timer; HasPacingBudget, which is asked next, has one.
func (c *Controller) CanSend(bytesInFlight congestion.ByteCount) bool {
	c.inFlight = int64(bytesInFlight)
	c.seen.calls.Add(1)
	return true
}

// HasPacingBudget tells whether a packet may leave now.
func (c *Controller) HasPacingBudget(now monotime.Time) bool {
	t := c.target.Load()
	c.bucket.setRate(now, c.rate(t))
	c.breaker.look(now, c.inFlight, c.window(t))
	// Both are asked each time: TimeUntilSend relies on a bucket of today.
	paced := c.bucket.ready(now)
	return c.breaker.ready(now) && paced
}

// TimeUntilSend is when HasPacingBudget will agree, if nothing is acknowledged
// before.
func (c *Controller) TimeUntilSend(congestion.ByteCount) monotime.Time {
	if c.breaker.open {
		return max(c.breaker.next(), c.bucket.next())
	}
	return c.bucket.next()
}

// OnPacketSent takes a sent packet into account. Acknowledgements alone are not
// paced (RFC 9002 §7.7) and do not count.
func (c *Controller) OnPacketSent(sentTime monotime.Time, bytesInFlight congestion.ByteCount,
	_ congestion.PacketNumber, bytes congestion.ByteCount, isRetransmittable bool,
) {
	if !isRetransmittable {
		return
	}
	c.inFlight = int64(bytesInFlight)
	c.bucket.spend(sentTime, float64(bytes))
	if c.breaker.spend(sentTime) {
		c.seen.trickled.Add(1)
	}
	c.seen.sent.Add(1)
	c.seen.sentBytes.Add(uint64(bytes))
	c.seen.inFlight.Store(int64(bytesInFlight))
}

// OnCongestionEvent is called for each lost packet, and with 0 bytes when the
// peer reports a congestion mark. Each is counted here and nowhere else.
func (c *Controller) OnCongestionEvent(_ congestion.PacketNumber, lostBytes, _ congestion.ByteCount) {
	if lostBytes == 0 {
		c.seen.ce.Add(1)
		return
	}
	c.seen.lost.Add(1)
	c.seen.lostBytes.Add(uint64(lostBytes))
}

// OnCongestionEventEx is called once per acknowledgement and per detection of
// loss. The losses were counted before; the yield rule wants them in one piece.
func (c *Controller) OnCongestionEventEx(priorInFlight congestion.ByteCount, eventTime monotime.Time,
	acked []congestion.AckedPacketInfo, lost []congestion.LostPacketInfo,
) {
	left := int64(priorInFlight)
	for _, p := range acked {
		left -= int64(p.BytesAcked)
	}
	for _, p := range lost {
		left -= int64(p.BytesLost)
	}
	c.seen.inFlight.Store(max(left, 0))
	c.seen.acked.Add(uint64(len(acked)))
	if !c.yields.Load() {
		return
	}
	floor := float64(c.floor.Load()) / float64(c.target.Load().pace)
	c.yield.onAck(eventTime, c.latestRTT(), len(acked), len(lost), floor)
	c.seen.share.Store(int64(c.yield.share * shareUnit))
}

// rate is what the bucket lets pass, in bytes per second.
func (c *Controller) rate(t *target) float64 {
	share := 1.0
	if c.yields.Load() {
		share = c.yield.share
	}
	return float64(t.pace) / 8 * headroom * share
}

func (c *Controller) window(t *target) int64 {
	if t.window > 0 {
		return t.window
	}
	return window(t.pace, c.minRTT(), c.size.Load())
}

func (c *Controller) minRTT() time.Duration {
	if p := c.rtt.Load(); p != nil {
		return (*p).MinRTT()
	}
	return 0
}

func (c *Controller) latestRTT() time.Duration {
	if p := c.rtt.Load(); p != nil {
		return (*p).LatestRTT()
	}
	return 0
}

// GetCongestionWindow is asked for logs only.
func (c *Controller) GetCongestionWindow() congestion.ByteCount {
	return congestion.ByteCount(c.window(c.target.Load()))
}

// SetMaxDatagramSize is told the size of a full packet when it grows.
func (c *Controller) SetMaxDatagramSize(size congestion.ByteCount) {
	c.size.Store(int64(size))
	c.bucket.packet = float64(size)
}

// OnPacketAcked is called per packet; OnCongestionEventEx has the same news.
func (c *Controller) OnPacketAcked(congestion.PacketNumber, congestion.ByteCount, congestion.ByteCount, monotime.Time) {
}

// OnRetransmissionTimeout is never called by the fork.
func (c *Controller) OnRetransmissionTimeout(bool) {}

// MaybeExitSlowStart has nothing to exit from.
func (c *Controller) MaybeExitSlowStart() {}

// InSlowStart is false: the pace is set, not searched for.
func (c *Controller) InSlowStart() bool { return false }

// InRecovery is false: a loss changes nothing.
func (c *Controller) InRecovery() bool { return false }
