package netem

import (
	"sort"
	"time"
)

// rateAt is the capacity in bit/s at the time since the start, and how long it
// stays so; 0 = for ever.
func (p *Profile) rateAt(at time.Duration) (rate int64, lasts time.Duration) {
	if p.Turns != nil {
		return p.Turns.rate, 0
	}
	if len(p.Steps) == 0 {
		return p.Rate, 0
	}
	first := at < p.StepsEvery || p.StepsEvery == 0
	if !first {
		at %= p.StepsEvery
	}
	next := sort.Search(len(p.Steps), func(i int) bool { return at < p.Steps[i].At })
	switch {
	case next > 0:
		rate = p.Steps[next-1].Rate
	case first:
		rate = p.Rate
	default: // the last one's, until the first step comes round again
		rate = p.Steps[len(p.Steps)-1].Rate
	}
	switch {
	case next < len(p.Steps):
		return rate, p.Steps[next].At - at
	case p.StepsEvery > 0:
		return rate, p.StepsEvery - at
	}
	return rate, 0
}

// finish is when a packet of so many bits is through the bottleneck that it
// enters at the time since the start, whatever steps lie between.
func (p *Profile) finish(at time.Duration, bits float64) time.Duration {
	for {
		rate, lasts := p.rateAt(at)
		if rate == 0 {
			return at
		}
		need := time.Duration(bits / float64(rate) * float64(time.Second))
		if lasts == 0 || need <= lasts {
			return at + need
		}
		bits -= float64(rate) * lasts.Seconds()
		at += lasts
	}
}
