package netem

import (
	"math"
	"time"
)

// Stats counts what a link did. Sizes include the headers of IP and UDP.
type Stats struct {
	Offered, OfferedBytes     uint64
	Delivered, DeliveredBytes uint64
	LostQueue                 uint64 // the queue was full
	LostWire                  uint64 // chance, alone or in a burst
	LostOutage                uint64 // the link was out or down
	HeldBack                  uint64 // held back so that others overtake
	MaxQueueBytes             int
	// Lateness is the emulator's own error: how long after its time each packet
	// was taken out.
	Lateness Lateness
}

// Lost is how many packets did not arrive, for whatever reason.
func (s *Stats) Lost() uint64 { return s.LostQueue + s.LostWire + s.LostOutage }

// Lateness is a histogram of delays, each bucket a tenth wider than the one
// before it, from 10 µs to about 1 s. The zero value is ready for use.
type Lateness struct {
	count   uint64
	max     time.Duration
	buckets [latenessBuckets]uint64
}

const (
	latenessFirst   = 10 * time.Microsecond // the first bucket ends here
	latenessGrowth  = 1.1
	latenessBuckets = 124 // 10 µs · 1.1¹²² ≈ 1.1 s; the last one has no end
)

// Add counts one delay; one below 0 counts as 0.
func (h *Lateness) Add(d time.Duration) {
	d = max(d, 0)
	h.count++
	h.max = max(h.max, d)
	i := 0
	if d >= latenessFirst {
		i = 1 + int(math.Log(float64(d)/float64(latenessFirst))/math.Log(latenessGrowth))
	}
	h.buckets[min(i, latenessBuckets-1)]++
}

// Quantile is a delay that the share q (0 to 1) of all does not exceed, at most
// a tenth too long and never above the longest; 0 when nothing was counted.
func (h *Lateness) Quantile(q float64) time.Duration {
	var sum uint64
	for i, n := range h.buckets {
		sum += n
		if sum > 0 && float64(sum) >= q*float64(h.count) {
			end := float64(latenessFirst) * math.Pow(latenessGrowth, float64(i))
			return min(h.max, time.Duration(end))
		}
	}
	return h.max
}

// Max is the longest delay counted.
func (h *Lateness) Max() time.Duration { return h.max }
