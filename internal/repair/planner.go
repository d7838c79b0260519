package repair

import (
	"math"
	"time"
)

// PlannerConfig sets prices, in packets; the zero value works.
type PlannerConfig struct {
	// Price of a frame that misses its deadline. Default 1,000: at 15 packets a
	// frame, one frame in 1,000 missed costs as much as 7 % of parity.
	Price float64
	// BlindPrice is the price where no request can be answered in time and
	// losses come in bursts: there the last tenths of a per cent cost more
	// parity than any link has to spare. Default 50.
	BlindPrice float64
	// MaxProactive is the most proactive parity, as a share of the media. Default
	// 0.4; whoever needs more should send a lower layer.
	MaxProactive float64
}

func (c PlannerConfig) withDefaults() PlannerConfig {
	if c.Price <= 0 {
		c.Price = 1000
	}
	if c.BlindPrice <= 0 {
		c.BlindPrice = 50
	}
	if c.MaxProactive <= 0 {
		c.MaxProactive = 0.4
	}
	return c
}

// Planner decides how many rows of parity to send: with a frame, and in answer to
// a request. One serves all flows of a link. Plans are made per cell of loss,
// burst length, round and price, and kept.
type Planner struct {
	cfg   PlannerConfig
	model *LossModel
	plans map[cell]*plan
	turn  int // of three answers two have a row to spare
}

// cell is what a plan depends on, in steps too small to change what is sent by
// more than a row.
type cell struct {
	loss, burst int // logarithms to the bases 1.15 and 1.3
	round       int // in steps of 10 ms
	blind       bool
}

const (
	lossStep  = 1.15
	burstStep = 1.3
	roundStep = 10 * time.Millisecond
	// maxPlans is how many plans are kept: a plan takes up to 300 kB, and a link
	// seldom leaves a handful of cells. When they are full all are made anew.
	maxPlans = 24
	// leastLoss is the loss below which we do not care; far below any real one, for
	// where no request can be answered even one packet in 100,000 pays for parity.
	leastLoss = 1e-7
	// singleLoss: where packets are lost singly, more than 2.5 % of them, more than
	// one frame in a hundred needs a second round although one more fits: in time,
	// but the p99 is a round trip longer for it. A row to spare in two of three
	// answers brings them below one in a hundred for 1.5 % of parity.
	singleLoss = 0.025
	// burstyFrom is the mean burst above which losses count as bursts.
	burstyFrom = 2
)

// NewPlanner returns a planner that follows the given model.
func NewPlanner(cfg PlannerConfig, model *LossModel) *Planner {
	return &Planner{cfg: cfg.withDefaults(), model: model, plans: make(map[cell]*plan)}
}

// Answer is how many rows to send for a deficit of d packets when sendings of
// them, this one included, would arrive in time; 0: it is late already.
func (p *Planner) Answer(d, sendings int, path Path) int {
	rows := p.plan(path, false).answer(d, sendings)
	if sendings >= 2 && p.model.Loss() > singleLoss && p.model.Burst() < burstyFrom {
		if p.turn = (p.turn + 1) % 3; p.turn != 0 {
			rows++
		}
	}
	return rows
}

// Proactive is how many rows to send with a block of k packets when an answer to
// a request could be sent so many times in time.
func (p *Planner) Proactive(k, sendings int, path Path) int {
	blind := sendings <= 0 && p.model.Burst() >= burstyFrom
	return p.plan(path, blind).proactive(k, max(sendings, 0), int(p.cfg.MaxProactive*float64(k)))
}

func (p *Planner) plan(path Path, blind bool) *plan {
	loss := max(p.model.cautious(), leastLoss)
	c := cell{
		loss:  int(math.Round(math.Log(loss) / math.Log(lossStep))),
		burst: int(math.Round(math.Log(p.model.Burst()) / math.Log(burstStep))),
		round: int((path.Round() + roundStep/2) / roundStep),
		blind: blind,
	}
	if known := p.plans[c]; known != nil {
		return known
	}
	if len(p.plans) >= maxPlans {
		clear(p.plans)
	}
	price := p.cfg.Price
	if blind {
		price = p.cfg.BlindPrice
	}
	chain := newGilbert(min(0.5, math.Pow(lossStep, float64(c.loss))), math.Pow(burstStep, float64(c.burst)))
	made := newPlan(chain, price, time.Duration(c.round)*roundStep)
	p.plans[c] = made
	return made
}
