package fit

import (
	"fmt"
	"time"
)

const (
	mbit = 1e6
	ms   = time.Millisecond
	sec  = time.Second
)

// Marks, short to write.
func atLeast(f Figure, s Stat, limit float64) Mark { return Mark{Figure: f, Stat: s, Limit: limit} }

func atMost(f Figure, s Stat, limit float64) Mark {
	return Mark{Figure: f, Stat: s, Most: true, Limit: limit}
}

func flat(rate float64) []Capacity { return []Capacity{{0, rate * mbit}} }

// dip is high, low from 20 s to 30 s, high again.
func dip(high, low float64) []Capacity {
	return []Capacity{{0, high * mbit}, {20 * sec, low * mbit}, {30 * sec, high * mbit}}
}

func one() []Link { return []Link{{Feeds: 1}} }

// Cells is every situation of the design note's section 8 and of the issue.
func Cells() []Cell {
	var all []Cell
	for _, part := range [][]Cell{
		lossCells(), dropCells(), squareCells(), besideCells(), crowdCells(), sharedCells(), plentyCells(),
		pathCells(), issueCells(),
	} {
		all = append(all, part...)
	}
	return all
}

// lossCells is T1: loss and jitter with room are no reason to step down.
func lossCells() (cells []Cell) {
	still := []Mark{atMost(DownSteps, Highest, 0), atLeast(MainShare, Lowest, 100)}
	for _, rtt := range []time.Duration{20 * ms, 60 * ms} {
		for _, l := range []struct {
			loss, burst float64
		}{{0.02, 0}, {0.05, 0}, {0.05, 5}, {0.10, 5}} {
			cells = append(cells, Cell{
				Test: "T1", Name: fmt.Sprintf("%.0f %% loss, burst %.0f, RTT %v", l.loss*100, max(1, l.burst), rtt),
				Path:  Path{Capacity: flat(20), Buffer: 100 * ms, RTT: rtt, Loss: l.loss, Burst: l.burst},
				Links: one(), For: 80 * sec, Marks: still, Short: l.loss == 0.10 && rtt == 60*ms,
			})
		}
	}
	path := Path{Capacity: flat(20), Buffer: 100 * ms, RTT: 20 * ms, Jitter: 20 * ms}
	cells = append(cells, Cell{Test: "T1", Name: "jitter 20 ms", Path: path, Links: one(), For: 80 * sec, Marks: still})
	path.Loss, path.Burst = 0.05, 5
	cells = append(cells, Cell{
		Test: "T1", Name: "jitter 20 ms, 5 % loss, burst 5", Path: path, Links: one(), For: 80 * sec,
		Warm: 15 * sec, Marks: still, Short: true, // the first step up came after 10 s at most
	})
	path.Loss, path.Capacity = 0.10, flat(8)
	cells = append(cells, Cell{
		Test: "T1", Name: "8 Mbit/s, jitter 20 ms, 10 %, burst 5", Path: path, Links: one(), For: 80 * sec, Warm: 15 * sec,
	})
	path = Path{Capacity: flat(20), Buffer: 100 * ms, RTT: 20 * ms, Loss: 0.10, Burst: 15}
	return append(cells, Cell{
		Test: "T1", Name: "10 % loss, burst 15", Path: path, Links: one(), For: 80 * sec, Warm: 15 * sec,
	})
}

// dropCells is T2, T3, T4, T6: the capacity falls below the main stream.
func dropCells() (cells []Cell) {
	marks := []Mark{atMost(Decide, Median, 250), atMost(Decide, P95, 450), atMost(Back, Highest, 8)}
	for _, high := range []float64{20, 50} {
		for _, rtt := range []time.Duration{20 * ms, 60 * ms} {
			for _, buffer := range []time.Duration{100 * ms, 400 * ms} {
				cells = append(cells, Cell{
					Test: "T2", Name: fmt.Sprintf("%.0f to 3 to %.0f, buffer %v, RTT %v", high, high, buffer, rtt),
					Path:  Path{Capacity: dip(high, 3), Buffer: buffer, RTT: rtt},
					Links: one(), For: 60 * sec, Drop: 20 * sec, Return: 30 * sec, Marks: marks,
					Short: high == 20 && buffer == 100*ms,
				})
			}
		}
	}
	dipTo := func(test string, low float64, rtt time.Duration, marks ...Mark) Cell {
		return Cell{
			Test: test, Name: fmt.Sprintf("20 to %g to 20, RTT %v", low, rtt),
			Path:  Path{Capacity: dip(20, low), Buffer: 100 * ms, RTT: rtt},
			Links: one(), For: 60 * sec, Drop: 20 * sec, Return: 30 * sec, Marks: marks,
		}
	}
	policer := dipTo("T4", 3, 20*ms, atMost(Decide, Highest, 1500))
	policer.Name, policer.Path.Police = "policer, 20 to 3 to 20", true
	noisy := dipTo("T2", 3, 60*ms)
	noisy.Name = "20 to 3, jitter 20 ms, 5 % loss, burst 5, RTT 60ms"
	noisy.Path.Jitter, noisy.Path.Loss, noisy.Path.Burst = 20*ms, 0.05, 5
	six := Cell{
		Test: "T6", Name: "6 feeds, 50 to 10 to 50", Path: Path{
			Capacity: []Capacity{{0, 50 * mbit}, {30 * sec, 10 * mbit}, {40 * sec, 50 * mbit}},
			Buffer:   100 * ms, RTT: 20 * ms,
		},
		Links: []Link{{Feeds: 6}}, For: 80 * sec, Drop: 30 * sec, Return: 40 * sec,
		Marks: []Mark{atMost(Decide, Highest, 1000)}, Short: true,
	}
	return append(cells,
		dipTo("T2", 1.5, 60*ms), dipTo("T2", 0.8, 60*ms),
		dipTo("T3", 4.3, 60*ms, atMost(Decide, Highest, 2500)),
		policer, noisy, six,
	)
}

// squareCells is T5: capacity that comes and goes.
func squareCells() []Cell {
	square := func(name string, high, low float64, period, length, warm time.Duration, marks ...Mark) Cell {
		return Cell{
			Test: "T5", Name: name, Links: one(), For: length, Warm: warm, Marks: marks,
			Path: Path{
				Capacity: []Capacity{{0, high * mbit}, {period / 2, low * mbit}}, Repeat: period,
				Buffer: 100 * ms, RTT: 20 * ms,
			},
		}
	}
	ten := square("20 and 3 Mbit/s, period 10 s", 20, 3, 10*sec, 300*sec, 1,
		atMost(Switches, Highest, 2), atMost(WorstMinute, Highest, 5))
	later := square("the same after the first minute", 20, 3, 10*sec, 360*sec, 60*sec, atMost(Switches, Highest, 2))
	later.Short = true
	return []Cell{
		ten, later,
		square("20 and 3 Mbit/s, period 60 s", 20, 3, 60*sec, 300*sec, 1,
			atMost(Switches, Median, 2.01), atMost(WorstMinute, Highest, 5)),
		square("6 and 4 Mbit/s, period 7 s", 6, 4, 7*sec, 300*sec, 1, atMost(WorstMinute, Highest, 5)),
	}
}
