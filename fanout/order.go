package fanout

import (
	"slices"
	"time"
)

// orderMost is how many packets the order goes back: ten seconds at 1,600 a
// second, longer than any report speaks of.
const orderMost = 16384

// order numbers the packets of a link in the order in which they left, over all
// flows. A report tells when a packet was sent; its number is found by that.
type order struct {
	times []int64 // ascending
	first int64   // the number of times[0]
}

// add returns the time under which a packet is known: now, or a little later when
// another left at the same moment.
func (o *order) add(now time.Time) time.Time {
	if n := len(o.times); n > 0 && now.UnixNano() <= o.times[n-1] {
		now = now.Add(time.Duration(o.times[n-1]-now.UnixNano()) + 1)
	}
	if len(o.times) == 2*orderMost {
		o.first += orderMost
		o.times = append(o.times[:0], o.times[orderMost:]...)
	}
	o.times = append(o.times, now.UnixNano())
	return now
}

// of is the number of the packet that left at a time that add returned.
func (o *order) of(sent time.Time) int64 {
	i, _ := slices.BinarySearch(o.times, sent.UnixNano())
	return o.first + int64(i)
}
