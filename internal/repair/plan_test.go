package repair

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// chain is a Gilbert process that loses packets one after the other.
type chain struct {
	rnd  *rand.Rand
	p, b float64
	bad  bool
}

func newChain(p, b float64, seed uint64) *chain {
	c := &chain{rnd: rand.New(rand.NewPCG(seed, 0)), p: p, b: max(b, 1/(1-p))}
	c.bad = c.rnd.Float64() < p
	return c
}

func (c *chain) lost() bool {
	if c.bad {
		c.bad = c.rnd.Float64() >= 1/c.b
	} else {
		c.bad = c.rnd.Float64() < c.p/(1-c.p)/c.b
	}
	return c.bad
}

func TestDistributionIsThatOfTheProcess(t *testing.T) {
	for _, c := range []struct{ p, b float64 }{{0.05, 1}, {0.05, 5}, {0.01, 10}, {0.3, 2}} {
		const n, rounds = 20, 200_000
		g := newGilbert(c.p, c.b)
		link := newChain(c.p, c.b, 7)
		count := make([]float64, n+1)
		for range rounds {
			for range 50 { // forget the state before
				link.lost()
			}
			lost := 0
			for range n {
				if link.lost() {
					lost++
				}
			}
			count[lost]++
		}
		sum, mean := 0.0, 0.0
		for l, chance := range g.of(n) {
			sum += chance
			mean += chance * float64(l)
			sigma := math.Sqrt(rounds * chance * (1 - chance))
			if off := math.Abs(count[l] - rounds*chance); off > 4*sigma+3 {
				t.Errorf("p %g b %g: %g times %d of %d lost, expected %.1f", c.p, c.b, count[l], l, n, rounds*chance)
			}
		}
		if math.Abs(sum-1) > 1e-6 || math.Abs(mean-n*c.p) > 1e-6 {
			t.Errorf("p %g b %g: chances add up to %g, mean %g", c.p, c.b, sum, mean)
		}
	}
}

// modelOf is a model that has seen a link for a long time.
func modelOf(p, b float64) *LossModel {
	m := &LossModel{}
	link := newChain(p, b, 3)
	for range 40_000 {
		m.Settle(1, link.lost())
	}
	return m
}

func TestModelLearnsLossAndBurst(t *testing.T) {
	for _, c := range []struct{ p, b float64 }{{0.01, 1}, {0.05, 5}, {0.1, 2}, {0.05, 10}} {
		m := modelOf(c.p, c.b)
		if p := m.Loss(); p < c.p*0.6 || p > c.p*1.4 {
			t.Errorf("loss %g taken for %g", c.p, p)
		}
		if b := m.Burst(); b < c.b*0.6 || b > c.b*1.6 {
			t.Errorf("bursts of %g taken for %g", c.b, b)
		}
	}
}

func TestModelSeparatesTheBurstsOfFlows(t *testing.T) {
	m := &LossModel{}
	for i := range 20_000 { // two flows in turn; each loses every hundredth packet
		m.Settle(uint64(i%2), i%200 < 2)
	}
	if b := m.Burst(); b > 1.2 {
		t.Errorf("single losses on two flows taken for bursts of %g", b)
	}
}

func TestOutageIsNoBurst(t *testing.T) {
	m := modelOf(0.01, 1)
	before := m.Loss()
	for range 450 { // one second
		m.Settle(1, true)
	}
	if p := m.Loss(); p > before+0.012 {
		t.Errorf("a second of outage made %g of a loss of %g", p, before)
	}
	if b := m.Burst(); b > 3 {
		t.Errorf("a second of outage counts as bursts of %g", b)
	}
}

func TestPlansGrowWithLossAndDeficitAndShrinkWithTime(t *testing.T) {
	const round = 66 * time.Millisecond
	for _, b := range []float64{1, 2, 5} {
		before := 0
		for _, p := range []float64{1e-6, 0.001, 0.01, 0.03, 0.05, 0.1, 0.2} {
			plan := newPlan(newGilbert(p, b), 1000, round)
			rows := plan.proactive(15, 0, 100)
			if rows < before {
				t.Errorf("loss %g, burst %g: %d rows, fewer than at less loss (%d)", p, b, rows, before)
			}
			before = rows
			for d := 1; d < 30; d++ {
				for r := 1; r <= maxSendings; r++ {
					m := plan.answer(d, r)
					if m < d || m < plan.answer(d-1, r) {
						t.Errorf("loss %g, burst %g: %d rows for %d packets with %d sendings left", p, b, m, d, r)
					}
				}
				if plan.answer(d, 1) < plan.answer(d, 2) {
					t.Errorf("loss %g, burst %g: fewer rows for %d packets in the last round", p, b, d)
				}
			}
		}
	}
}

func TestPlannerKeepsToItsCapAndSendsNothingOnACleanLink(t *testing.T) {
	bad := NewPlanner(PlannerConfig{}, modelOf(0.3, 10))
	clean := NewPlanner(PlannerConfig{}, &LossModel{})
	for range 40_000 {
		clean.model.Settle(1, false)
	}
	path := Path{}.withDefaults()
	for k := 1; k <= 96; k++ {
		for sendings := range 4 {
			if m := bad.Proactive(k, sendings, path); float64(m) > 0.4*float64(k) {
				t.Errorf("%d rows with %d packets", m, k)
			}
			if m := clean.Proactive(k, sendings, path); m != 0 {
				t.Errorf("clean link: %d rows with %d packets, %d sendings", m, k, sendings)
			}
		}
		if m := clean.Answer(k, 2, path); m != k {
			t.Errorf("clean link: %d rows for %d packets", m, k)
		}
	}
}

func TestPathCountsSendings(t *testing.T) {
	p := Path{RTT: 60 * time.Millisecond}.withDefaults()
	for left, want := range map[time.Duration]int{
		-time.Millisecond:      0,
		29 * time.Millisecond:  0,
		30 * time.Millisecond:  1,
		95 * time.Millisecond:  1,
		96 * time.Millisecond:  2,
		200 * time.Millisecond: 3,
	} {
		if got := p.Sendings(left); got != want {
			t.Errorf("%v left: %d sendings, want %d", left, got, want)
		}
	}
}
