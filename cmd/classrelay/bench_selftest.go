package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/selftest"
)

// benchSelftestFlags are the flags of bench selftest.
type benchSelftestFlags struct {
	packets  int
	seed     uint64
	duration time.Duration
	json     string
}

func newBenchSelftest(t terminal) *cobra.Command {
	var f benchSelftestFlags
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Prove the emulated line before anything is measured through it",
		Long: `Tests the emulator of the bench. In virtual time: how many packets it loses and how many
in a row, its rate, queue, jitter, order, outages and traces, and that a seed repeats.
In real time, at 100 Mbit/s: how late packets leave it, what a TCP download gets, and
whether the stamps of the bench's camera agree with a plain echo.

The rows of the router between network namespaces need root and Linux; without, they say
so and do not count.`,
		Example: `  classrelay bench selftest
  classrelay bench selftest --json -`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			const fewest = 100_000 // below, the bounds say little
			switch {
			case f.packets < fewest:
				return fmt.Errorf("--packets: it is below %d", fewest)
			case f.duration < time.Second:
				return errors.New("--for: it is below a second")
			}
			return nil
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runBenchSelftest(ctx, &f, t)
		}),
	}
	flags := cmd.Flags()
	flags.IntVar(&f.packets, "packets", 1_000_000, "send so many `packets` in virtual time")
	flags.Uint64Var(&f.seed, "seed", 1, "the `number` all chance comes from")
	flags.DurationVar(&f.duration, "for", 5*time.Second, "flood and download for this `time` each")
	jsonFlag(cmd, &f.json)
	return cmd
}

func runBenchSelftest(ctx context.Context, f *benchSelftestFlags, t terminal) error {
	rep := benchReport[selftest.Row]{
		Schema: scenario.Schema, Bench: "selftest", Environment: scenario.Here(programVersion(), t.commandLine()),
	}
	_, _ = fmt.Fprintln(t.err, "in virtual time…")
	rows, err := selftest.Virtual(f.packets, f.seed)
	if err != nil {
		return err
	}
	if ctx.Err() == nil {
		_, _ = fmt.Fprintf(t.err, "in real time, four times %v…\n", f.duration)
		netem.Processors(1)
		runtime.GC() // what the first part has left is not to be collected while the second is timed
		var more []selftest.Row
		more, err = selftest.Real(ctx, f.duration, zap.NewNop())
		rows = append(rows, more...)
	}
	missed := ""
	for i := range rows {
		if r := &rows[i]; missed == "" && r.Missed() {
			missed = fmt.Sprintf("%s, %s: %s, limit %s", r.Part, r.Name, r.Text(), r.Limit())
		}
	}
	rep.Rows = rows
	rep.judge(missed == "", ctx.Err() == nil && err == nil)
	if err := errors.Join(
		writeSelftest(t.screen(f.json), rows),
		toFile(f.json, t.out, writeJSON(rep)),
		err,
	); err != nil {
		return err
	}
	return rep.exit(missed)
}

func writeSelftest(w io.Writer, rows []selftest.Row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "part\ttest\tvalue\tlimit\tverdict") // shows in Flush
	last := ""
	for i := range rows {
		r := &rows[i]
		part := r.Part
		if part == last {
			part = ""
		}
		last = r.Part
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", part, r.Name, r.Text(), r.Limit(), r.Verdict())
	}
	return table.Flush()
}
