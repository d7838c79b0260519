package netem

import "time"

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

// Lateness is a histogram of delays in steps of 20 µs up to 10 ms, which is as
// fine as the goal of 1 ms needs. The zero value is ready for use.
type Lateness struct {
	count   uint64
	max     time.Duration
	buckets [latenessBuckets + 1]uint64 // the last one: longer
}

const (
	latenessStep    = 20 * time.Microsecond
	latenessBuckets = 500
)

// Add counts one delay; one below 0 counts as 0.
func (h *Lateness) Add(d time.Duration) {
	d = max(d, 0)
	h.count++
	h.max = max(h.max, d)
	h.buckets[min(int(d/latenessStep), latenessBuckets)]++
}

// Quantile is the delay that the share q (0 to 1) of all stays below, rounded up
// to 20 µs and never above the longest; 0 when nothing was counted.
func (h *Lateness) Quantile(q float64) time.Duration {
	want := uint64(q * float64(h.count))
	var sum uint64
	for i, n := range h.buckets[:latenessBuckets] {
		sum += n
		if sum > want || sum == h.count {
			return min(h.max, time.Duration(i+1)*latenessStep)
		}
	}
	return h.max
}

// Max is the longest delay counted.
func (h *Lateness) Max() time.Duration { return h.max }

// Count is how many delays were counted.
func (h *Lateness) Count() uint64 { return h.count }
