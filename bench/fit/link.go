package fit

import (
	"math/rand/v2"
	"time"
)

// Capacity is the rate of a link from a time on.
type Capacity struct {
	From time.Duration
	Rate float64 // bits per second
}

// Path is the bottleneck that everybody in a cell crosses.
type Path struct {
	Capacity []Capacity // in order; the first From is 0
	// Repeat plays the capacity again after this time; 0: the last one stays.
	Repeat time.Duration
	Buffer time.Duration // at the present rate, at least 20 kB
	RTT    time.Duration
	Jitter time.Duration // 0 to Jitter, uniform, in order
	Loss   float64       // mean share lost behind the queue
	Burst  float64       // mean packets lost in a row; below 1 means independent losses
	// Police drops what is above the capacity instead of queueing it, as a policer
	// with a bucket of 15 kB does.
	Police bool
	// Step changes the way's delay at a time, as a change of route does.
	Step   time.Duration
	StepAt time.Duration
	// Drift is how fast the receiver's clock runs away, in parts per million.
	Drift float64
}

const (
	leastBuffer  = 20_000 // bytes: what even a small router holds
	policeBucket = 15_000
)

// link carries packets over a Path.
type link struct {
	Path
	random *rand.Rand

	free    instant // when the last accepted packet has left the queue
	leaving []leave
	head    int
	backlog int // bytes queued or in service
	inOrder instant
	bad     bool // state of the Gilbert-Elliott chain
	tokens  float64
	earned  instant
}

type leave struct {
	at   instant
	size int
}

// rate is the capacity at a time, and when it changes next.
func (l *link) rate(t instant) (rate float64, until instant) {
	round := instant(0)
	if l.Repeat > 0 {
		round = t.Truncate(l.Repeat)
	}
	until = 1 << 62
	if l.Repeat > 0 {
		until = round + l.Repeat
	}
	for i := len(l.Capacity) - 1; i >= 0; i-- {
		if round+l.Capacity[i].From <= t {
			return l.Capacity[i].Rate, until
		}
		until = round + l.Capacity[i].From
	}
	return l.Capacity[0].Rate, until
}

// serve is when a packet of the given size that begins at t is through.
func (l *link) serve(t instant, size int) instant {
	bits := float64(size) * 8
	for {
		rate, until := l.rate(t)
		if rate > 0 {
			end := t + instant(bits/rate*1e9)
			if end <= until {
				return end
			}
			bits -= rate * (until - t).Seconds()
		}
		if until >= 1<<62 {
			return until
		}
		t = until
	}
}

// queue is the delay that a packet would meet now.
func (l *link) queue(now instant) instant { return max(0, l.free-now) }

// fate is what becomes of a packet.
type fate struct {
	arrive instant // at the far end; when lost, when it would have
	lost   bool
	tail   bool // dropped before the bottleneck
}

// send puts a packet on the link; extra is the sender's own longer way.
func (l *link) send(now instant, size int, extra instant) fate {
	for l.head < len(l.leaving) && l.leaving[l.head].at <= now {
		l.backlog -= l.leaving[l.head].size
		l.head++
	}
	if l.head > 1024 && l.head*2 > len(l.leaving) {
		l.leaving = l.leaving[:copy(l.leaving, l.leaving[l.head:])]
		l.head = 0
	}
	rate, _ := l.rate(now)
	delay := l.RTT/2 + extra
	if l.StepAt > 0 && now >= l.StepAt {
		delay += l.Step
	}
	if l.Police {
		return l.police(now, size, rate, delay)
	}
	if l.backlog+size > max(leastBuffer, int(rate/8*l.Buffer.Seconds())) {
		return fate{arrive: max(l.free, now) + delay, lost: true, tail: true}
	}
	l.free = l.serve(max(l.free, now), size)
	l.leaving = append(l.leaving, leave{at: l.free, size: size})
	l.backlog += size
	return l.carry(l.free + delay)
}

// carry applies jitter and loss.
func (l *link) carry(arrive instant) fate {
	if l.Jitter > 0 {
		arrive += instant(l.random.Int64N(int64(l.Jitter)))
	}
	arrive = max(arrive, l.inOrder)
	l.inOrder = arrive
	return fate{arrive: arrive, lost: l.loses()}
}

func (l *link) police(now instant, size int, rate float64, delay instant) fate {
	l.tokens = min(policeBucket, l.tokens+rate/8*(now-l.earned).Seconds())
	l.earned = now
	if l.tokens < float64(size) {
		return fate{arrive: now + delay, lost: true, tail: true}
	}
	l.tokens -= float64(size)
	return l.carry(now + delay)
}

// loses moves the Gilbert-Elliott chain on by one packet: every packet of the bad
// state is lost, which lasts Burst packets on average.
func (l *link) loses() bool {
	if l.Loss <= 0 {
		return false
	}
	if l.Burst <= 1 {
		return l.random.Float64() < l.Loss
	}
	leave := 1 / l.Burst
	enter := leave * l.Loss / (1 - l.Loss)
	if l.bad {
		l.bad = l.random.Float64() >= leave
	} else {
		l.bad = l.random.Float64() < enter
	}
	return l.bad
}
