package recovery

import (
	"fmt"
	"time"
)

// Cell is one link and the deadline that frames have over it.
type Cell struct {
	Loss     float64 // share of packets lost, either way
	BackLoss float64 // share of feedback lost, if it differs
	Burst    float64 // mean packets lost in a row; 1: independent losses
	RTT      time.Duration
	Deadline time.Duration

	// Outage, if not zero, is the mean time for which everything is lost, at times
	// that have nothing to do with packets; Loss is then the share of time.
	Outage time.Duration

	Jitter  time.Duration // further delay, evenly distributed between 0 and this; packets stay in order
	Reorder float64       // share of packets that are held back by up to 10 ms and overtaken

	Target Target
}

// Target is what a cell is to reach. Shares, not per cent; zero: not asked for.
type Target struct {
	OnTime   float64 // at least: frames complete within the deadline
	Overhead float64 // at most: repair packets per media packet
	Freeze   float64 // at most: frames that cannot be shown in time
	P99      time.Duration
}

// String names the cell.
func (c Cell) String() string {
	how := fmt.Sprintf("b%.0f", c.Burst)
	if c.Burst <= 1 {
		how = "iid"
	}
	if c.Outage > 0 {
		how = fmt.Sprintf("of time in outages of %v", c.Outage)
	}
	if c.BackLoss > 0 {
		how += fmt.Sprintf(", %g%% of feedback", 100*c.BackLoss)
	}
	if c.Jitter > 0 || c.Reorder > 0 {
		how += fmt.Sprintf(", jitter %v, %.0f%% out of order", c.Jitter, 100*c.Reorder)
	}
	return fmt.Sprintf("%g%% %s, RTT %d, D %d", 100*c.Loss, how, c.RTT.Milliseconds(), c.Deadline.Milliseconds())
}

// Cells are the links that repair is held to.
func Cells() []Cell {
	const ms = time.Millisecond
	cell := func(loss, burst float64, rtt, d time.Duration, t Target) Cell {
		return Cell{Loss: loss / 100, Burst: burst, RTT: rtt, Deadline: d, Target: t}
	}
	target := func(onTime, overhead, freeze float64, p99 time.Duration) Target {
		return Target{OnTime: onTime / 100, Overhead: overhead / 100, Freeze: freeze / 100, P99: p99}
	}
	return []Cell{
		cell(0, 1, 60*ms, 200*ms, target(100, 0.5, 0, 0)),
		cell(1, 1, 20*ms, 150*ms, target(99.99, 3, 0.02, 60*ms)),
		cell(1, 5, 20*ms, 150*ms, target(99.99, 3, 0.02, 60*ms)),
		cell(5, 5, 20*ms, 150*ms, target(99.98, 8, 0.05, 80*ms)),
		cell(1, 5, 60*ms, 200*ms, target(99.99, 3, 0.02, 120*ms)),
		cell(1, 5, 60*ms, 150*ms, target(99.98, 6, 0.05, 110*ms)),
		cell(5, 5, 60*ms, 200*ms, target(99.95, 9, 0.1, 175*ms)),
		cell(5, 5, 60*ms, 150*ms, target(99.85, 30, 0.2, 115*ms)),
		cell(5, 10, 60*ms, 200*ms, target(99.9, 12, 0.2, 180*ms)),
		cell(10, 5, 60*ms, 200*ms, target(99.8, 22, 0.3, 180*ms)),
		cell(5, 1, 120*ms, 200*ms, target(99.9, 15, 0.2, 195*ms)),
		cell(5, 5, 120*ms, 200*ms, target(99.5, 35, 0.8, 200*ms)),
		cell(5, 1, 200*ms, 200*ms, target(99.9, 28, 0.2, 145*ms)),
	}
}
