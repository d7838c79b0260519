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
//
// Times are counted from the first packet, which makes them monotonic: a node whose
// wall clock is set back by an hour must not number an hour's packets by the last
// one before that.
type order struct {
	zero   time.Time
	times  []time.Duration // since zero, ascending
	beside []int32         // bytes that left before each without a number
	first  int64           // the number of times[0]
	passed int32           // bytes without a number since the last one
}

// pass counts what leaves without a number, because no report speaks of it.
func (o *order) pass(size int) { o.passed += int32(size) }

// add returns the time under which a packet is known: now, or a little later when
// another left at the same moment.
func (o *order) add(now time.Time) time.Time {
	if o.zero.IsZero() {
		o.zero = now
	}
	at := now.Sub(o.zero)
	if n := len(o.times); n > 0 && at <= o.times[n-1] {
		at = o.times[n-1] + 1
	}
	if len(o.times) == 2*orderMost {
		o.first += orderMost
		o.times = append(o.times[:0], o.times[orderMost:]...)
		o.beside = append(o.beside[:0], o.beside[orderMost:]...)
	}
	o.times = append(o.times, at)
	o.beside = append(o.beside, o.passed)
	o.passed = 0
	return o.zero.Add(at)
}

// of is the number of the packet that left at a time that add returned, and how many bytes
// without one had left since the packet before.
func (o *order) of(sent time.Time) (number int64, beside int) {
	i, known := slices.BinarySearch(o.times, sent.Sub(o.zero))
	if known {
		beside = int(o.beside[i])
	}
	return o.first + int64(i), beside
}
