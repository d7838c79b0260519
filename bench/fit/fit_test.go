package fit

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestCells plays the short cells, or with FIT_SEEDS=20 all of them; FIT_CELL
// chooses by a part of the name.
func TestCells(t *testing.T) {
	seeds, _ := strconv.Atoi(os.Getenv("FIT_SEEDS"))
	long := seeds > 0
	if !long {
		seeds = 3
	}
	var cells []Cell
	for _, c := range Cells() {
		if (long || c.Short) && strings.Contains(c.Test+" "+c.Name, os.Getenv("FIT_CELL")) {
			cells = append(cells, c)
		}
	}
	rows := Run(cells, seeds)
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

// TestTrace prints the verdicts of one run: FIT_TRACE=seed FIT_CELL=name.
func TestTrace(t *testing.T) {
	seed, err := strconv.Atoi(os.Getenv("FIT_TRACE"))
	if err != nil {
		t.Skip("FIT_TRACE is not set")
	}
	for _, c := range Cells() {
		if !strings.Contains(c.Test+" "+c.Name, os.Getenv("FIT_CELL")) {
			continue
		}
		t.Log(c.Test, c.Name)
		w := newWorld(&c, uint64(seed))
		w.loop.run(c.For)
		for i, n := range w.nodes {
			for _, v := range n.score.verdicts {
				t.Logf("link %d %8.3f s %s", i, v.at.Seconds(), v.why)
			}
		}
	}
}
