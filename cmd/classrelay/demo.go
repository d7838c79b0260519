package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/viewer"
)

// demoFlags are the flags of the demo command.
type demoFlags struct {
	link     string
	duration time.Duration
	json     string // a file, "-" for standard output, empty for none
	rtsp     string
	seed     uint64
	verbose  bool
}

func newDemo(t terminal) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo [--link NAME] [--for TIME] [--json FILE]",
		Short: "Run the whole chain on this machine: camera, hub, bad line, branch, viewer",
		Long: `Runs a test camera with a real clip, a hub, an emulated line, a branch and a viewer in
this process, over real sockets on the loopback interface. It needs no root and nothing
prepared. The viewer checks every frame; a table shows what it sees, and the printed URL
can be opened in a player beside it.

The lines, with 100 Mbit/s where nothing else is said:
  clean    round trip 20 ms, no loss
  rural    round trip 60 ms, 1 % of the packets lost
  bursty   round trip 60 ms, 2 % lost in bursts of 5 on average
  fade     round trip 60 ms, 20 Mbit/s, from second 10 to 20 only 3 Mbit/s
  outage   round trip 60 ms, nothing at all from second 10 to 11

The exit status is 1 when no frame came through.`,
		Example: `  classrelay demo
  classrelay demo --link outage --for 30s
  classrelay demo --link clean --for 20s --json out.json`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if !slices.Contains(netem.Names(), f.link) {
				return fmt.Errorf("--link: there is no line %q (%s)", f.link, strings.Join(netem.Names(), ", "))
			}
			if f.duration < 0 {
				return errors.New("--for: it is below 0")
			}
			return nil
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runDemo(ctx, f, t)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.link, "link", "rural", "the emulated `line`: "+strings.Join(netem.Names(), ", "))
	flags.DurationVar(&f.duration, "for", 0, "stop this `time` after the first picture (default: at Ctrl-C)")
	jsonFlag(cmd, &f.json)
	flags.StringVar(&f.rtsp, "rtsp", "", "the branch's RTSP `address` (default 127.0.0.1:8554, or a free port)")
	flags.Uint64Var(&f.seed, "seed", 1, "the `number` all chance on the line comes from")
	flags.BoolVar(&f.verbose, "verbose", false, "show the logs of camera and nodes")
	_ = cmd.RegisterFlagCompletionFunc("link",
		cobra.FixedCompletions(netem.Names(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// firstPicture is how long the demo waits for one before it gives up.
const firstPicture = 15 * time.Second

func runDemo(ctx context.Context, f demoFlags, t terminal) error {
	screen := t.screen(f.json)
	dir, err := os.MkdirTemp("", "classrelay-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the operating system cleans up what is left
	cfg, err := demoChain(f, dir)
	if err != nil {
		return err
	}
	netem.Processors(len(cfg.Lines))
	c, err := chain.New(cfg, t.logger(f.verbose))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	running := c.Start(ctx, stop)
	watchDemo(ctx, c, f.duration, newTable(screen, f.link, c.URL))
	running.StopViewer()
	result := demoOutcome(c, f, cfg.Lines[0].Down.Delay)
	running.Stop()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	summarise(screen, result)
	if err := toFile(f.json, t.out, writeJSON(result)); err != nil {
		return err
	}
	if result.FramesGood == 0 {
		return failed(errors.New("no frame came through"))
	}
	return nil
}

// watchDemo shows a line a second until ctx ends, or for a time that begins with
// the first picture. A chain that shows none is given up.
func watchDemo(ctx context.Context, c *chain.Chain, duration time.Duration, table *table) {
	const every = time.Second
	tick := time.NewTicker(every)
	defer tick.Stop()
	var end <-chan time.Time
	giveUp := time.After(firstPicture)
	first := time.NewTicker(10 * time.Millisecond) // finds the first picture
	defer first.Stop()
	before := c.Lines[0].Stats()
	for {
		select {
		case <-ctx.Done():
			return
		case <-end:
			return
		case <-giveUp:
			return
		case <-first.C:
			if c.Viewer.Snapshot().Layer == "" {
				continue
			}
			first.Stop()
			giveUp = nil
			if duration > 0 {
				end = time.After(duration)
			}
		case <-tick.C:
			after := c.Lines[0].Stats()
			line := lineFigures(before.Down, after.Down, every)
			line.look(c)
			table.show(c.Viewer.Snapshot(), line)
			before = after
		}
	}
}

// demoResult is what --json writes. Fields are added, never renamed.
type demoResult struct {
	Schema  int    `json:"schema"`
	Version string `json:"version"`
	Link    string `json:"link"`
	viewer.Report
	Line lineResult `json:"line"`
}

// lineResult is what the emulated line did on the way to the branch.
type lineResult struct {
	OneWayMs  float64 `json:"one_way_ms"`
	LossRatio float64 `json:"loss_ratio"` // of the packets offered, queue and outages included
	RateMbit  float64 `json:"rate_mbit_s"`
	// LateMs is the emulator's own error, and Overrun what it lost itself: 0, or
	// the run is worth nothing.
	LateMs  lateness `json:"emulator_late_ms"`
	Overrun uint64   `json:"emulator_overrun"`
}

type lateness struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// isTerminal tells whether a table can be redrawn in place.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
