// Package wallstep makes the times that a program reads after its wall clock was
// set: the wall has jumped, the monotonic clock has not (see "Monotonic Clocks" in
// package time). Nothing in the standard library can make such a pair on purpose,
// and no test may set the machine's clock, so this package writes into the value.
//
// It is for tests and for the bench: a node whose clock is set by NTP in the middle
// of a class is an ordinary thing.
package wallstep

import (
	"time"
	"unsafe"
)

// The first word of a time.Time with a monotonic reading: one bit that says so, 33
// bits of seconds since 1885, 30 bits of nanoseconds.
const (
	hasMonotonic = 1 << 63
	secondShift  = 30
)

// Step returns t with its wall clock moved by so many seconds and its monotonic
// reading as it was. A time without a monotonic reading is returned as it is, and
// so is every time if this Go keeps times in another way; Works tells.
func Step(t time.Time, seconds int64) time.Time {
	word := (*uint64)(unsafe.Pointer(&t))
	if *word&hasMonotonic == 0 {
		return t
	}
	moved := t
	*(*uint64)(unsafe.Pointer(&moved)) += uint64(seconds) << secondShift //nolint:gosec // wraps as it should
	if moved.Sub(t) != 0 || moved.Unix() != t.Unix()+seconds {
		return t
	}
	return moved
}

// Works tells whether Step can step the wall of a time like t.
func Works(t time.Time) bool { return Step(t, 1).Unix() == t.Unix()+1 }
