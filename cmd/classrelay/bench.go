package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
)

func newBench(t terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure classrelay against its targets",
		Long: `Measures and gives a verdict. The exit status is 0 when every target is reached, 1 when
one is missed, 2 when something could not be run, 3 for bad arguments.

  run       the whole product over real sockets and emulated lines, in real time
  compare   other relays on the same line beside classrelay, in real time (root)
  capacity  how much one hub carries, and what it costs to send, in real time
  directory many schools at one hub, and what its directory costs, in real time
  soak      hours of class, real or virtual, judged by whether anything grows
  recovery  repair of lost packets beside plain retransmission, in virtual time
  fit       the choice of layers beside other traffic, in virtual time
  county    a province, a city, a county and its schools, with cuts and dead nodes
  flood     bad handshakes beside a lesson, in real time
  selftest  the emulated lines themselves
  report    the result of an earlier run, drawn again
  view      any stream of the test camera, frame by frame
  line      a scenario's line in front of a real node`,
		Args: cobra.NoArgs,
		RunE: help,
	}
	cmd.AddCommand(
		newBenchRun(t), newBenchCompare(t), newBenchCapacity(t), newBenchSoak(t), newBenchDirectory(t),
		newBenchRecovery(t), newBenchFit(t),
		newBenchSelftest(t), newBenchReport(t), newBenchView(t), newBenchLine(t), newBenchCounty(t),
		newBenchFlood(t),
	)
	return cmd
}

// interruptible is work that ends at Ctrl-C and reports what it has so far.
func interruptible(f func(ctx context.Context) error) func(*cobra.Command, []string) error {
	return work(func(ctx context.Context) error {
		ctx, stop := untilSignal(ctx)
		defer stop()
		return f(ctx)
	})
}

// measure is interruptible work that does not begin when its result could not be
// written to that file in the end.
func measure(result *string, f func(ctx context.Context) error) func(*cobra.Command, []string) error {
	return interruptible(func(ctx context.Context) error {
		if err := writable(*result); err != nil {
			return fmt.Errorf("write result: --json: %w", err)
		}
		return f(ctx)
	})
}

// untilSignal is a context that ends at Ctrl-C, so that a bench can report what it
// has so far. A second Ctrl-C ends the program.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // runs once, when ctx ends
	return ctx, stop
}

// screen is where a bench writes for people: not where the JSON goes.
func (t terminal) screen(jsonPath string) io.Writer {
	if jsonPath == "-" {
		return t.err
	}
	return t.out
}

// commandLine is how the program was called, for reports.
func (t terminal) commandLine() []string { return append([]string{"classrelay"}, t.args...) }

// jsonFlag adds --json to a command that measures.
func jsonFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "json", "", "write the result to this `file`; - is standard output")
}

// logger is where camera and nodes write with --verbose, and without it nowhere.
func (t terminal) logger(verbose bool) *zap.Logger {
	if !verbose {
		return zap.NewNop()
	}
	return newLogger("console", zap.InfoLevel, t.err)
}

// within is a context that ends after so long; 0 = never by itself.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}

// writable finds out before an hour of measuring whether toFile will find a file that
// can be written. It leaves none behind that was not there.
func writable(path string) error {
	if path == "" || path == "-" {
		return nil
	}
	_, err := os.Stat(path)
	isNew := errors.Is(err, os.ErrNotExist)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if isNew {
		_ = os.Remove(path)
	}
	return f.Close()
}

// toFile runs write on a file, on standard output for "-", and not at all without
// a path.
func toFile(path string, stdout io.Writer, write func(io.Writer) error) error {
	switch path {
	case "":
		return nil
	case "-":
		return write(stdout)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	if err := write(f); err != nil {
		_ = f.Close()
		return fmt.Errorf("write result: %w", err)
	}
	return f.Close()
}

// writeJSON writes an indented value.
func writeJSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false) // names have < in them
		return enc.Encode(v)
	}
}
