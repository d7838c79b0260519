package netem

import (
	"errors"
	"fmt"
	"time"
)

// WireOverhead is what an IPv4 and a UDP header add to a datagram, in bytes
// (RFC 791 §3.1 without options: 20; RFC 768: 8).
const WireOverhead = 28

// DefaultQueue is the depth of the queue where a profile names a rate and no
// depth: a middling home router.
const DefaultQueue = 100 * time.Millisecond

// minQueueBytes keeps a queue given in time from shrinking below a dozen
// packets when the rate drops.
const minQueueBytes = 20_000

// ErrProfile is wrapped by the errors of Profile.Validate.
var ErrProfile = errors.New("bad link profile")

// Profile describes one direction of a link. The zero value is a perfect one:
// no limit, no delay, no loss.
type Profile struct {
	// Rate is the capacity in bit/s, headers of IP and UDP included; 0 = no limit.
	Rate int64
	// Queue is how long a packet may wait for the bottleneck, at the rate of that
	// moment (but never less than 20 kB); 0 = DefaultQueue. Without a Rate there
	// is no queue.
	Queue time.Duration
	// QueueBytes, where it is not 0, is the depth in bytes instead of in time.
	QueueBytes int
	// Overhead is what the headers below add to each datagram in bytes;
	// 0 = WireOverhead.
	Overhead int

	// Delay is how long the wire is, one way.
	Delay time.Duration
	// Jitter lengthens Delay for each packet by 0 to Jitter, evenly spread. The
	// order of the packets stays.
	Jitter time.Duration
	// Reorder is the share of packets (0 to 1) held back for ReorderBy, so that
	// those behind them overtake; ReorderBy 0 = 3 ms.
	Reorder   float64
	ReorderBy time.Duration

	// Loss is the share of packets (0 to 1) lost on the wire.
	Loss float64
	// Burst is the mean number of packets lost in a row (a Gilbert–Elliott
	// chain); up to 1 each packet is lost or not for itself.
	Burst float64

	// Outages are times when everything on its way into the wire is lost.
	Outages []Outage
	// Steps change the rate with time, in order; StepsEvery starts them anew
	// after so long, 0 = never.
	Steps      []Step
	StepsEvery time.Duration
	// Turns, where it is not nil, are the capacity instead of Rate and Steps, as a
	// Trace puts them here.
	Turns *Turns
}

// Outage is a time when nothing gets through, counted from the link's start.
type Outage struct {
	At, For time.Duration
	Every   time.Duration // again after so long; 0 = once
}

// Step sets the rate from At on, counted from the link's start or from the last
// repetition.
type Step struct {
	At   time.Duration
	Rate int64 // bit/s, above 0
}

// Validate names the field that makes no sense.
func (p *Profile) Validate() error {
	switch {
	case p.Rate < 0:
		return fmt.Errorf("%w: rate %d is below 0", ErrProfile, p.Rate)
	case p.Queue < 0, p.QueueBytes < 0, p.Overhead < 0:
		return fmt.Errorf("%w: the queue or the overhead is below 0", ErrProfile)
	case p.Delay < 0, p.Jitter < 0, p.ReorderBy < 0:
		return fmt.Errorf("%w: a delay is below 0", ErrProfile)
	case p.Loss < 0, p.Loss >= 1, p.Reorder < 0, p.Reorder > 1:
		return fmt.Errorf("%w: a share is outside 0 to 1", ErrProfile)
	case p.Loss > 0 && p.Burst > 1 && p.Loss/(p.Burst*(1-p.Loss)) > 1:
		return fmt.Errorf("%w: loss %v does not fit bursts of only %v", ErrProfile, p.Loss, p.Burst)
	}
	for _, o := range p.Outages {
		if o.At < 0 || o.For <= 0 || o.Every != 0 && o.Every <= o.For {
			return fmt.Errorf("%w: outage at %v for %v every %v", ErrProfile, o.At, o.For, o.Every)
		}
	}
	return p.validateSteps()
}

func (p *Profile) validateSteps() error {
	if p.Turns != nil && (p.Rate != 0 || len(p.Steps) > 0) {
		return fmt.Errorf("%w: a trace, and a rate or steps beside it", ErrProfile)
	}
	if len(p.Steps) > 0 && p.Rate == 0 {
		return fmt.Errorf("%w: steps need a rate to begin with", ErrProfile)
	}
	last := time.Duration(-1)
	for _, s := range p.Steps {
		if s.Rate <= 0 || s.At <= last {
			return fmt.Errorf("%w: step to %d bit/s at %v (steps go in order and never to 0)", ErrProfile, s.Rate, s.At)
		}
		last = s.At
	}
	if p.StepsEvery != 0 && p.StepsEvery <= last {
		return fmt.Errorf("%w: steps repeat after %v, before the last one at %v", ErrProfile, p.StepsEvery, last)
	}
	return nil
}

// overhead is Overhead or its default.
func (p *Profile) overhead() int {
	if p.Overhead == 0 {
		return WireOverhead
	}
	return p.Overhead
}

// queueLimit is the depth of the queue in bytes while the link runs at rate.
func (p *Profile) queueLimit(rate int64) int {
	if p.QueueBytes > 0 {
		return p.QueueBytes
	}
	q := p.Queue
	if q == 0 {
		q = DefaultQueue
	}
	return max(minQueueBytes, int(float64(rate)/8*q.Seconds()))
}

func (p *Profile) reorderBy() time.Duration {
	if p.ReorderBy == 0 {
		return 3 * time.Millisecond
	}
	return p.ReorderBy
}

// out tells whether the link is out at the time since its start.
func (p *Profile) out(at time.Duration) bool {
	for _, o := range p.Outages {
		since := at - o.At
		if o.Every > 0 && since > 0 {
			since %= o.Every
		}
		if since >= 0 && since < o.For {
			return true
		}
	}
	return false
}
