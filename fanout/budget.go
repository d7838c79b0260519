package fanout

import "time"

const (
	// repairMost is the most of the pace that answers to requests may take. What a
	// link loses at random needs a tenth of it; more would only fill the queue
	// that made packets look lost.
	repairMost = 0.4
	// repairBeside is the most of the layers' own rate that parity of any kind may
	// take while a queue of repairQueue stands. A download beside us overflows that
	// queue and makes a quarter of our packets look lost; answered in full, parity
	// was as much as the media, and the queue stayed full: beside one real BBR flow
	// 81 % of the frames were in time.
	repairBeside = 0.4
	// repairAlone is the same where sub streams crowd themselves: parity holds that queue
	// up. A sub stream and its sound of 0.73 Mbit/s on a link of 1 Mbit/s were 1.2 Mbit/s
	// with their parity, and not one picture was whole in 30 s.
	repairAlone = 0.12
	repairQueue = 20 * time.Millisecond
	// repairSaved is how much time's worth may be saved up, for the answer to a
	// burst or to a short outage.
	repairSaved = 250 * time.Millisecond
)

// repairRate is the most that parity may take, in bit/s, and whether that holds for
// parity that nobody has asked for as well.
func (d *Downlink) repairRate(now time.Time) (rate float64, all bool) {
	rate = repairMost * d.steer.verdict.Pace
	if s := d.steer.estimator.Signals(); s.Queue-s.Noise > repairQueue {
		share := repairBeside
		if d.steer.crowdsItself(now) {
			share = repairAlone
		}
		return min(rate, share*d.steer.verdict.Rate), true
	}
	return rate, false
}

// budget bounds the answers to requests for repair.
type budget struct {
	bytes float64
	at    time.Time
}

// take reports whether so many bytes may be sent at a rate given in bit/s.
func (b *budget) take(now time.Time, rate float64, bytes int) bool {
	rate /= 8
	if b.at.IsZero() {
		b.bytes = rate * repairSaved.Seconds()
	}
	b.bytes = min(b.bytes+rate*now.Sub(b.at).Seconds(), rate*repairSaved.Seconds())
	b.at = now
	if b.bytes < float64(bytes) {
		return false
	}
	b.bytes -= float64(bytes)
	return true
}
