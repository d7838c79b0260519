package cc

import (
	"time"

	"github.com/apernet/quic-go/monotime"
)

const (
	// standingRTT above the minimum is a queue that stands. A camera's key frame
	// adds 10 to 20 ms for a moment, Wi-Fi as much at random.
	standingRTT = 25 * time.Millisecond
	// overloadFor is how long a sign must last. Three fifths of a second are
	// fifteen frames; a key frame's own queue is gone after one.
	overloadFor = 600 * time.Millisecond
	// sampleGap is the longest pause between acknowledgements over which a sign
	// is believed to have lasted.
	sampleGap = 300 * time.Millisecond
	// overloadLoss is the share of lost packets that no radio link has for long
	// without being of no use anyway.
	overloadLoss = 0.25
	// lossSpan and minLossPackets make one measurement of loss; three in a row
	// are overloadFor. The many losses reported at once after a blackout fall
	// into one of them and mean nothing.
	lossSpan       = 200 * time.Millisecond
	minLossPackets = 10
	// yieldBy per round trip, and recoverBy per second: down in half a second,
	// up in ten.
	yieldBy   = 0.85
	recoverBy = 0.05
	// baseSeconds is how long a minimum of the RTT is remembered: longer than a
	// neighbour's download burst, shorter than one would starve beside a download
	// that goes on.
	baseSeconds = 30
)

// yield is the plain rule that gives way to real congestion: a standing queue or
// loss beyond a quarter, either for 600 ms, take 15 % off the pace per round
// trip; then 5 % of the pace come back per second. It stands in for the
// estimator above, which switches it off. Not safe for concurrent use.
type yield struct {
	share   float64 // of the pace that is used
	started bool
	last    monotime.Time // of the last acknowledgement
	cut     monotime.Time // of the last cut

	base    [baseSeconds]time.Duration // minimum RTT of each second, 0 = none
	second  int64                      // index of the newest of them
	high    bool                       // the RTT stands since highAt
	highAt  monotime.Time
	loss    lossSpans
	overall time.Duration // minimum over base, worked out once per second
}

// lossSpans counts the measurements in a row that were beyond overloadLoss.
type lossSpans struct {
	start       monotime.Time
	acked, lost int
	inRow       int
}

func newYield() yield { return yield{share: 1} }

// onAck takes one acknowledgement (or detection of loss, without an RTT): the
// packets it acknowledged and found lost. The floor is a share of the pace.
func (y *yield) onAck(now monotime.Time, rtt time.Duration, acked, lost int, floor float64) {
	if !y.started {
		y.started, y.last, y.cut, y.loss.start = true, now, now, now
	}
	gap := now.Sub(y.last)
	y.last = now
	if acked > 0 && rtt > 0 {
		y.observe(now, rtt, gap)
	}
	y.loss.add(now, acked, lost)
	if !y.overload(now) {
		// A pause of the feed is no proof that the queue is gone.
		y.share = min(1, y.share+recoverBy*min(gap, time.Second).Seconds())
		return
	}
	if now.Sub(y.cut) >= rtt {
		y.share = max(y.share*yieldBy, min(floor, 1))
		y.cut = now
	}
}

func (y *yield) overload(now monotime.Time) bool {
	return y.high && now.Sub(y.highAt) >= overloadFor || y.loss.inRow*int(lossSpan) >= int(overloadFor)
}

// observe compares an RTT with the least of the last half minute.
func (y *yield) observe(now monotime.Time, rtt, gap time.Duration) {
	y.remember(int64(now)/int64(time.Second), rtt)
	switch {
	case rtt <= y.overall+standingRTT:
		y.high = false
	case !y.high || gap > sampleGap:
		y.high, y.highAt = true, now
	}
}

// remember keeps the minimum of each second and of all of them.
func (y *yield) remember(second int64, rtt time.Duration) {
	slot := &y.base[mod(second, baseSeconds)]
	if second != y.second {
		y.forget(second)
		y.overall = rtt
		for _, d := range y.base {
			if d > 0 {
				y.overall = min(y.overall, d)
			}
		}
	}
	if *slot == 0 || rtt < *slot {
		*slot = rtt
	}
	if y.overall == 0 || rtt < y.overall {
		y.overall = rtt
	}
}

// forget empties the slots of the seconds that passed since the newest one.
func (y *yield) forget(second int64) {
	passed := min(max(second-y.second, 0), baseSeconds)
	for i := range passed {
		y.base[mod(second-i, baseSeconds)] = 0
	}
	y.second = second
}

// mod is the remainder that is never negative: monotime may be.
func mod(n, m int64) int64 { return (n%m + m) % m }

func (l *lossSpans) add(now monotime.Time, acked, lost int) {
	l.acked += acked
	l.lost += lost
	if now.Sub(l.start) < lossSpan || l.acked+l.lost < minLossPackets {
		return
	}
	if float64(l.lost) > overloadLoss*float64(l.acked+l.lost) {
		l.inRow++
	} else {
		l.inRow = 0
	}
	l.start, l.acked, l.lost = now, 0, 0
}
