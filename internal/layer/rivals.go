package layer

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
)

const (
	rivalPhi   = 0.4
	rivalQueue = 8 * time.Millisecond
	// pulseLongest is the longest queue that counts as somebody's probe: 450 ms of
	// it and the draining.
	pulseLongest = 800 * time.Millisecond
	// pulseMemory is how long a probe is remembered.
	pulseMemory = 30 * time.Second
	pulseAsks   = 3
	pulseAnswer = 10 * time.Second
	contestAsks = 5 * time.Second
	warnAfter   = 5 * time.Second
	// contestGap bridges the moments in which a queue of others is short.
	contestGap = 500 * time.Millisecond
)

// rivals remembers others who filled the queue.
type rivals struct {
	seen  time.Time // others held a queue
	began time.Time // of the present contest
	on    bool

	pulse      time.Time // beginning of the present queue of others
	inPulse    bool
	pulseTimes [4]time.Time
	n          int
	late       held
	advice     string
	deaf       time.Time // until then nobody is heard asking
}

func (r *rivals) update(now time.Time, s *bwe.Signals) {
	others := s.Phi.Known && s.Phi.Value > rivalPhi
	if others && s.Queue500-s.Noise > rivalQueue {
		if !r.on {
			r.on, r.began = true, now
		}
		r.seen = now
	}
	if r.on && now.Sub(r.seen) > contestGap {
		r.on = false
	}
	switch queue := s.Queue-s.Noise > rivalQueue; {
	case queue && others && !r.inPulse:
		r.inPulse, r.pulse = true, now
	case !queue && r.inPulse:
		r.inPulse = false
		if now.Sub(r.pulse) <= pulseLongest {
			r.pulseTimes[r.n%len(r.pulseTimes)] = now
			r.n++
		}
	}
}

// warn sets the advice when others keep a queue behind which no layer is in time:
// going down would not shorten it.
func (r *rivals) warn(now time.Time, s *bwe.Signals, budget time.Duration) {
	hopeless := r.on && s.Queue500 > budget-s.RTT-lateReserve
	switch {
	case r.late.lasted(now, hopeless) < warnAfter:
		if r.absent(now) > warnAfter {
			r.advice = ""
		}
	case r.advice == "":
		r.advice = fmt.Sprintf("others keep a queue of %s on this link, no picture is in time behind it: give this relay "+
			"priority (DSCP) or run fq_codel or CAKE at the router", ms(s.Queue500))
	}
}

// lasted is for how long others have been holding a queue; 0: they are not.
func (r *rivals) lasted(now time.Time) time.Duration {
	if !r.on {
		return 0
	}
	return now.Sub(r.began)
}

// absent is how long ago others held a queue.
func (r *rivals) absent(now time.Time) time.Duration {
	if r.seen.IsZero() {
		return time.Hour
	}
	return now.Sub(r.seen)
}

// pulses is how many short queues of others there were in the last 30 s.
func (r *rivals) pulses(now time.Time) (n int) {
	for i := range min(r.n, len(r.pulseTimes)) {
		if now.Sub(r.pulseTimes[i]) <= pulseMemory {
			n++
		}
	}
	return n
}

// answered forgets the probes that made us yield, and gives the other side time
// to find the room.
func (r *rivals) answered(now time.Time) { r.n, r.deaf = 0, now.Add(pulseAnswer) }

// ask tells whether others ask for room: they probe, or have long held a queue.
func (r *rivals) ask(now time.Time) bool {
	return now.After(r.deaf) && (r.pulses(now) >= pulseAsks || r.lasted(now) >= contestAsks)
}
