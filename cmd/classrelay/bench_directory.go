package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/listing"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchDirectoryFlags are the flags of bench directory.
type benchDirectoryFlags struct {
	cfg   listing.Config
	rules listing.Rules
	json  string
}

func newBenchDirectory(t terminal) *cobra.Command {
	f := benchDirectoryFlags{rules: listing.Defaults()}
	cmd := &cobra.Command{
		Use:   "directory",
		Short: "The directory of a county: many schools at one hub, in real time",
		Long: `Starts a hub in a process of its own, a second hub machine and a city in this one, and
lets many schools dial the hub within a second, as after a power cut: a QUIC connection each, on
loopback, with certificates and all that a school says while nobody watches. The hub turns
some away, and they come again. It measures how long it takes until all feeds
are known at the second hub and at the city, what the hub takes of memory and CPU then, and
how long one new feed and one question where a feed is take.`,
		Example: `  classrelay bench directory
  classrelay bench directory --schools 500 --streams 4 --json -`,
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return f.finish() },
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runBenchDirectory(ctx, &f, t)
		}),
	}
	flags := cmd.Flags()
	flags.IntVar(&f.cfg.Schools, "schools", 500, "so many `schools`")
	flags.IntVar(&f.cfg.Streams, "streams", 4, "so many `feeds` at each")
	flags.DurationVar(&f.cfg.For, "for", 20*time.Second, "watch the hub at rest for this `time`")
	flags.IntVar(&f.cfg.News, "news", 40, "so many new `feeds`, one after the other")
	flags.Float64Var(&f.rules.Listed, "listed", f.rules.Listed, "rule: all is listed above within so many `ms`")
	flags.Float64Var(&f.rules.Memory, "memory", f.rules.Memory, "rule: the hub takes so many `MB`")
	flags.Float64Var(&f.rules.CPU, "cpu", f.rules.CPU, "rule: the hub at rest takes so many `per cent` of a core")
	flags.Float64Var(&f.rules.New, "new", f.rules.New, "rule: 95 of 100 new feeds are known above within so many `ms`")
	jsonFlag(cmd, &f.json)
	return cmd
}

// finish checks the flags. Its errors are of usage.
func (f *benchDirectoryFlags) finish() error {
	switch {
	case f.cfg.Schools < 1 || f.cfg.Schools > 2000:
		return errors.New("--schools: it is not within 1 and 2000")
	case f.cfg.Streams < 1 || f.cfg.Streams > 100:
		return errors.New("--streams: it is not within 1 and 100")
	case f.cfg.For < time.Second:
		return errors.New("--for: it is below a second")
	case f.cfg.News < 1:
		return errors.New("--news: it is below 1")
	}
	return nil
}

func runBenchDirectory(ctx context.Context, f *benchDirectoryFlags, t terminal) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program, to start it once more: %w", err)
	}
	rep := benchReport[directoryRow]{
		Schema: scenario.Schema, Bench: "directory", Environment: scenario.Here(programVersion(), t.commandLine()),
	}
	f.cfg.Program = func(ctx context.Context, args ...string) *exec.Cmd {
		return exec.CommandContext(ctx, program, args...)
	}
	f.cfg.Progress = func(what string) { _, _ = fmt.Fprintln(t.err, what) }
	r, err := listing.Run(ctx, f.cfg)
	if err != nil {
		return err
	}
	row := directoryRow{Result: r, Missed: append([]string{}, f.rules.Missed(&r)...)}
	rep.Rows = append(rep.Rows, row)
	rep.judge(len(row.Missed) == 0, true)
	screen := t.screen(f.json)
	if err := r.Print(screen); err != nil {
		return err
	}
	for _, m := range row.Missed {
		_, _ = fmt.Fprintln(screen, "missed: "+m)
	}
	if err := toFile(f.json, t.out, writeJSON(rep)); err != nil {
		return err
	}
	return rep.exit(strings.Join(row.Missed, "; "))
}

// directoryRow is the run in the JSON.
type directoryRow struct {
	listing.Result
	Missed []string `json:"missed"`
}
