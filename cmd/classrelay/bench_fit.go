package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/fit"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchFitFlags are the flags of bench fit.
type benchFitFlags struct {
	seeds int
	cell  string
	short bool
	json  string
	cells []fit.Cell
}

func newBenchFit(t terminal) *cobra.Command {
	var f benchFitFlags
	cmd := &cobra.Command{
		Use:   "fit",
		Short: "The choice of layers on links with too little room or other traffic, in virtual time",
		Long: `Plays links whose capacity falls, swings, or is shared with bulk TCP and with other
classrelay links, in virtual time, and checks when layers are stepped down and up.
--cell plays those situations only whose test and name contain the text, as T2 or CUBIC.`,
		Example: `  classrelay bench fit
  classrelay bench fit --cell T2 --seeds 5
  classrelay bench fit --short --seeds 3 --json fit.json`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			return f.finish()
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runBenchFit(ctx, &f, t)
		}),
	}
	flags := cmd.Flags()
	flags.IntVar(&f.seeds, "seeds", 20, "play each situation with so many `seeds`")
	flags.StringVar(&f.cell, "cell", "", "only those whose name contains this `text`")
	flags.BoolVar(&f.short, "short", false, "only one or two situations of each test")
	jsonFlag(cmd, &f.json)
	return cmd
}

// finish chooses the cells. Its errors are of usage.
func (f *benchFitFlags) finish() error {
	if f.seeds < 1 {
		return errors.New("--seeds: it is below 1")
	}
	f.cells = fit.Named(fit.Cells(), f.cell)
	if f.short {
		f.cells = fit.Short(f.cells)
	}
	if len(f.cells) == 0 {
		return fmt.Errorf("--cell: no situation has %q in its name", f.cell)
	}
	return nil
}

func runBenchFit(ctx context.Context, f *benchFitFlags, t terminal) error {
	env := scenario.Here(programVersion(), t.commandLine())
	rows := fitAll(ctx, f, t.err)
	if err := fit.Print(t.screen(f.json), rows); err != nil {
		return err
	}
	rep := benchReport[fitRow]{Schema: scenario.Schema, Bench: "fit", Environment: env}
	missed := ""
	for i := range rows {
		row := newFitRow(&rows[i])
		if len(row.Missed) > 0 && missed == "" {
			missed = fmt.Sprintf("%s %s: %s", row.Test, row.Cell, row.Missed[0])
		}
		rep.Rows = append(rep.Rows, row)
	}
	rep.judge(missed == "", len(rows) == len(f.cells))
	if err := toFile(f.json, t.out, writeJSON(rep)); err != nil {
		return err
	}
	return rep.exit(missed)
}

// fitAll plays cell after cell, the seeds of each on all processors, until ctx ends.
func fitAll(ctx context.Context, f *benchFitFlags, progress io.Writer) (rows []fit.Row) {
	for i := range f.cells {
		if ctx.Err() != nil {
			break
		}
		rows = append(rows, fit.Run(f.cells[i:i+1], f.seeds)...)
		_, _ = fmt.Fprintf(progress, "%d of %d situations: %s %s\n", i+1, len(f.cells), f.cells[i].Test, f.cells[i].Name)
	}
	return rows
}

// fitRow is a situation in the JSON. A value that never came is null.
type fitRow struct {
	Test    string               `json:"test"`
	Cell    string               `json:"cell"`
	Seeds   int                  `json:"seeds"`
	Missed  []string             `json:"missed"`
	Marks   []fitMark            `json:"marks"`
	Figures map[string]fitSpread `json:"figures"`
}

type fitMark struct {
	Mark  string   `json:"mark"`
	Value *float64 `json:"value"`
	Met   bool     `json:"met"`
}

// fitSpread is a figure over all seeds.
type fitSpread struct {
	Lowest  *float64 `json:"lowest"`
	Median  *float64 `json:"median"`
	P95     *float64 `json:"p95"`
	Highest *float64 `json:"highest"`
}

func newFitRow(r *fit.Row) fitRow {
	row := fitRow{
		Test: r.Cell.Test, Cell: r.Cell.Name, Seeds: r.Seeds,
		Missed: append([]string{}, r.Missed()...), Marks: []fitMark{}, Figures: make(map[string]fitSpread),
	}
	for _, m := range r.Cell.Marks {
		met, v := r.Met(m)
		row.Marks = append(row.Marks, fitMark{Mark: m.String(), Value: scenario.Number(v), Met: met})
	}
	for i := range r.Values {
		f := fit.Figure(i)
		of := func(s fit.Stat) *float64 { return scenario.Number(r.Of(f, s)) }
		row.Figures[f.String()] = fitSpread{
			Lowest: of(fit.Lowest), Median: of(fit.Median), P95: of(fit.P95), Highest: of(fit.Highest),
		}
	}
	return row
}
