package fit

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/classrelay/classrelay/internal/quantile"
)

// Row is what a cell gave over its seeds.
type Row struct {
	Cell   Cell
	Seeds  int
	Values [numFigures][]float64 // sorted
}

// Run plays every cell with the seeds 1 to seeds and returns a row for each, in
// order. It uses all processors and returns when all is done.
func Run(cells []Cell, seeds int) []Row {
	rows := make([]Row, len(cells))
	type job struct{ cell, seed int }
	jobs := make(chan job) // unbuffered: a worker takes the next when it is free
	var mu sync.Mutex
	var workers sync.WaitGroup
	for i := range rows {
		rows[i] = Row{Cell: cells[i], Seeds: seeds}
	}
	for range runtime.GOMAXPROCS(0) {
		// Ends when jobs is closed; Run waits for it.
		workers.Go(func() {
			for j := range jobs {
				figures := play(&cells[j.cell], uint64(j.seed))
				mu.Lock()
				for f, v := range figures {
					rows[j.cell].Values[f] = append(rows[j.cell].Values[f], v)
				}
				mu.Unlock()
			}
		})
	}
	for i := range cells {
		for seed := 1; seed <= seeds; seed++ {
			jobs <- job{cell: i, seed: seed}
		}
	}
	close(jobs)
	workers.Wait()
	for i := range rows {
		for f := range rows[i].Values {
			slices.Sort(rows[i].Values[f])
		}
	}
	return rows
}

// Short is those of the cells that a quick run plays: one or two of each test.
func Short(cells []Cell) []Cell {
	return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return !c.Short })
}

// Named is those of the cells whose test and name contain a text.
func Named(cells []Cell, text string) []Cell {
	return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool {
		return !strings.Contains(c.Test+" "+c.Name, text)
	})
}

// Of is a statistic of a figure.
func (r *Row) Of(f Figure, s Stat) float64 {
	v := r.Values[f]
	if len(v) == 0 {
		return math.NaN()
	}
	switch s {
	case Median:
		return v[len(v)/2]
	case P95:
		return quantile.Of(v, 95) // the 19th of 20
	case Highest:
		return v[len(v)-1]
	case Lowest:
	}
	return v[0]
}

// Met tells whether a mark is met, and the number it was judged by.
func (r *Row) Met(m Mark) (bool, float64) {
	v := r.Of(m.Figure, m.Stat)
	if m.Most {
		return v <= m.Limit, v
	}
	return v >= m.Limit, v
}

// Missed lists the marks that were missed, in words.
func (r *Row) Missed() (missed []string) {
	for _, m := range r.Cell.Marks {
		if ok, v := r.Met(m); !ok {
			missed = append(missed, fmt.Sprintf("%s is %.4g", m, v))
		}
	}
	return missed
}

// String says a mark in words.
func (m Mark) String() string {
	least := "at least"
	if m.Most {
		least = "at most"
	}
	return fmt.Sprintf("%s %s %s %g", m.Figure, m.Stat, least, m.Limit)
}

// String is the word for a statistic.
func (s Stat) String() string {
	return [...]string{"median", "p95", "highest", "lowest"}[s&3]
}

// String is the word for a figure.
func (f Figure) String() string {
	names := [...]string{
		"main %", "on time %", "switches/min", "worst minute", "steps down", "decide ms", "back s", "bulk %", "Jain",
		"overrun s", "queue back ms", "padding %", "sound gap ms", "stall ms", "all main s", "mains",
	}
	if f < 0 || int(f) >= len(names) {
		return fmt.Sprintf("figure %d", int(f))
	}
	return names[f]
}

// Print writes the rows as one table. Percentages are of time, of frames and of
// the link; "low" is the worst of the seeds.
func Print(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.AlignRight|tabwriter.Debug)
	if _, err := fmt.Fprintln(t, strings.Join([]string{
		"test", "cell", "seeds", "main % med/low", "on time % med/low", "switches/min med/max", "worst minute",
		"decide ms med/p95/max", "back s med/max", "bulk % med/low", "Jain med/low", "all main s", "stall ms",
		"sound gap ms", "padding %", "marks", "",
	}, "\t")); err != nil {
		return err
	}
	for i := range rows {
		if _, err := fmt.Fprintln(t, strings.Join(rows[i].columns(), "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

func (r *Row) columns() []string {
	return []string{
		r.Cell.Test, r.Cell.Name, strconv.Itoa(r.Seeds),
		r.num(MainShare, Median, 1) + "/" + r.num(MainShare, Lowest, 1),
		r.num(OnTime, Median, 2) + "/" + r.num(OnTime, Lowest, 2),
		r.num(Switches, Median, 1) + "/" + r.num(Switches, Highest, 1),
		r.num(WorstMinute, Highest, 0), r.decide(), r.back(), r.bulk(), r.jain(),
		r.num(AllMain, Highest, 1), r.num(Stall, Highest, 0), r.num(SoundGap, Highest, 0),
		r.num(Padding, Median, 2), r.verdict(), "",
	}
}

func (r *Row) num(f Figure, s Stat, digits int) string {
	v := r.Of(f, s)
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "never"
	}
	return fmt.Sprintf("%.*f", digits, v)
}

func (r *Row) decide() string {
	if r.Cell.Drop == 0 {
		return ""
	}
	return r.num(Decide, Median, 0) + "/" + r.num(Decide, P95, 0) + "/" + r.num(Decide, Highest, 0)
}

func (r *Row) back() string {
	if r.Cell.Return == 0 {
		return ""
	}
	return r.num(Back, Median, 1) + "/" + r.num(Back, Highest, 1)
}

func (r *Row) bulk() string {
	if len(r.Cell.Bulk) == 0 {
		return ""
	}
	return r.num(BulkShare, Median, 0) + "/" + r.num(BulkShare, Lowest, 0)
}

func (r *Row) jain() string {
	if len(r.Cell.Links) < 2 {
		return ""
	}
	return r.num(Jain, Median, 2) + "/" + r.num(Jain, Lowest, 2)
}

func (r *Row) verdict() string {
	switch missed := r.Missed(); {
	case len(r.Cell.Marks) == 0:
		return "recorded"
	case len(missed) == 0:
		return fmt.Sprintf("%d met", len(r.Cell.Marks))
	default:
		return "MISSED: " + strings.Join(missed, "; ")
	}
}
