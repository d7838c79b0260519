package fit

import "time"

const (
	bbrStartup = 2.885
	bbrCwnd    = 2.0
	bbrRounds  = 10
	bbrProbe   = 10 * time.Second
	bbrDrained = 200 * time.Millisecond
)

// bbr keeps a model of the path: the highest delivery rate of ten round trips and
// the least round trip of ten seconds.
type bbr struct {
	started   instant
	rtt       time.Duration
	minRTT    instant
	minAt     instant
	delivered int64
	countAt   instant

	rates   [bbrRounds]float64 // the highest of each round
	round   int64
	roundAt int64 // delivered that ends the round

	gain, cwndGain float64
	full           float64
	stale          int
	mode           bbrMode
	cycle          int
	cycleAt        instant
	probeEnd       instant
	under          int // segments under way
}

type bbrMode uint8

const (
	bbrStart bbrMode = iota
	bbrDrain
	bbrBandwidth
	bbrRTT
)

func (b *bbr) stamp(s *segmentSent, now instant) {
	if b.countAt == 0 {
		b.countAt = now
	}
	s.delivered, s.atCount = b.delivered, b.countAt
}

func (b *bbr) rate() float64 {
	most := 0.0
	for _, r := range b.rates {
		most = max(most, r)
	}
	return most
}

// bdp is the bandwidth-delay product in segments.
func (b *bbr) bdp() float64 { return b.rate() * b.minRTT.Seconds() / (segment * 8) }

func (b *bbr) window() float64 {
	if b.mode == bbrRTT {
		return 4
	}
	if b.rate() == 0 {
		return 10
	}
	return max(4, b.cwndGain*b.bdp())
}

func (b *bbr) pace() float64 {
	if b.rate() == 0 {
		return b.gain * 10 * segment * 8 / b.rtt.Seconds()
	}
	return b.gain * b.rate()
}

func (b *bbr) acked(now instant, s *segmentSent, under int) {
	b.under = under
	b.delivered += segment
	b.countAt = now
	if rtt := now - s.at; rtt <= b.minRTT {
		b.minRTT, b.minAt = rtt, now
	}
	span := now - s.atCount
	if s.delivered >= b.roundAt {
		b.round++
		b.roundAt = b.delivered
		b.rates[b.round%bbrRounds] = 0
		b.endRound()
	}
	if span > 0 {
		slot := &b.rates[b.round%bbrRounds]
		*slot = max(*slot, float64(b.delivered-s.delivered)*8/span.Seconds())
	}
	b.turn(now)
}

// endRound looks whether the start-up has filled the pipe.
func (b *bbr) endRound() {
	if b.mode != bbrStart {
		return
	}
	if r := b.rate(); r > b.full*1.25 {
		b.full, b.stale = r, 0
		return
	}
	if b.stale++; b.stale >= 3 {
		b.mode, b.gain, b.cwndGain = bbrDrain, 1/bbrStartup, bbrStartup
	}
}

// turn goes through the phases.
func (b *bbr) turn(now instant) {
	switch b.mode {
	case bbrStart:
	case bbrDrain:
		if float64(b.under) <= b.bdp() {
			b.mode, b.cycle, b.cycleAt = bbrBandwidth, 2, now
			b.gain, b.cwndGain = 1, bbrCwnd
		}
	case bbrBandwidth:
		if now-b.cycleAt > b.minRTT {
			b.cycle, b.cycleAt = (b.cycle+1)%8, now
			b.gain = [8]float64{1.25, 0.75, 1, 1, 1, 1, 1, 1}[b.cycle]
		}
		if now-b.minAt > bbrProbe {
			b.mode, b.probeEnd, b.gain = bbrRTT, 0, 1
		}
	case bbrRTT:
		if b.probeEnd == 0 && b.under <= 4 {
			b.probeEnd = now + bbrDrained
			b.minRTT = bbrProbe // the next sample is the new one
		}
		if b.probeEnd > 0 && now > b.probeEnd {
			b.minAt = now
			b.mode, b.cycle, b.cycleAt = bbrBandwidth, 2, now
		}
	}
}

func (*bbr) lost(instant, *segmentSent) {}
