package bwe

import (
	"math"
	"time"
)

const (
	// eventQueue is the queue that makes a loss a loss of congestion.
	eventQueue = 15 * time.Millisecond
	// episodeQueue and episodeEnd bound an episode of a standing queue.
	episodeQueue = 8 * time.Millisecond
	episodeEnd   = 5 * time.Second
	// eventGrace: the slow start of a newcomer is no verdict on us.
	eventGrace = 3 * time.Second
	// segment is the packet that TCP would send, in bits; the formula counts in it.
	segment = 10_000
	// intervals is how many loss intervals are averaged (RFC 5348 §5.4).
	intervals = 8
)

// intervalWeights are those of RFC 5348 §5.4.
func intervalWeights() [intervals]float64 { return [intervals]float64{1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2} }

// contest counts loss events while a queue stands.
type contest struct {
	began, stood time.Duration // of the episode; stood is when a queue was seen last
	on           bool
	events       int

	closed   [intervals]interval // newest first
	n        int
	open     interval
	lastLoss time.Duration
	queue    float64       // mean queue in seconds
	at       time.Duration // of the last report
}

// interval is the time between two loss events and what was sent in it.
type interval struct {
	began   time.Duration
	seconds float64
	bits    float64
}

// count adds what was sent to the open interval.
func (c *contest) count(results []Result) {
	for i := range results {
		c.open.bits += float64(results[i].Size) * 8
	}
}

func (c *contest) update(at time.Duration, s *Signals, q *queueing, lost int) {
	c.queue += (q.now().Seconds() - c.queue) * weight(at-c.at, slowMemory)
	c.at = at
	c.episode(at, q)
	grown := c.on && at-c.began > eventGrace
	if lost == 0 || !grown || q.least250() < eventQueue || !q.moves() || at-c.lastLoss < s.RTT+q.now() {
		return
	}
	c.lastLoss = at
	c.events++
	c.open.seconds = (at - c.open.began).Seconds()
	if c.events > 1 { // before the first event of an episode nothing was counted from
		copy(c.closed[1:], c.closed[:])
		c.closed[0] = c.open
		c.n = min(c.n+1, intervals)
	}
	c.open = interval{began: at}
}

// restart forgets the loss events of the episode, not the episode.
func (c *contest) restart(at time.Duration) {
	c.events, c.n = 0, 0
	c.open = interval{began: at}
}

// episode follows the standing queue.
func (c *contest) episode(at time.Duration, q *queueing) {
	if q.least500() > episodeQueue+q.noise {
		if !c.on {
			c.on, c.began, c.events, c.n = true, at, 0, 0
			c.open = interval{began: at}
			q.watch(at)
		}
		c.stood = at
	}
	if c.on && at-c.stood > episodeEnd {
		c.on, c.events, c.n = false, 0, 0
	}
}

// mean is the weighted mean interval; the open one counts when it makes the mean
// longer (RFC 5348 §5.4).
func (c *contest) mean(at time.Duration) (seconds, segments float64) {
	open := c.open
	open.seconds = (at - open.began).Seconds()
	seconds, bits := weighted(c.closed[:c.n])
	var with [intervals]interval
	with[0] = open
	n := 1 + copy(with[1:], c.closed[:c.n])
	if s, b := weighted(with[:n]); b > bits {
		seconds, bits = s, b
	}
	return seconds, bits / segment
}

func weighted(list []interval) (seconds, bits float64) {
	sum, weights := 0.0, intervalWeights()
	for i, iv := range list {
		seconds += weights[i] * iv.seconds
		bits += weights[i] * iv.bits
		sum += weights[i]
	}
	return seconds / sum, bits / sum
}

// read computes the rates. R is the round trip with the mean queue in it.
func (c *contest) read(at time.Duration, s *Signals) Contest {
	out := Contest{Events: c.events}
	if c.on {
		out.Lasted = at - c.began
	}
	if c.n == 0 {
		return out
	}
	t, n := c.mean(at)
	r := s.RTT.Seconds() + c.queue
	if n <= 0 || r <= 0 {
		return out
	}
	out.TFRCRate = segment / (r * math.Sqrt(2/(3*n)))
	reno := 1.5 * t * segment / (r * r)
	cubic := 0.93 * 1.33 * t * t * t * segment / r
	out.FairRate = max(out.TFRCRate, reno, cubic)
	return out
}
