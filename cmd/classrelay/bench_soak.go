package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/soak"
	"github.com/classrelay/classrelay/bench/soak/virtual"
)

// benchSoakFlags are the flags of bench soak.
type benchSoakFlags struct {
	hours    float64
	duration time.Duration
	window   time.Duration
	virtual  bool
	scenario string
	seed     uint64
	rules    []string
	json     string
	verbose  bool

	play  *scenario.Scenario
	judge []soak.Rule
}

func newBenchSoak(t terminal) *cobra.Command {
	var f benchSoakFlags
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Run for hours and judge by slopes whether anything grows",
		Long: `Runs camera, hub, emulated line, branch and viewers for hours, over real sockets or
(--virtual) in virtual time, and judges slopes: of latency, of memory, of the number of
goroutines and of open descriptors. The first third, at most half an hour, is warm-up.

A slope comes with a 95 % interval. A rule about it is met when the whole interval keeps
it, missed when none of it does, and else "too short to tell", as always below ten
minutes beside the warm-up: then the exit status is 2. --rule, once for each, takes the
place of the list, for short runs.

Real time plays rural-day, or the --scenario given, with viewers who come, go and vanish
and a camera that is set wrong, loses its clients and starts anew. Virtual time plays the
cores of hub and branch without sockets, where eight hours take about a minute, with
losses, fades, outages, moves to another path, new links, viewers of several rooms,
numbers that wrap, and wall clocks that are set. Ctrl-C ends it and prints the report.

What a rule can be about:
` + strings.TrimRight(soak.FigureHelp(), "\n"),
		Example: `  classrelay bench soak --hours 8 --json soak.json
  classrelay bench soak --hours 8 --virtual
  classrelay bench soak --for 90s --rule "good_in_300ms >= 97%" --rule "goroutines_left == 0"`,
		Args: cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			return f.finish(cmd.Flags().Changed("hours"), cmd.Flags().Changed("for"))
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runBenchSoak(ctx, &f, t)
		}),
	}
	flags := cmd.Flags()
	flags.Float64Var(&f.hours, "hours", 8, "run for so many `hours`")
	flags.DurationVar(&f.duration, "for", 0, "run for this `time` instead of --hours")
	flags.DurationVar(&f.window, "window", 0, "measure every `time` (default: 10s, virtual 1m)")
	flags.BoolVar(&f.virtual, "virtual", false, "let the time pass virtually")
	flags.StringVar(&f.scenario, "scenario", "", "play this shipped scenario, or .yaml `file` (default: rural-day)")
	flags.Uint64Var(&f.seed, "seed", 1, "where all chance comes from")
	flags.StringArrayVar(&f.rules, "rule", nil, "judge by this `rule` instead of the list; may be given again")
	jsonFlag(cmd, &f.json)
	flags.BoolVar(&f.verbose, "verbose", false, "show the logs of camera and nodes")
	_ = cmd.RegisterFlagCompletionFunc("scenario", completeScenarios) // fails for a flag that is not there only
	return cmd
}

// finish reads the scenario and the rules. Its errors are of usage.
func (f *benchSoakFlags) finish(hoursGiven, forGiven bool) (err error) {
	const most = 7 * 24 // a week: what the viewer can number
	switch {
	case forGiven && hoursGiven:
		return errors.New("--for and --hours exclude each other")
	case !forGiven && !(f.hours > 0 && f.hours <= most):
		return fmt.Errorf("--hours: it is not above 0 and at most %d", most)
	case !forGiven:
		f.duration = time.Duration(f.hours * float64(time.Hour))
	}
	switch {
	case f.duration < time.Second:
		return errors.New("--for: it is below a second")
	case f.window < 0 || f.window > 0 && f.window < time.Second:
		return errors.New("--window: it is below a second")
	case f.virtual && f.scenario != "":
		return errors.New("--scenario: the virtual line has a day of its own; leave it out with --virtual")
	}
	if f.judge, err = soak.ParseRules(f.rules); err != nil {
		return fmt.Errorf("--rule: %w", err)
	}
	return f.findScenario()
}

func (f *benchSoakFlags) findScenario() (err error) {
	if f.scenario == "" {
		f.play, err = soak.RuralDay()
		return err
	}
	found, err := scenario.Find([]string{f.scenario})
	if err != nil {
		return err
	}
	f.play = found[0]
	return nil
}

func runBenchSoak(ctx context.Context, f *benchSoakFlags, t terminal) error {
	rep := soak.Report{
		Environment: scenario.Here(programVersion(), t.commandLine()),
		Virtual:     f.virtual, Scenario: f.play.Name, Seed: f.seed, Asked: f.duration,
	}
	rules := f.judge
	var err error
	if f.virtual {
		rep.Scenario = "virtual day"
		rep.Log, err = virtual.Run(ctx, virtual.Config{For: f.duration, Window: f.window, Seed: f.seed}, lines(t.err))
		if len(rules) == 0 {
			rules = soak.VirtualRules()
		}
	} else {
		rep.Log, err = soak.Play(ctx, f.config(), lines(t.err), t.logger(f.verbose))
		if len(rules) == 0 {
			rules = soak.RealRules()
		}
	}
	if err != nil {
		return err
	}
	rep.Judged = rep.Log.Judge(rules)
	if err := rep.WriteTable(t.screen(f.json)); err != nil {
		return err
	}
	if err := toFile(f.json, t.out, rep.WriteJSON); err != nil {
		return err
	}
	return soakVerdict(&rep)
}

func (f *benchSoakFlags) config() soak.Config {
	return soak.Config{
		Scenario: f.play, For: f.duration, Window: f.window, Seed: f.seed, Version: programVersion(),
	}
}

// lines writes a line for each window.
func lines(w io.Writer) func(soak.Window) {
	return func(win soak.Window) { _, _ = fmt.Fprintln(w, win.Line()) }
}

// soakVerdict is the error of the command.
func soakVerdict(r *soak.Report) error {
	switch r.Verdict() {
	case scenario.Missed:
		return failed(errors.New("a rule was missed: " + r.FirstMissed()))
	case scenario.Incomplete:
		switch first := r.FirstUnclear(); {
		case len(r.Log.Windows) == 0:
			return errors.New("no picture came, so there is nothing to judge: --verbose shows why")
		case first != "":
			return errors.New("too short to tell: " + first)
		}
		return errors.New("interrupted: not everything was run")
	case scenario.Pass:
	}
	return nil
}
