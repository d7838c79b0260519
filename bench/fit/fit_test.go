package fit

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestCells plays the short cells with three seeds, or, with FIT_SEEDS=20, all of
// them with twenty; FIT_CELL chooses by a part of the name.
func TestCells(t *testing.T) {
	seeds, err := strconv.Atoi(os.Getenv("FIT_SEEDS"))
	cells := Cells()
	if err != nil {
		seeds, cells = 3, Short(cells)
	}
	rows := Run(Named(cells, os.Getenv("FIT_CELL")), seeds)
	var table strings.Builder
	if err := Print(&table, rows); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
	for i := range rows {
		for _, missed := range rows[i].Missed() {
			t.Errorf("%s %s: %s", rows[i].Cell.Test, rows[i].Cell.Name, missed)
		}
	}
}

func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	c := Named(Cells(), "three CUBIC on 10, buffer 100ms")[0]
	c.For = 30 * time.Second
	if a, b := play(&c, 7), play(&c, 7); a != b {
		t.Fatalf("%v\n%v", a, b)
	}
	if a, b := play(&c, 7), play(&c, 8); a == b {
		t.Fatal("another seed gives the same run")
	}
}

func TestEventsRunInOrder(t *testing.T) {
	var l loop
	var got []int
	for i, at := range []instant{5, 3, 5, 1, 4, 3} {
		l.at(at, func() { got = append(got, i) })
	}
	l.run(4)
	l.at(2, func() { got = append(got, 9) }) // past: it runs now
	l.run(10)
	want := []int{3, 1, 5, 4, 9, 0, 2}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("order %v, want %v", got, want)
		}
	}
}

func TestTheLinkServesDelaysAndDrops(t *testing.T) {
	l := &link{Path: Path{
		Capacity: []Capacity{{0, 8e6}, {10 * ms, 4e6}}, Buffer: 20 * ms, RTT: 40 * ms,
	}, random: rand.New(rand.NewPCG(1, 1))}
	// 10 kB take 10 ms at 8 Mbit/s; of the next 10 kB all are served at 4.
	if f := l.send(0, 10_000, 0); f.lost || f.arrive != 30*ms {
		t.Fatalf("%+v", f)
	}
	if f := l.send(0, 10_000, 0); f.lost || f.arrive != 50*ms {
		t.Fatalf("%+v", f)
	}
	if f := l.send(0, 1000, 0); !f.tail {
		t.Fatalf("21 kB fit a buffer of 20: %+v", f)
	}
	if q := l.queue(10 * ms); q != 20*ms {
		t.Fatalf("queue %v", q)
	}
}

func TestLossHasItsMeanAndItsBursts(t *testing.T) {
	l := &link{Path: Path{Loss: 0.05, Burst: 5}, random: rand.New(rand.NewPCG(1, 1))}
	lost, bursts, before := 0, 0, false
	const n = 1_000_000
	for range n {
		now := l.loses()
		if now {
			lost++
			if !before {
				bursts++
			}
		}
		before = now
	}
	if p := float64(lost) / n; p < 0.048 || p > 0.052 {
		t.Fatalf("mean %.4f", p)
	}
	if b := float64(lost) / float64(bursts); b < 4.8 || b > 5.2 {
		t.Fatalf("bursts of %.2f", b)
	}
}

func TestABulkFlowAloneFillsTheLink(t *testing.T) {
	for _, control := range []Control{NewReno, Cubic, BBR} {
		c := Cell{
			Path: Path{Capacity: flat(20), Buffer: 100 * ms, RTT: 20 * ms},
			Bulk: []Bulk{{Control: control}}, For: 40 * sec,
		}
		w := newWorld(&c, 1)
		w.loop.run(c.For)
		if share := float64(w.bulk) * 8 / w.carried(window{10 * sec, 40 * sec}); share < 0.93 || share > 1.01 {
			t.Errorf("%v takes %.2f of an empty link", control, share)
		}
	}
}
