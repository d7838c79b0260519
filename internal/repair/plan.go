package repair

import (
	"math"
	"time"
)

// plan answers the planner's questions for one loss process and one price of
// failure. Everything is counted in packets: a row costs 1.
//
// With R sendings left, the cost of a deficit of d packets is
//
//	V(d, R) = min over m of m + Σ P(l of m lost) · V(d − (m − l), R − 1)
//
// the recursion of Bellman: what we send, plus what is still to be paid for what
// that leaves open. V(d, 0) is the price of failure.
type plan struct {
	chain *gilbert
	fail  float64 // price of a frame that misses its deadline
	stay  float64 // price of every further round that it is missing

	value  [maxSendings + 1][]float64 // value[R][d]
	choice [maxSendings + 1][]int     // the m that gives it
	// The same for frames after their deadline, where rounds go on until it is there.
	lateValue  []float64
	lateChoice []int
}

const (
	// maxSendings is the most rounds that are told apart: with four left, none
	// of them needs a surplus.
	maxSendings = 4
	// frameTime is the time one missing frame stands for: 25 pictures per second.
	frameTime = 40 * time.Millisecond
)

func newPlan(chain *gilbert, price float64, round time.Duration) *plan {
	missed := price * float64(round) / float64(frameTime)
	p := &plan{chain: chain, fail: max(price, missed), stay: missed}
	p.lateValue = []float64{0}
	p.lateChoice = []int{0}
	for r := range p.value {
		p.value[r] = []float64{0}
		p.choice[r] = []int{0}
	}
	return p
}

// answer is how many rows to send for a deficit of d with r sendings left, this
// one included; r = 0: the deadline has passed.
func (p *plan) answer(d, r int) int {
	p.grow(d)
	if r <= 0 {
		return p.lateChoice[d]
	}
	return p.choice[min(r, maxSendings)][d]
}

// grow fills the tables up to a deficit of d.
func (p *plan) grow(d int) {
	for n := len(p.lateValue); n <= d; n++ {
		v, m := p.best(n, p.lateValue, p.stay, true)
		p.lateValue = append(p.lateValue, v)
		p.lateChoice = append(p.lateChoice, m)
		p.value[0] = append(p.value[0], p.fail+v)
		p.choice[0] = append(p.choice[0], 0)
		for r := 1; r <= maxSendings; r++ {
			v, m := p.best(n, p.value[r-1], 0, false)
			p.value[r] = append(p.value[r], v)
			p.choice[r] = append(p.choice[r], m)
		}
	}
}

// best finds the number of rows with the least cost for a deficit of d, when what
// is left open costs stay and then what after says. With again, the cost sought is
// itself the last of after: then it is what stays if everything is lost.
func (p *plan) best(d int, after []float64, stay float64, again bool) (value float64, rows int) {
	value = math.Inf(1)
	for m := d; float64(m) < value && m <= d+maxSurplus; m++ {
		cost, same := float64(m), 0.0
		chance := p.chain.of(m)
		for l := m - d + 1; l < len(chance); l++ {
			if left := l - (m - d); again && left == d {
				cost += chance[l] * stay
				same = chance[l]
			} else {
				cost += chance[l] * (stay + after[left])
			}
		}
		if cost /= max(1-same, 1e-6); cost < value {
			value, rows = cost, m
		}
	}
	return value, rows
}

// maxSurplus bounds the rows sent beyond the deficit: a burst of forty packets is
// an outage, which no surplus bridges.
const maxSurplus = 40

// proactive is how many rows to send with a block of k packets when r sendings
// can follow upon request, at most limit.
func (p *plan) proactive(k, r, limit int) int {
	p.grow(min(k, len(p.chain.of(k))-1))
	open := p.value[min(r, maxSendings)]
	best, rows := math.Inf(1), 0
	for m := 0; float64(m) < best && m <= limit; m++ {
		cost := float64(m)
		chance := p.chain.of(k + m)
		for l := m + 1; l < len(chance); l++ {
			cost += chance[l] * open[min(l-m, len(open)-1)]
		}
		if cost < best {
			best, rows = cost, m
		}
	}
	return rows
}
