package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/forecast"
	"github.com/classrelay/classrelay/relay"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/probe"
)

// usualPort is where nodes listen unless something else is said.
const usualPort = "4433"

// probeFlags are the flags of probe.
type probeFlags struct {
	address   string
	identity  string
	node      string
	maxRate   string
	direction string
	json      string
	cfg       probe.Config
}

func newProbe(t terminal) *cobra.Command {
	var f probeFlags
	cmd := &cobra.Command{
		Use:   "probe HOST[:PORT] --identity DIR",
		Short: "Measure the line to a node before a lesson, and say how many rooms it will carry",
		Long: `Dials a node that runs, as a lower node does, and measures the line both ways with the
traffic of a class: nothing is set up at the other end. It says what a lesson will be
like on this line, from the product's own repair on the loss that was measured.

Nothing shows how a round trip divides into its two ways. The one-way delays are
therefore half of it, give or take all of that, unless --clock-error says how well the
clocks of the two ends agree. What a direction adds to its fastest packet is exact.

A node refuses while a lesson runs (--force measures all the same), while another probe
runs, and where its configuration says links.probe: off. The exit status is 0 when the
rooms asked for will hold, 1 when not, 2 when it could not be found out, 3 for bad
arguments.`,
		Example: `  classrelay probe county.example --identity pki/school
  classrelay probe 10.77.0.1:4433 --identity pki/school --rooms 6 --direction down --json line.json`,
		Args: cobra.ExactArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) error {
			return f.check(args[0])
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runProbe(ctx, &f, t)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.identity, "identity", "", "the `folder` of the node at this end, made by classrelay ca issue")
	flags.StringVar(&f.node, "node", "", "the `name` that the node at HOST must have")
	flags.IntVar(&f.cfg.Rooms, "rooms", 1, "the `number` of rooms, main and sub, that shall hold")
	flags.StringVar(&f.direction, "direction", "both", "which `way` the rooms go: down (from the node), up or both")
	flags.DurationVar(&f.cfg.For, "for", 15*time.Second, "measure for so `long`")
	flags.StringVar(&f.maxRate, "max-rate", "30Mbit/s", "send at most this `rate`")
	flags.DurationVar(&f.cfg.ClockError, "clock-error", 0, "the clocks of the two ends agree within this `time`")
	flags.BoolVar(&f.cfg.Force, "force", false, "measure although a lesson runs")
	jsonFlag(cmd, &f.json)
	return cmd
}

// check reads the arguments.
func (f *probeFlags) check(host string) (err error) {
	f.address = host
	if _, _, err := net.SplitHostPort(host); err != nil {
		f.address = net.JoinHostPort(strings.Trim(host, "[]"), usualPort)
	}
	if name, port, err := net.SplitHostPort(f.address); err != nil || name == "" || port == "" {
		return fmt.Errorf("%q is not HOST or HOST:PORT", host)
	}
	if f.identity == "" {
		return errors.New("--identity: it is missing; it is the folder that `classrelay ca issue` made " +
			"for the node at this end")
	}
	if f.cfg.Rooms < 1 {
		return fmt.Errorf("--rooms: %d is not between 1 and %d", f.cfg.Rooms, probe.MaxRooms)
	}
	var rate config.Rate
	if err := rate.UnmarshalText([]byte(f.maxRate)); err != nil {
		return fmt.Errorf("--max-rate: %w", err)
	}
	f.cfg.MaxRate = int64(rate)
	if f.cfg.Direction, err = probe.ParseDirection(f.direction); err != nil {
		return fmt.Errorf("--direction: %w", err)
	}
	if f.cfg.For <= 0 {
		return fmt.Errorf("--for: %s is not between %s and %s", f.cfg.For, probe.MinFor, probe.MaxFor)
	}
	return f.cfg.Check()
}

func runProbe(ctx context.Context, f *probeFlags, t terminal) error {
	id, err := identity.Load(f.identity)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(t.err, "probing %s for %s as %s\n", f.address, f.cfg.For, id.Name())
	p := &relay.Prober{
		Identity: id, Address: f.address, Node: f.node, Config: f.cfg, Version: programVersion(),
		Watch: func(i probe.Interval) { _, _ = fmt.Fprintln(t.err, intervalLine(&i)) },
	}
	r, err := p.Run(ctx, zap.NewNop())
	switch {
	case r == nil && errors.Is(err, context.Canceled):
		return errors.New("interrupted before anything was measured")
	case r == nil:
		return err
	}
	rep := probeReport{result: r, flags: f, fault: err}
	if err := rep.judge(); err != nil {
		return err
	}
	if err := rep.write(t.screen(f.json)); err != nil {
		return err
	}
	if err := toFile(f.json, t.out, writeJSON(newProbeJSON(&rep, t))); err != nil {
		return err
	}
	return rep.exit()
}

// probeReport is a result and what to expect of a lesson.
type probeReport struct {
	result   *probe.Result
	flags    *probeFlags
	fault    error              // that ended it early
	outlooks []forecast.Outlook // of the rooms asked for, by direction
	most     []forecast.Outlook // of the largest number that held, where that is another
	decided  bool
	holds    bool
}

// ways are the directions that were asked for.
func (r *probeReport) ways() []probe.Direction {
	if d := r.flags.cfg.Direction; d != probe.Both {
		return []probe.Direction{d}
	}
	return []probe.Direction{probe.Down, probe.Up}
}

func (r *probeReport) way(d probe.Direction) *probe.Way {
	if d == probe.Up {
		return &r.result.Up
	}
	return &r.result.Down
}

// judge works out the outlooks. Where fewer rooms than asked for did not hold,
// as many will not either.
func (r *probeReport) judge() error {
	r.decided, r.holds = true, true
	for _, d := range r.ways() {
		w := r.way(d)
		asked, err := forecast.Of(r.result, d, r.flags.cfg.Rooms)
		if err != nil {
			return err
		}
		r.outlooks = append(r.outlooks, asked)
		_, tried := w.StepFor(asked.Rooms)
		broke := len(w.Steps) > 0 && !w.Steps[len(w.Steps)-1].Holds
		r.decided = r.decided && (tried || broke)
		r.holds = r.holds && asked.Holds
		if n := w.Holds(); n > 0 && n != asked.Rooms {
			most, err := forecast.Of(r.result, d, n)
			if err != nil {
				return err
			}
			r.most = append(r.most, most)
		}
	}
	return nil
}

// exit is the error of the command.
func (r *probeReport) exit() error {
	switch {
	case r.decided && !r.holds:
		return failed(fmt.Errorf("--rooms %d will not hold on this line", r.flags.cfg.Rooms))
	case r.decided:
		return nil
	case r.fault != nil:
		return r.fault
	case r.result.Ended != "":
		return errors.New(r.result.Ended)
	case r.result.Interrupted:
		return errors.New("interrupted: the rooms asked for were not tried")
	}
	return errors.New("the rooms asked for were not tried: the node allows less than --max-rate")
}

// intervalLine is what is known after another second.
func intervalLine(i *probe.Interval) string {
	var b strings.Builder
	what := "at rest"
	if i.Rooms > 0 {
		what = fmt.Sprintf("rooms %d %s", i.Rooms, i.Way)
	}
	fmt.Fprintf(&b, "%5.1f s  %-14s round trip %5.1f ms", i.Since.Seconds(), what, millis(i.RTT))
	pulse := func(name string, p probe.Pulse) {
		fmt.Fprintf(&b, "   %s %5d packets, %4.1f %% lost, queue %2.0f ms", name, p.Packets, 100*p.Loss, millis(p.Queue))
	}
	if i.Way != probe.Up {
		pulse("down", i.Down)
	}
	if i.Way != probe.Down {
		pulse("up", i.Up)
	}
	switch {
	case i.Stopped != "":
		fmt.Fprintf(&b, "   stopped: %s", i.Stopped)
	case i.Held && i.Rooms > 0:
		b.WriteString("   holds")
	}
	return b.String()
}
