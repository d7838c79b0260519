package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/report"
	"github.com/classrelay/classrelay/bench/scenario"
)

// newBenchReport makes the command that draws a result again.
func newBenchReport(t terminal) *cobra.Command {
	var o benchOutputs
	var result *scenario.Report
	cmd := &cobra.Command{
		Use:   "report RESULT.json",
		Short: "Draw the result of an earlier run again, as a page, a table or for CI",
		Long: `Reads what bench run has written with --json and writes it in another form. The exit
status tells whether that went well, not what the result was.`,
		Example: `  classrelay bench report result.json --html report.html
  classrelay bench report result.json --csv -`,
		Args: cobra.ExactArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) error {
			if o.csv == "" && o.junit == "" && o.html == "" {
				return errors.New("as what? Say --html, --csv or --junit")
			}
			if err := o.check(); err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }() // only read
			if result, err = report.Read(f); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return nil
		},
		RunE: work(func(context.Context) error { return o.write(t.out, result) }),
	}
	o.add(cmd)
	return cmd
}
