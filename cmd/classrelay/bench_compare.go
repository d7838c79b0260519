package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/compare"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchCompareFlags are the flags of bench compare.
type benchCompareFlags struct {
	peers    []string
	list     bool
	seeds    int
	once     bool
	duration time.Duration
	json     string
	name     string
	verbose  bool

	scenarios []*scenario.Scenario
	found     []*compare.Peer
}

func newBenchCompare(t terminal) *cobra.Command {
	var f benchCompareFlags
	cmd := &cobra.Command{
		Use:   "compare --peer NAME|FILE|all [SCENARIO…]",
		Short: "Measure other relays on the same line, beside classrelay",
		Long: `Measures classrelay and other ways to carry a camera to a school: the same source, the
same emulated line, the same seed, the same viewer, in one table with their versions.

A peer is a program that you have installed, and a small YAML that says how to start it;
--list shows those that are shipped. A name that ends in .yaml is a file of yours.
classrelay is always measured too, as two processes like the others. With "all" every
shipped peer is measured whose programs are here.

The line is a router between two network namespaces, so it needs root and Linux. The
scenarios are those of bench run with one line; without a name these:
  ` + strings.Join(usualScenarios(), ", ") + `

The exit status is 0 when everything was measured, 2 when something could not be run, as
when a peer is not installed. Nobody is judged here: rules are for bench run.`,
		Example: `  classrelay bench compare --list
  sudo classrelay bench compare --peer mediamtx-rtsp-tcp --peer mediamtx-srt --seeds 3
  sudo classrelay bench compare --peer all bursty-5 fade --json compare.json
  sudo classrelay bench compare --peer our-relay.yaml random-1 --for 20s --verbose`,
		Args: cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) error {
			return f.finish(args)
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			if f.list {
				return listPeers(t.out)
			}
			return runCompare(ctx, &f, t)
		}),
		ValidArgsFunction: completeScenarios,
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.peers, "peer", nil, "a `peer` beside classrelay: a name, a file, or all (may be repeated)")
	flags.BoolVar(&f.list, "list", false, "list the shipped peers, and which are installed")
	flags.IntVar(&f.seeds, "seeds", 1, "play each scenario with so many `seeds`")
	flags.BoolVar(&f.once, "once", false, "do not repeat a run whose emulated line was late")
	flags.DurationVar(&f.duration, "for", 0, "run each for this `time` after the first picture (default: the scenario's)")
	jsonFlag(cmd, &f.json)
	flags.StringVar(&f.name, "name", "compare", "call the namespaces `NAME`-near and NAME-far, for two at a time")
	flags.BoolVar(&f.verbose, "verbose", false, "show what the programs write")
	_ = cmd.RegisterFlagCompletionFunc("peer", completePeers) // fails for a flag that is not there only
	return cmd
}

// usualScenarios are a good line and each kind of bad one.
func usualScenarios() []string {
	return []string{"clean", "random-1", "random-3", "bursty-2", "bursty-5", "fade", "outage"}
}

// finish finds peers and scenarios. Its errors are of usage.
func (f *benchCompareFlags) finish(args []string) (err error) {
	switch {
	case f.list:
		return nil
	case f.seeds < 1:
		return errors.New("--seeds: it is below 1")
	case f.duration < 0 || f.duration > 0 && f.duration < time.Second:
		return errors.New("--for: it is below a second")
	case len(f.peers) == 0:
		return errors.New("--peer: whom to compare with? Name one, or all; --list shows them")
	}
	if err := netem.CheckName(f.name); err != nil {
		return fmt.Errorf("--name: %w", err)
	}
	if f.found, err = compare.Find(f.peers); err != nil {
		return fmt.Errorf("--peer: %w", err)
	}
	if len(args) == 0 {
		args = usualScenarios()
	}
	if f.scenarios, err = scenario.Find(args); err != nil {
		return err
	}
	if f.duration > 0 {
		for _, s := range f.scenarios {
			s.For = f.duration
		}
	}
	return compare.CheckScenarios(f.scenarios)
}

func completePeers(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, err := compare.Shipped()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := []string{compare.All + "\tevery one that is installed"}
	for _, p := range all {
		names = append(names, p.Name+"\t"+p.Title)
	}
	return names, cobra.ShellCompDirectiveDefault // files, too
}

func listPeers(w io.Writer) error {
	all, err := compare.Shipped()
	if err != nil {
		return err
	}
	for _, p := range all {
		here := ""
		if err := p.Missing(); err != nil {
			here = "  [not installed]"
		}
		if _, err := fmt.Fprintf(w, "%-22s %s%s\n", p.Name, p.Title, here); err != nil {
			return err
		}
	}
	return nil
}

func runCompare(ctx context.Context, f *benchCompareFlags, t terminal) error {
	env := scenario.Here(programVersion(), t.commandLine())
	p := &compareProgress{w: t.err}
	b := compare.Bench{
		Scenarios: f.scenarios, Peers: f.found, Seeds: f.seeds, Once: f.once, Name: f.name,
		Version: programVersion(), Progress: p.second, Done: p.done,
	}
	if err := b.Check(); err != nil {
		return err
	}
	f.sayWhoIsMissing(t.err)
	if f.verbose {
		b.Log, b.Output = newLogger("console", zap.InfoLevel, t.err), t.err
	}
	result, err := b.Run(ctx)
	if err != nil {
		return err
	}
	if err := result.WriteTable(t.screen(f.json)); err != nil {
		return err
	}
	err = toFile(f.json, t.out, func(w io.Writer) error {
		return result.WriteJSON(w, env, ctx.Err() != nil)
	})
	if err != nil {
		return err
	}
	return result.Complete()
}

// sayWhoIsMissing tells what "all" has left out, and how to get it.
func (f *benchCompareFlags) sayWhoIsMissing(w io.Writer) {
	if !slices.Contains(f.peers, compare.All) {
		return
	}
	all, err := compare.Shipped()
	if err != nil {
		return
	}
	for _, p := range all {
		if err := p.Missing(); err != nil {
			_, _ = fmt.Fprintln(w, "left out:", err)
		}
	}
}

// compareProgress writes a line a second.
type compareProgress struct{ w io.Writer }

func (p *compareProgress) second(s compare.Second) {
	_, _ = fmt.Fprintf(p.w, "%s seed %d %s %s\n", s.Scenario, s.Seed, s.Peer,
		plainLine(s.At, s.View, figures{loss: s.Lost, rate: s.Rate}))
}

func (p *compareProgress) done(r *compare.Run) {
	word := "done"
	switch {
	case r.Failed != "":
		word = "could not be run: " + r.Failed
	case r.Interrupted:
		word = "interrupted"
	case r.Late:
		word = "the emulated line was late"
	}
	_, _ = fmt.Fprintf(p.w, "%s seed %d %s %s\n", r.Scenario, r.Seed, r.Peer, word)
}
