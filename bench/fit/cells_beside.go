package fit

import (
	"fmt"
	"time"
)

func (c Control) String() string { return [...]string{"NewReno", "CUBIC", "BBR", "constant"}[c&3] }

// besideCells is T7 and T8: one bulk flow on the same link.
func besideCells() (cells []Cell) {
	marks := []Mark{
		atLeast(MainShare, Median, 90), atLeast(BulkShare, Median, 30), atLeast(OnTime, Median, 97),
	}
	for _, control := range []Control{NewReno, Cubic, BBR} {
		for _, buffer := range []time.Duration{50 * ms, 100 * ms, 200 * ms} {
			cells = append(cells, Cell{
				Test: "T7", Name: fmt.Sprintf("one %v on 20, buffer %v", control, buffer),
				Path:  Path{Capacity: flat(20), Buffer: buffer, RTT: 20 * ms},
				Links: one(), Bulk: []Bulk{{Control: control, From: 8 * sec}}, For: 70 * sec, Marks: marks,
				Short: buffer == 100*ms,
			})
		}
	}
	for _, control := range []Control{NewReno, Cubic, BBR} {
		cells = append(cells, Cell{
			Test: "T8", Name: fmt.Sprintf("one %v on 20, we come 10 s later", control),
			Path:  Path{Capacity: flat(20), Buffer: 100 * ms, RTT: 20 * ms},
			Links: []Link{{Feeds: 1, From: 10 * sec}}, Bulk: []Bulk{{Control: control}}, For: 70 * sec, Warm: 20 * sec,
			Marks: []Mark{atMost(AllMain, Highest, 10)}, Short: control == Cubic,
		})
	}
	beside := func(name string, p Path, feeds int, b Bulk) Cell {
		b.From = 8 * sec
		return Cell{Test: "T7", Name: name, Path: p, Links: []Link{{Feeds: feeds}}, Bulk: []Bulk{b}, For: 70 * sec}
	}
	path := Path{Capacity: flat(20), Buffer: 100 * ms, RTT: 20 * ms}
	far, rough, lossy, slow, deep, falls := path, path, path, path, path, path
	far.RTT, rough.Jitter, lossy.Loss, slow.Capacity, deep.Buffer = 60*ms, 20*ms, 0.01, flat(10), 400*ms
	falls.Capacity = dip(20, 3)
	dipped := beside("CUBIC, 20 to 3 to 20", falls, 1, Bulk{Control: Cubic})
	dipped.Drop, dipped.Return = 20*sec, 30*sec
	return append(cells,
		beside("CUBIC, RTT 60ms", far, 1, Bulk{Control: Cubic}),
		beside("CUBIC, jitter 20 ms", rough, 1, Bulk{Control: Cubic}),
		beside("CUBIC, 1 % loss", lossy, 1, Bulk{Control: Cubic}),
		beside("CUBIC on 10", slow, 1, Bulk{Control: Cubic}),
		beside("CUBIC, 2 feeds", path, 2, Bulk{Control: Cubic}),
		beside("CUBIC, 4 feeds", path, 4, Bulk{Control: Cubic}),
		beside("CUBIC, buffer 400ms", deep, 1, Bulk{Control: Cubic}),
		dipped,
		beside("CUBIC with RTT 120ms", path, 1, Bulk{Control: Cubic, ExtraRTT: 100 * ms}),
		beside("constant 17 on 20", path, 1, Bulk{Control: Constant, Rate: 17 * mbit}),
		beside("constant 12 on 20", path, 1, Bulk{Control: Constant, Rate: 12 * mbit}),
	)
}

// crowdCells is T9 and T15: several bulk flows, and short ones.
func crowdCells() (cells []Cell) {
	for _, control := range []Control{NewReno, Cubic, BBR} {
		for _, buffer := range []time.Duration{50 * ms, 100 * ms, 200 * ms} {
			c := Cell{
				Test: "T9", Name: fmt.Sprintf("three %v on 10, buffer %v", control, buffer),
				Path:  Path{Capacity: flat(10), Buffer: buffer, RTT: 20 * ms},
				Links: one(), For: 130 * sec,
			}
			for i := range 3 {
				c.Bulk = append(c.Bulk, Bulk{Control: control, From: 8*sec + time.Duration(i)*sec})
			}
			if control != BBR {
				c.Marks = []Mark{atMost(MainShare, Median, 20), atMost(Switches, Median, 2.5)}
			}
			c.Short = control == Cubic && buffer == 100*ms
			cells = append(cells, c)
		}
	}
	web := func(name string, rate float64, feeds int, every time.Duration, marks ...Mark) Cell {
		return Cell{
			Test: "T15", Name: name, Path: Path{Capacity: flat(rate), Buffer: 100 * ms, RTT: 40 * ms},
			Links: []Link{{Feeds: feeds}}, For: 130 * sec, Marks: marks,
			Bulk: []Bulk{{Control: Cubic, From: 8 * sec, Every: every, Size: 600_000}},
		}
	}
	return append(cells,
		web("web bursts every 2 s on 20", 20, 1, 2*sec, atLeast(MainShare, Median, 85)),
		web("web bursts every 1 s on 20, 2 feeds", 20, 2, sec),
		web("web bursts every 2 s on 10", 10, 1, 2*sec),
	)
}

// sharedCells is T10 and T11: links of ours on one bottleneck.
func sharedCells() []Cell {
	two := func(name string, rate float64, feeds int, marks ...Mark) Cell {
		return Cell{
			Test: "T10", Name: name, Path: Path{Capacity: flat(rate), Buffer: 100 * ms, RTT: 20 * ms},
			Links: []Link{{Feeds: feeds}, {Feeds: feeds}}, For: 130 * sec, Warm: 30 * sec, Marks: marks,
		}
	}
	twelve := two("two links, 2 feeds each, on 12", 12, 2, atLeast(Jain, Median, 0.95))
	twelve.Short = true
	one12 := two("the same from one node", 12, 2, atMost(Switches, Median, 0.5))
	one12.Shared = true
	one12.Links = []Link{{Feeds: 2, Teacher: true}, {Feeds: 2}}
	one6 := two("two links of one node, 1 feed each, on 6", 6, 1, atMost(Switches, Median, 0.5))
	one6.Shared, one6.Short = true, true
	one6.Links = []Link{{Feeds: 1}, {Feeds: 1, Teacher: true}}
	over := Cell{
		Test: "T11", Name: "2 feeds, 20 to 6, RTT 60ms",
		Path:  Path{Capacity: []Capacity{{0, 20 * mbit}, {20 * sec, 6 * mbit}}, Buffer: 100 * ms, RTT: 60 * ms},
		Links: []Link{{Feeds: 2}}, For: 80 * sec, Drop: 20 * sec, Short: true,
		Marks: []Mark{atMost(Overrun, Highest, 1), atMost(QueueBack, Highest, 2000)},
	}
	six := Cell{
		Test: "T11", Name: "2 feeds, 6 from the start", Path: Path{Capacity: flat(6), Buffer: 100 * ms, RTT: 60 * ms},
		Links: []Link{{Feeds: 2}}, For: 80 * sec, Marks: []Mark{atMost(Overrun, Highest, 1)},
	}
	return []Cell{
		twelve, two("two links, 4 feeds each, on 30", 30, 4, atLeast(Jain, Median, 0.95)),
		two("two links, 1 feed each, on 6", 6, 1), one12, one6, over, six,
	}
}

// plentyCells is T12: room for everybody.
func plentyCells() []Cell {
	path := Path{Capacity: flat(100), Buffer: 100 * ms, RTT: 20 * ms}
	return []Cell{
		{
			Test: "T12", Name: "1 feed on 100", Path: path, Links: one(), For: 60 * sec,
			Marks: []Mark{atMost(AllMain, Highest, 8)}, Short: true,
		},
		{
			Test: "T12", Name: "6 feeds on 100, 10 min", Path: path, Links: []Link{{Feeds: 6}}, For: 600 * sec,
			Marks: []Mark{atMost(AllMain, Highest, 8), atMost(Padding, Highest, 1)},
		},
	}
}

// pathCells is T14 and the hold-out paths: clocks that drift, routes that change.
func pathCells() (cells []Cell) {
	still := []Mark{atMost(DownSteps, Highest, 0)}
	base := Path{Capacity: flat(20), Buffer: 100 * ms, RTT: 40 * ms}
	add := func(name string, change func(*Path)) {
		p := base
		change(&p)
		cells = append(cells, Cell{Test: "T14", Name: name, Path: p, Links: one(), For: 130 * sec, Marks: still})
	}
	for _, ppm := range []float64{100, -100} {
		add(fmt.Sprintf("clock %+g ppm", ppm), func(p *Path) { p.Drift = ppm })
	}
	for _, step := range []time.Duration{30 * ms, 80 * ms, -15 * ms} {
		add(fmt.Sprintf("path %+d ms after 40 s", step.Milliseconds()), func(p *Path) { p.Step, p.StepAt = step, 40*sec })
	}
	add("path +80 ms after 40 s, 5 % loss", func(p *Path) { p.Step, p.StepAt, p.Loss = 80*ms, 40*sec, 0.05 })
	return cells
}

// issueCells is what the issue asks for beside the design note.
func issueCells() []Cell {
	radio := Path{Capacity: flat(20), Buffer: 100 * ms, RTT: 60 * ms, Loss: 0.05}
	noise := Path{Buffer: 100 * ms, RTT: 40 * ms, Repeat: 61 * sec}
	// Noise of 10 % around what the main stream takes, anew every 700 ms.
	level, x := (mainRate*(1+parity)+audioRate)/mbit, uint32(1)
	for at := time.Duration(0); at < noise.Repeat; at += 700 * ms {
		x = x*1664525 + 1013904223
		noise.Capacity = append(noise.Capacity, Capacity{at, level * mbit * (0.9 + 0.2*float64(x>>16)/65536)})
	}
	tcp := func(control Control) Cell {
		return Cell{
			Test: "issue", Name: fmt.Sprintf("beside one %v on 20, buffer 100ms, RTT 60ms", control),
			Path:  Path{Capacity: flat(20), Buffer: 100 * ms, RTT: 60 * ms},
			Links: one(), Bulk: []Bulk{{Control: control, From: 8 * sec}}, For: 130 * sec,
			Marks: []Mark{atLeast(OnTime, Median, 98), atLeast(MainShare, Median, 90), atLeast(BulkShare, Median, 30)},
		}
	}
	big := func(name string, rates []Capacity, link Link, drop time.Duration) Cell {
		return Cell{
			Test: "issue", Name: name, Path: Path{Capacity: rates, Buffer: 100 * ms, RTT: 40 * ms},
			Links: []Link{link}, For: 80 * sec, Drop: drop,
			Marks: []Mark{atMost(Overrun, Highest, 1), atMost(QueueBack, Highest, 2000)},
		}
	}
	fall := []Capacity{{0, 20 * mbit}, {20 * sec, 6 * mbit}}
	const eight = 8e6 / (1 + parity)
	return []Cell{
		{
			Test: "issue", Name: "30 min of 5 % random loss", Path: radio, Links: one(), For: 1800 * sec,
			Marks: []Mark{atMost(DownSteps, Highest, 0)},
		},
		{
			Test: "issue", Name: "capacity 10 % around the main stream's rate", Path: noise, Links: one(), For: 360 * sec,
			Warm: 60 * sec, Marks: []Mark{atMost(Switches, Highest, 2)}, Short: true,
		},
		tcp(NewReno), tcp(BBR),
		big("8 Mbit/s main alone, 6 from the start", flat(6), Link{Feeds: 1, Main: eight, NoSub: true}, 0),
		big("8 Mbit/s main alone, 20 to 6", fall, Link{Feeds: 1, Main: eight, NoSub: true}, 20*sec),
		big("8 Mbit/s main with sub, 20 to 6", fall, Link{Feeds: 1, Main: eight}, 20*sec),
		{
			Test: "issue", Name: "outage of 1 s", Path: Path{
				Capacity: []Capacity{{0, 20 * mbit}, {20 * sec, 0}, {21 * sec, 20 * mbit}}, Buffer: 100 * ms, RTT: 60 * ms,
			}, Links: one(), For: 60 * sec, Drop: 20 * sec, Return: 21 * sec,
			Marks: []Mark{atMost(Stall, Highest, 1200), atLeast(OnTime, Lowest, 96)}, Short: true,
		},
		{
			Test: "issue", Name: "20 to 3 to 20 for 10 s", Path: Path{Capacity: dip(20, 3), Buffer: 100 * ms, RTT: 60 * ms},
			Links: one(), For: 60 * sec, Drop: 20 * sec, Return: 30 * sec,
			Marks: []Mark{
				atLeast(OnTime, Lowest, 97), atMost(Stall, Highest, 700), atMost(Back, Highest, 8),
				atMost(SoundGap, Highest, 60),
			},
		},
	}
}
