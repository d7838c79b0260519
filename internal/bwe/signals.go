package bwe

import "time"

// Signals is what an Estimator knows after a report. It is a value to keep, log
// and replay. Rates are bits per second; 0 means not known.
type Signals struct {
	At  time.Time     // when the report came; zero before the first one
	RTT time.Duration // round trip without queue

	// Queue is the delay above the path's own that no packet of the last 45 ms
	// escaped: longer than a frame interval, so that it is the queue that
	// remains when a frame starts, and free of jitter.
	Queue time.Duration
	// Queue250 and Queue500 are the least Queue of the last 250 and 500 ms.
	Queue250, Queue500 time.Duration
	// Noise is the jitter left in Queue while the link is idle; it widens the
	// thresholds.
	Noise time.Duration

	Busy  Busy
	Train float64 // capacity read from packet trains, valid for 700 ms

	Phi     Share // whose queue: memory 0.4 s
	PhiSlow Share // the same with a memory of 3 s

	Sent      float64 // left in the last second
	Delivered float64 // received in the last second
	// Capacity is what the link seems to carry in all: Delivered / (1 - Phi).
	Capacity float64

	Loss250, Loss600 float64 // share of packets lost in the last 250 and 600 ms
	// LossUsual is the share lost over the last ten seconds or so.
	LossUsual float64
	// Sent600 is how many packets Loss600 was counted over.
	Sent600 int

	Contest Contest
}

// Busy is the last stretch of time in which a queue stood, at most one second.
type Busy struct {
	Length time.Duration // 0: no queue now
	Growth time.Duration // of Queue from its beginning to its end
	Rate   float64       // received in it
}

// Share is a share of the link, 0 to 1, when it is known.
type Share struct {
	Value float64
	Known bool
}

// Or is the share, or another number when it is not known.
func (s Share) Or(unknown float64) float64 {
	if s.Known {
		return s.Value
	}
	return unknown
}

// Contest says how we stand against others that fill the queue with us.
type Contest struct {
	// Lasted is how long the present episode of a standing queue has lasted, 0
	// without one. It ends after 5 s without a queue.
	Lasted time.Duration
	Events int // loss events in this episode
	// FairRate is what the luckiest single TCP would get that saw our losses; 0
	// before two events.
	FairRate float64
	// TFRCRate is the rate of RFC 5348 for the same events, for the circuit
	// breaker (RFC 8083). 0 before two events.
	TFRCRate float64
}
