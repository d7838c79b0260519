// Package clock finds out what time it is at the other end of a link. Two nodes
// exchange four time stamps once a second, as NTP does (RFC 5905 §8); the
// exchange with the shortest round trip among the recent ones tells the offset,
// and half its round trip bounds the error, since nothing shows how a round trip
// divides into its two directions.
//
// The exchange travels in datagrams: a sample that had to be sent again would
// only be wrong by the wait.
//
// Exchange is a core: it is told the time and belongs to one goroutine.
package clock

import (
	"encoding/binary"
	"errors"
	"time"
)

const (
	// window is how long a sample counts. Within a minute two PC clocks part by
	// less than 6 ms even at 100 ppm, and that is added to the uncertainty.
	window = time.Minute
	// interval between requests once the offset is known; faster at the start,
	// so that the first lesson's latency is known before its first picture.
	interval      = time.Second
	startInterval = 100 * time.Millisecond
	startSamples  = 8
	// maxSamples is more than a window's requests.
	maxSamples = 128
	// drift is how fast two clocks may part: crystals in cheap PCs are good to
	// 50 ppm each.
	drift = 100e-6
)

// Sizes of the two messages: a type byte and one or three times.
const (
	requestSize  = 1 + 8
	responseSize = 1 + 3*8
	typeRequest  = 1
	typeResponse = 2
)

// ErrMessage is returned for a datagram that is neither a request nor an answer.
var ErrMessage = errors.New("bad time exchange message")

// Exchange keeps the time offset of one peer. The zero value is ready for use.
type Exchange struct {
	samples []sample
	next    time.Time
	sent    int
	best    sample
	known   bool
}

type sample struct {
	at     time.Time
	offset time.Duration
	rtt    time.Duration
}

// Offset is what the exchange knows. The zero value means that nothing is known.
type Offset struct {
	// Offset is the peer's clock minus ours.
	Offset time.Duration
	// Uncertainty bounds the error of Offset either way.
	Uncertainty time.Duration
	// RTT is the round trip of the sample used, without the peer's own time.
	RTT time.Duration
	// At is when the sample was taken, by our clock. Offset is right for the wall clock
	// as it was then: it may have been set since.
	At    time.Time
	Known bool
}

// Next is when the next request is due.
func (e *Exchange) Next() time.Time { return e.next }

// Hurry makes the next request due at once, for whoever wonders whether the peer is
// there at all.
func (e *Exchange) Hurry(now time.Time) {
	if now.Before(e.next) {
		e.next = now
	}
}

// Pop appends a request to dst if one is due. Now is sent as our clock's time.
func (e *Exchange) Pop(now time.Time, dst []byte) ([]byte, bool) {
	if now.Before(e.next) {
		return dst, false
	}
	wait := interval
	if e.sent < startSamples {
		wait = startInterval
	}
	e.sent++
	e.next = now.Add(wait)
	dst = append(dst, typeRequest)
	return binary.BigEndian.AppendUint64(dst, uint64(now.UnixNano())), true
}

// Push takes a message from the peer. For a request it appends the answer to dst
// and reports true; an answer becomes a sample.
func (e *Exchange) Push(now time.Time, msg, dst []byte) ([]byte, bool, error) {
	switch {
	case len(msg) == requestSize && msg[0] == typeRequest:
		dst = append(dst, typeResponse)
		dst = append(dst, msg[1:]...)
		dst = binary.BigEndian.AppendUint64(dst, uint64(now.UnixNano()))
		// The answer leaves at once; t2 and t3 are one and the same.
		return binary.BigEndian.AppendUint64(dst, uint64(now.UnixNano())), true, nil
	case len(msg) == responseSize && msg[0] == typeResponse:
		e.answer(now, msg[1:])
		return dst, false, nil
	}
	return dst, false, ErrMessage
}

func (e *Exchange) answer(now time.Time, b []byte) {
	t1, t2, t3 := stamp(b), stamp(b[8:]), stamp(b[16:])
	t4 := now.UnixNano()
	// Compared before anything is subtracted: a peer may send any 64 bits.
	if t1 > t4 || t1 < t4-int64(10*time.Second) {
		return // not an answer to a recent question of ours
	}
	if t2 < 0 || t3 < t2 || t3-t2 > t4-t1 {
		return // the peer held it longer than it took
	}
	if len(e.samples) >= maxSamples { // answers to questions that we did not ask
		e.samples = e.samples[1:]
	}
	s := sample{
		at:     now,
		offset: time.Duration(((t2 - t1) + (t3 - t4)) / 2),
		rtt:    time.Duration((t4 - t1) - (t3 - t2)),
	}
	if e.known && s.contradicts(e.best) {
		e.samples = e.samples[:0]
	}
	e.samples = append(e.samples, s)
	e.choose(now)
}

// contradicts tells that no offset fits both samples: one of the two clocks was
// set in between, and what was known before is worth nothing now.
func (s sample) contradicts(o sample) bool {
	return (s.offset - o.offset).Abs() > s.bound(s.at)+o.bound(s.at)
}

func stamp(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }

// choose picks the sample with the least bound on its error, and forgets those
// older than the window.
func (e *Exchange) choose(now time.Time) {
	for len(e.samples) > 1 && now.Sub(e.samples[0].at) > window {
		e.samples = e.samples[1:]
	}
	e.best = e.samples[0]
	for _, s := range e.samples[1:] {
		if s.bound(now) <= e.best.bound(now) {
			e.best = s
		}
	}
	e.known = true
}

// bound is half the round trip plus what the clocks may have parted since.
func (s sample) bound(now time.Time) time.Duration {
	return s.rtt/2 + time.Duration(drift*float64(now.Sub(s.at)))
}

// Offset returns what is known at now.
func (e *Exchange) Offset(now time.Time) Offset {
	if !e.known {
		return Offset{}
	}
	return Offset{Offset: e.best.offset, Uncertainty: e.best.bound(now), RTT: e.best.rtt, At: e.best.at, Known: true}
}
