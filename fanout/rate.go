package fanout

import "time"

const (
	// rateSlots of a second each: a rate over ten seconds has five key frames of
	// a camera in it, and one more or less does not matter.
	rateSlots  = 10
	slotLength = int64(time.Second)
	// rateSoonest is how long a flow must have been seen for its rate to count.
	rateSoonest = 500 * time.Millisecond
)

// rate measures a flow's bit rate over the last ten seconds, by the arrival times
// of its packets, so that a cached group pushed at once does not look like more.
type rate struct {
	slots [rateSlots]int64 // bytes in each second
	slot  int64            // number of the newest slot
	first time.Time        // arrival of the first packet
	last  time.Time        // arrival of the newest packet
}

// add counts a packet. One that was counted already (pushed again from the
// cached group) is told by its arrival.
func (r *rate) add(at time.Time, bytes int) {
	if r.first.IsZero() {
		r.first = at
	}
	if at.Before(r.last) {
		return
	}
	r.last = at
	n := int64(at.Sub(r.first)) / slotLength
	r.advance(n)
	r.slots[n%rateSlots] += int64(bytes)
}

func (r *rate) advance(n int64) {
	for ; r.slot < n; r.slot++ {
		if n-r.slot > rateSlots {
			r.slots, r.slot = [rateSlots]int64{}, n
			return
		}
		r.slots[(r.slot+1)%rateSlots] = 0
	}
}

// bits is the rate in bit/s at now; false while too little has been seen.
func (r *rate) bits(now time.Time) (float64, bool) {
	seen := now.Sub(r.first)
	if r.first.IsZero() || seen < rateSoonest {
		return 0, false
	}
	n := int64(seen)
	r.advance(n / slotLength)
	var sum int64
	for _, b := range r.slots {
		sum += b
	}
	over := min(seen, time.Duration((rateSlots-1)*slotLength+n%slotLength))
	return float64(sum*8) / over.Seconds(), true
}

// silent tells whether nothing has come for so long.
func (r *rate) silent(now time.Time, d time.Duration) bool { return now.Sub(r.last) > d }
