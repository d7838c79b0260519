package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchRunFlags are the flags of bench run.
type benchRunFlags struct {
	all, list bool
	seeds     int
	atOnce    int
	duration  time.Duration
	out       benchOutputs
	verbose   bool
	decode    bool

	scenarios []*scenario.Scenario
}

func newBenchRun(t terminal) *cobra.Command {
	var f benchRunFlags
	cmd := &cobra.Command{
		Use:   "run NAME… | --all | --list",
		Short: "Run scenarios over real sockets and emulated lines, and judge them",
		Long: `Runs a synthetic camera, a hub, an emulated line, a branch and a viewer in this process,
over real sockets and in real time, for each scenario and each seed. The viewer checks
every frame. A scenario's rules are judged by the worst seed; the median stands beside it.

A NAME is that of a shipped scenario (see --list), or a file that ends in .yaml.

The emulator's own lateness is measured. A run in which it was above 2 ms at p99, or in
which the emulator lost packets itself, is repeated once, alone. Ctrl-C ends the bench
and prints the report so far.

What a rule can be about:
` + strings.TrimRight(scenario.FigureHelp(), "\n"),
		Example: `  classrelay bench run --list
  classrelay bench run bursty-2 fade --seeds 5
  classrelay bench run --all --json result.json --html report.html
  classrelay bench run --all --junit bench.xml --csv bench.csv
  classrelay bench run fade --json-stream
  classrelay bench run our-line.yaml --for 5m`,
		Args: cobra.ArbitraryArgs,
		PreRunE: func(_ *cobra.Command, args []string) error {
			if err := f.finish(args); err != nil {
				return err
			}
			return f.checkDecode()
		},
		RunE: interruptible(func(ctx context.Context) error {
			if f.list {
				return listScenarios(t.out, f.scenarios)
			}
			return runBench(ctx, &f, t)
		}),
		ValidArgsFunction: completeScenarios,
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.all, "all", false, "run every shipped scenario")
	flags.BoolVar(&f.list, "list", false, "list the scenarios and their rules")
	flags.IntVar(&f.seeds, "seeds", 5, "play each scenario with so many `seeds`")
	flags.IntVar(&f.atOnce, "at-once", 1, "so many `runs` at a time, as long as the emulator is not late")
	flags.DurationVar(&f.duration, "for", 0, "run each for this `time` after the first picture (default: the scenario's)")
	jsonFlag(cmd, &f.out.json)
	flags.BoolVar(&f.out.stream, "json-stream", false, "write JSON to standard output, a line a second and per run")
	f.out.add(cmd)
	flags.BoolVar(&f.decode, "decode", false, decodeHelp)
	flags.BoolVar(&f.verbose, "verbose", false, "show the logs of camera and nodes")
	return cmd
}

// finish finds the scenarios. Its errors are of usage.
func (f *benchRunFlags) finish(args []string) (err error) {
	if err := f.out.check(); err != nil {
		return err
	}
	switch {
	case f.seeds < 1 || f.atOnce < 1:
		return errors.New("--seeds and --at-once: they are at least 1")
	case f.duration < 0 || f.duration > 0 && f.duration < time.Second:
		return errors.New("--for: it is below a second")
	case f.all && len(args) > 0:
		return errors.New("--all and names exclude each other")
	case f.all || f.list && len(args) == 0:
		f.scenarios, err = scenario.Shipped()
	case len(args) == 0:
		return errors.New("which scenario? Name one, or --all; --list shows them")
	default:
		f.scenarios, err = scenario.Find(args)
	}
	if f.duration > 0 {
		for _, s := range f.scenarios {
			s.For = f.duration
		}
	}
	return err
}

// linesAtOnce is how many emulated lines there may be at the same time.
func (f *benchRunFlags) linesAtOnce() int {
	most := 0
	for _, s := range f.scenarios {
		most = max(most, len(s.Lines))
	}
	return most * f.atOnce
}

func completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, err := scenario.Shipped()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name+"\t"+s.Title)
	}
	return names, cobra.ShellCompDirectiveDefault // files, too
}

func listScenarios(w io.Writer, all []*scenario.Scenario) error {
	for _, s := range all {
		if _, err := fmt.Fprintf(w, "%-20s %s\n", s.Name, s.Title); err != nil {
			return err
		}
		for _, r := range s.Rules {
			if _, err := fmt.Fprintf(w, "%-20s   %s\n", "", r); err != nil {
				return err
			}
		}
	}
	return nil
}

func runBench(ctx context.Context, f *benchRunFlags, t terminal) error {
	if err := f.out.try(); err != nil {
		return err
	}
	films, done, err := f.openFilms(ctx)
	if err != nil {
		return err
	}
	defer done()
	env := scenario.Here(programVersion(), t.commandLine())
	p := newBenchProgress(f, t)
	b := scenario.Bench{
		Scenarios: f.scenarios, Seeds: f.seeds, AtOnce: f.atOnce, Version: programVersion(), Films: films,
		Progress: p.second, Done: p.done, Log: t.logger(f.verbose),
	}

	p.start(&env)
	netem.Processors(f.linesAtOnce())
	results := b.Run(ctx)
	rep := scenario.NewReport(env, results, ctx.Err() != nil)
	streamed := p.end(rep)
	screen := t.out
	if f.out.onStdout() {
		screen = t.err
	}
	err = scenario.WriteTable(screen, results)
	if films != nil {
		err = errors.Join(err, scenario.WriteDecoded(screen, films, results))
	}
	err = errors.Join(err, f.out.write(t.out, rep), streamed)
	if err != nil {
		return err
	}
	switch scenario.Overall(results) {
	case scenario.Missed:
		return failed(errors.New("a rule was missed: " + scenario.FirstMissed(results)))
	case scenario.Incomplete:
		return errors.New("not everything could be run")
	case scenario.Pass:
	}
	return nil
}
