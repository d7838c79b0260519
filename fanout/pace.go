package fanout

import "time"

const (
	// quantum is how much time's worth of data may leave at once. Larger quanta
	// fill the segments of one system call (14 full packets at 30 Mbit/s), smaller
	// ones spare shallow buffers on the way.
	quantum = 4 * time.Millisecond
	// burstMost bounds a quantum in packets' worth of bytes: the receiver's
	// datagram queue silently loses what is beyond 128 waiting.
	burstMost = 64 * 1311
)

// pace is a token bucket that lets data go in quanta. The zero value lets nothing
// go until set.
type pace struct {
	rate   int64   // bit/s
	tokens float64 // bytes
	at     time.Time
}

// set changes the rate and fills the bucket for the time that has passed.
func (p *pace) set(now time.Time, rate int64) {
	p.rate = rate
	most := p.most()
	if p.at.IsZero() {
		p.tokens = most
	} else if dt := now.Sub(p.at); dt > 0 {
		p.tokens = min(p.tokens+float64(rate)/8*dt.Seconds(), most)
	}
	p.at = now
}

func (p *pace) most() float64 {
	const two = 2 * 1311 // a rate below 5 Mbit/s still lets whole packets go
	return min(max(float64(p.rate)/8*quantum.Seconds(), two), burstMost)
}

// ready tells whether a packet may leave. The bucket may be overdrawn by one.
func (p *pace) ready(time.Time) bool { return p.tokens > 0 }

func (p *pace) spend(bytes int) { p.tokens -= float64(bytes) }

// next is when ready will be true again with half a quantum to spend, so that the
// timer does not fire for every single packet.
func (p *pace) next() time.Time {
	if p.rate <= 0 {
		return p.at.Add(quantum)
	}
	missing := p.most()/2 - p.tokens
	if p.tokens > 0 {
		return p.at
	}
	return p.at.Add(time.Duration(missing * 8 / float64(p.rate) * float64(time.Second)))
}

// rate measures a flow's bit rate over the last rateWindow, by the arrival times
// of its packets, so that a cached group pushed at once does not look like more.
type rate struct {
	slots [8]int64 // bytes in each eighth of the window
	slot  int64    // number of the newest slot
	known bool
}

const slotLength = int64(rateWindow) / 8

func (r *rate) add(at time.Time, bytes int) {
	n := at.UnixNano() / slotLength
	if !r.known {
		r.known, r.slot = true, n
	}
	r.advance(n)
	if r.slot-n < int64(len(r.slots)) {
		r.slots[n%int64(len(r.slots))] += int64(bytes)
	}
}

func (r *rate) advance(n int64) {
	for ; r.slot < n; r.slot++ {
		if n-r.slot > int64(len(r.slots)) {
			r.slots, r.slot = [8]int64{}, n
			return
		}
		r.slots[(r.slot+1)%int64(len(r.slots))] = 0
	}
}

// bits is the rate in bit/s at now.
func (r *rate) bits(now time.Time) int64 {
	if !r.known {
		return 0
	}
	r.advance(now.UnixNano() / slotLength)
	var sum int64
	for _, b := range r.slots {
		sum += b
	}
	return sum * 8 * int64(time.Second) / int64(rateWindow)
}
