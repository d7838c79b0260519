package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/flood"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchFloodFlags are the flags of bench flood.
type benchFloodFlags struct {
	cfg  flood.Config
	json string
}

func newBenchFlood(t terminal) *cobra.Command {
	var f benchFloodFlags
	cmd := &cobra.Command{
		Use:   "flood",
		Short: "Bad handshakes beside a lesson: what the lesson notices of them",
		Long: `Gives a lesson over an emulated line four times: alone; while strangers send the hub the
first packets of handshakes, 10,000 a second; while others try to shake hands with a
certificate of another county, 300 a second from as many addresses; and alone again, to
see what the machine does by itself. It all runs on this machine, the strangers too: more
of them would take its cores from the lesson.

The lesson's p99 may grow by 10 ms. The exit status is 0 when it did not grow more.`,
		Example: `  classrelay bench flood
  classrelay bench flood --rate 20000 --for 30s --json -`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			switch {
			case f.cfg.For < 5*time.Second:
				return errors.New("--for: it is below five seconds")
			case f.cfg.Rate < 1 || f.cfg.Rate > 100_000:
				return errors.New("--rate: it is not between 1 and 100000")
			case f.cfg.Dials < 1 || f.cfg.Dials > 10_000:
				return errors.New("--dials: it is not between 1 and 10000")
			}
			return nil
		},
		RunE: measure(&f.json, func(ctx context.Context) error { return runBenchFlood(ctx, &f, t) }),
	}
	flags := cmd.Flags()
	flags.DurationVar(&f.cfg.For, "for", 20*time.Second, "the `time` of each lesson")
	flags.IntVar(&f.cfg.Rate, "rate", 10_000, "send so many first `packets` a second")
	flags.IntVar(&f.cfg.Dials, "dials", 300, "try so many `handshakes` a second")
	jsonFlag(cmd, &f.json)
	return cmd
}

func runBenchFlood(ctx context.Context, f *benchFloodFlags, t terminal) error {
	rep := benchReport[flood.Row]{
		Schema: scenario.Schema, Bench: "flood", Environment: scenario.Here(programVersion(), t.commandLine()),
	}
	dir, err := os.MkdirTemp("", "classrelay-flood-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder of ours
	f.cfg.Dir, f.cfg.Version = dir, programVersion()
	rep.Rows, err = flood.Run(ctx, f.cfg, func(r flood.Row) {
		_, _ = fmt.Fprintf(t.err, "beside %s: p99 %.1f ms\n", r.Beside, r.Lesson.Latency.P99)
	}, zap.NewNop())
	missed := ""
	for i := range rep.Rows {
		if r := &rep.Rows[i]; missed == "" && !r.Met() {
			missed = fmt.Sprintf("beside %s the lesson's p99 is %.1f ms above that alone, limit %s", r.Beside, r.AddedMs,
				flood.Limit)
		}
	}
	interrupted := ctx.Err() != nil
	if interrupted {
		err = nil
	}
	rep.judge(missed == "", !interrupted)
	if err := errors.Join(
		writeFlood(t.screen(f.json), rep.Rows), toFile(f.json, t.out, writeJSON(rep)), err,
	); err != nil {
		return err
	}
	return rep.exit(missed)
}

func writeFlood(w io.Writer, rows []flood.Row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, // shows in Flush
		"beside\ttries/s\thandshakes\tfailed\tretried\tturned away\tp50 ms\tp99 ms\tadded ms\tin 300 ms %\t")
	for i := range rows {
		r := &rows[i]
		_, _ = fmt.Fprintf(table, "%s\t%.0f\t%d\t%d\t%d\t%d\t%.1f\t%.1f\t%+.1f\t%.2f\t\n", r.Beside, r.Tries,
			r.Gate.Begun, r.Gate.Failed, r.Gate.Retried, r.Gate.TurnedAway, r.Lesson.Latency.P50, r.Lesson.Latency.P99,
			r.AddedMs, 100*r.Lesson.GoodIn300msRatio)
	}
	return table.Flush()
}
