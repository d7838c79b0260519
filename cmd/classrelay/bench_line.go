package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchLineFlags are the flags of bench line.
type benchLineFlags struct {
	listen, to string
	seed       uint64
	duration   time.Duration

	scenario *scenario.Scenario
}

func newBenchLine(t terminal) *cobra.Command {
	var f benchLineFlags
	cmd := &cobra.Command{
		Use:   "line NAME",
		Short: "Put a scenario's line in front of a real node",
		Long: `Carries UDP between whoever sends to --listen and the node at --to, over the first line of
a scenario: shipped, or a file that ends in .yaml. A branch whose parent is the --listen
address, or a probe, then meets that line on the way to a real hub.

It runs until Ctrl-C, or --for, and then says what the line did. Times of outages and
steps count from its start.`,
		Example: `  classrelay bench line bursty-2 --to 127.0.0.1:4433
  classrelay bench line our-line.yaml --listen :5433 --to 10.77.0.1:4433 --seed 7`,
		Args: cobra.ExactArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) error {
			return f.finish(args[0])
		},
		RunE: interruptible(func(ctx context.Context) error {
			return runBenchLine(ctx, &f, t)
		}),
		ValidArgsFunction: completeScenarios,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:5433", "take packets at this UDP `address`")
	flags.StringVar(&f.to, "to", "127.0.0.1:4433", "and carry them to the node at this `address`")
	flags.Uint64Var(&f.seed, "seed", 1, "the `number` all chance comes from")
	flags.DurationVar(&f.duration, "for", 0, "end after this `time` (default: at Ctrl-C)")
	return cmd
}

// finish finds the scenario. Its errors are of usage.
func (f *benchLineFlags) finish(name string) error {
	if f.duration < 0 {
		return errors.New("--for: it is below 0")
	}
	if _, _, err := net.SplitHostPort(f.listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if _, _, err := net.SplitHostPort(f.to); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	found, err := scenario.Find([]string{name})
	if err != nil {
		return err
	}
	f.scenario = found[0]
	return nil
}

func runBenchLine(ctx context.Context, f *benchLineFlags, t terminal) error {
	line := f.scenario.Lines[0]
	r, err := netem.New(netem.Config{
		Listen: f.listen, Target: f.to, Up: line.Up, Down: line.Down, Seed: f.seed,
	}, newLogger("console", zap.InfoLevel, t.err))
	if err != nil {
		return err
	}
	ctx, stop := within(ctx, f.duration)
	defer stop()
	netem.Processors(1)
	_, _ = fmt.Fprintf(t.err, "%s lies between %v and %s (%s)\n", f.scenario.Name, r.Addr(), f.to, f.scenario.Title)
	if err := r.Run(ctx); err != nil {
		return err
	}
	return writeLine(t.out, r.Stats())
}

// writeLine says what a line did.
func writeLine(w io.Writer, s netem.Stats) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "way\toffered\tlost on the wire\tin the queue\tin outages\theld back\tMbyte carried\tlate, p99")
	for _, way := range []struct {
		name string
		netem.LinkStats
	}{{"down", s.Down}, {"up", s.Up}} {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%.1f\t%v\n", way.name, way.Offered, way.LostWire, way.LostQueue,
			way.LostOutage, way.HeldBack, float64(way.DeliveredBytes)/1e6,
			way.Lateness.Quantile(0.99).Round(time.Microsecond)) //nolint:mnd // a percentile
	}
	fmt.Fprintf(t, "%d clients, %d packets lost by the emulator itself\n", s.Clients, s.Overrun)
	return t.Flush()
}
