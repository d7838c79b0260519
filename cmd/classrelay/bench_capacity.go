package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/capacity"
	"github.com/classrelay/classrelay/bench/capacity/egress"
	"github.com/classrelay/classrelay/bench/scenario"
)

// benchCapacityFlags are the flags of bench capacity.
type benchCapacityFlags struct {
	cameras, branches, viewers string // lists of numbers
	most                       int
	duration                   time.Duration
	rate                       float64
	rules                      capacity.Rules
	egress                     bool // nothing but the first table
	ramp                       bool // nothing but the second
	modes                      []string
	sending                    egress.Config
	json                       string
	profile                    string

	ramps []capacity.Ramp
}

func newBenchCapacity(t terminal) *cobra.Command {
	var f benchCapacityFlags
	cmd := &cobra.Command{
		Use:   "capacity",
		Short: "How much one hub carries, and what it costs to send, in real time",
		Long: `First it measures what sending costs: Mbit/s per core over QUIC as the product sends it,
beside plain UDP with one packet a write, plain UDP with segmentation in the kernel (GSO),
QUIC with datagrams of 1200 bytes, and RTSP over TCP, in turns, in the same run.

Then it starts a hub in a process of its own and adds branches until a rule breaks. It
says which rule, and what was the limit: the load itself (generator), the hub, or the
kernel. The branches speak the product's protocol, repair and reports included, and throw
the packets away; one more is a whole node with viewers who check every frame.

--cameras, --branches and --viewers are lists: the branches are the steps of a ramp, and
there is a ramp for each number of cameras and viewers.`,
		Example: `  classrelay bench capacity
  classrelay bench capacity --egress --rounds 9
  classrelay bench capacity --ramp --cameras 1,4 --branches 1,10,50 --for 20s
  classrelay bench capacity --ramp --branches 50 --cpuprofile hub.pprof`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			return f.finish()
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runBenchCapacity(ctx, &f, t)
		}),
	}
	f.add(cmd)
	cmd.AddCommand(newCapacityPart(t))
	return cmd
}

func (f *benchCapacityFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.cameras, "cameras", "1", "`numbers` of cameras, as 1,4")
	flags.StringVar(&f.branches, "branches", "1,10,50,100", "`numbers` of branches, the steps of each ramp")
	flags.StringVar(&f.viewers, "viewers", "1", "`numbers` of viewers at one more branch; 0 = without it")
	flags.IntVar(&f.most, "max-branches", 200, "leave steps out that have more `branches`")
	flags.DurationVar(&f.duration, "for", 10*time.Second, "measure each step for this `time`")
	flags.Float64Var(&f.rate, "rate", 4, "main stream of a camera in `Mbit/s`")
	flags.DurationVar(&f.rules.P99, "p99", 300*time.Millisecond, "rule: 99 of 100 are there within this `time`")
	flags.Float64Var(&f.rules.Good, "good", 0.995, "rule: this `share` is there within 300 ms")
	flags.BoolVar(&f.egress, "egress", false, "only measure what sending costs")
	flags.BoolVar(&f.ramp, "ramp", false, "only ramp the hub")
	flags.StringSliceVar(&f.modes, "send", nil, "measure only these `ways` to send: udp,gso,quic,naive,rtsp")
	flags.IntVar(&f.sending.Rounds, "rounds", 5, "measure each way to send so `often`")
	flags.IntVar(&f.sending.Connections, "connections", 100, "send to so `many`")
	flags.DurationVar(&f.sending.For, "send-for", 2*time.Second, "measure each way to send for this `time`, each round")
	jsonFlag(cmd, &f.json)
	flags.StringVar(&f.profile, "cpuprofile", "",
		"write the hub's CPU profile to this `file`; with --egress that of the last round of quic")
	cmd.MarkFlagsMutuallyExclusive("egress", "ramp")
}

// finish checks the flags. Its errors are of usage.
func (f *benchCapacityFlags) finish() error {
	switch {
	case f.duration < time.Second:
		return errors.New("--for: it is below a second")
	case f.rate < 0.1 || f.rate > 1000:
		return errors.New("--rate: it is not within 0.1 and 1000 Mbit/s")
	case f.rules.P99 <= 0:
		return errors.New("--p99: it is not above 0")
	case f.rules.Good <= 0 || f.rules.Good > 1:
		return errors.New("--good: it is a share, above 0 and at most 1")
	case f.sending.Rounds < 1 || f.sending.Connections < 1:
		return errors.New("--rounds and --connections: they are at least 1")
	case f.sending.For < 100*time.Millisecond:
		return errors.New("--send-for: it is below 100 ms")
	}
	for _, name := range f.modes {
		m, err := egress.ParseMode(name)
		if err != nil {
			return fmt.Errorf("--send: %w", err)
		}
		f.sending.Modes = append(f.sending.Modes, m)
	}
	var lists [3][]int
	for i, l := range []struct{ name, text string }{
		{"cameras", f.cameras}, {"branches", f.branches}, {"viewers", f.viewers},
	} {
		var err error
		if lists[i], err = capacity.ParseCounts(l.text); err != nil {
			return fmt.Errorf("--%s: %w", l.name, err)
		}
	}
	var err error
	f.ramps, err = capacity.Ramps(lists[0], lists[1], lists[2], f.most)
	return err
}

func runBenchCapacity(ctx context.Context, f *benchCapacityFlags, t terminal) error {
	if err := writable(f.profile); err != nil {
		return fmt.Errorf("--cpuprofile: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program, to start it once more: %w", err)
	}
	report := capacity.Report{Environment: scenario.Here(programVersion(), t.commandLine())}
	screen := t.screen(f.json)
	if !f.ramp {
		if err := f.send(ctx, t, &report, program); err != nil {
			return err
		}
		if err := egress.WriteTable(screen, report.Egress); err != nil {
			return err
		}
	}
	if !f.egress && ctx.Err() == nil {
		if err := f.climb(ctx, t, &report, program); err != nil {
			return err
		}
		if err := capacity.WriteTable(screen, report.Steps); err != nil {
			return err
		}
	}
	report.Interrupted = ctx.Err() != nil
	if err := toFile(f.json, t.out, report.Write); err != nil {
		return err
	}
	return capacityVerdict(&report)
}

// capacityVerdict is the error of the command.
func capacityVerdict(r *capacity.Report) error {
	cannot, missed := r.Cannot(), r.Missed()
	switch {
	case r.Interrupted && missed == "":
		return errors.New("interrupted: not everything was run")
	case !r.Interrupted && cannot != "":
		return errors.New("not everything could be run: " + cannot)
	case missed != "":
		return failed(errors.New("a rule broke: " + missed))
	}
	return nil
}

// send measures what sending costs.
func (f *benchCapacityFlags) send(ctx context.Context, t terminal, r *capacity.Report, program string) error {
	dir, err := os.MkdirTemp("", "classrelay-egress-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cfg := f.sending
	cfg.Dir, cfg.Rate = dir, f.bits()
	if f.egress {
		cfg.Profile = f.profile
	}
	cfg.Program = func(ctx context.Context, args ...string) *exec.Cmd {
		return exec.CommandContext(ctx, program, append([]string{"bench", "capacity", "part"}, args...)...)
	}
	cfg.Done = func(turn egress.Turn) {
		_, _ = fmt.Fprintf(t.err, "round %d, %s: %s\n", turn.Round, turn.Mode.Title(), turn.Line())
	}
	r.EgressTurns, err = egress.Run(ctx, cfg)
	r.Egress = egress.Summarize(r.EgressTurns)
	return err
}

// climb plays the ramps.
func (f *benchCapacityFlags) climb(ctx context.Context, t terminal, r *capacity.Report, program string) (err error) {
	r.Steps, err = capacity.Run(ctx, capacity.Config{
		Ramps: f.ramps, For: f.duration, Rate: f.bits(), Rules: f.rules, Version: programVersion(),
		HubProfile: f.profile,
		Program: func(ctx context.Context, args ...string) *exec.Cmd {
			return exec.CommandContext(ctx, program, args...)
		},
		Done: func(s capacity.Result) { _, _ = fmt.Fprintln(t.err, s.Line()) },
	})
	return err
}

func (f *benchCapacityFlags) bits() int { return int(f.rate * 1e6) }
