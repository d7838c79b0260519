package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/viewer"
)

// benchViewFlags are the flags of bench view.
type benchViewFlags struct {
	url      string
	udp      bool
	duration time.Duration
	deadline time.Duration
	json     string
	verbose  bool
}

func newBenchView(t terminal) *cobra.Command {
	var f benchViewFlags
	cmd := &cobra.Command{
		Use:   "view URL",
		Short: "Watch a stream of the test camera and check every frame",
		Long: `Watches an RTSP stream that began in the camera of this program (classrelay camera),
through any relay that does not transcode, and checks the stamp in every frame: which one
it is, whether it is whole, and how old. Nothing else can be told of streams without
stamps: then no good frame comes.

Latency is the difference of two clocks: on another machine than the camera's it is worth
as much as their agreement.

It runs until --for is over or Ctrl-C. The exit status is 1 when no good frame came.`,
		Example: `  classrelay camera --listen :8654 --synthetic h264 &
  classrelay bench view rtsp://127.0.0.1:8654/main --for 30s
  classrelay bench view rtsp://127.0.0.1:8554/room-101 --for 30s --json -`,
		Args: cobra.ExactArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) error {
			return f.check(args[0])
		},
		RunE: measure(&f.json, func(ctx context.Context) error {
			return runView(ctx, &f, t)
		}),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.udp, "udp", false, "ask for RTP over UDP (default: within the RTSP connection)")
	flags.DurationVar(&f.duration, "for", 0, "watch for this `time` (default: until Ctrl-C)")
	flags.DurationVar(&f.deadline, "deadline", 300*time.Millisecond, "a frame is in time up to this `age`")
	jsonFlag(cmd, &f.json)
	flags.BoolVar(&f.verbose, "verbose", false, "show why there is no connection")
	return cmd
}

// check reads the arguments.
func (f *benchViewFlags) check(address string) error {
	f.url = address
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "rtsp" && u.Scheme != "rtsps" || u.Host == "":
		return fmt.Errorf("%q is not rtsp://HOST:PORT/PATH", address)
	case f.duration < 0:
		return errors.New("--for: it is below 0")
	case f.deadline <= 0:
		return errors.New("--deadline: it is not above 0")
	}
	return nil
}

// viewReport is the JSON of bench view.
type viewReport struct {
	Schema      int                  `json:"schema"`
	Bench       string               `json:"bench"`
	Environment scenario.Environment `json:"environment"`
	DeadlineMs  float64              `json:"deadline_ms"`
	Viewer      viewer.Report        `json:"viewer"`
}

func runView(ctx context.Context, f *benchViewFlags, t terminal) error {
	env := scenario.Here(programVersion(), withoutPasswords(t.commandLine()))
	const retry = time.Second
	v, err := viewer.New(viewer.Config{
		URL: f.url, UDP: f.udp, Retry: retry, Tally: viewer.TallyConfig{Limit: f.deadline},
	}, t.logger(f.verbose))
	if err != nil {
		return err
	}
	ctx, stop := within(ctx, f.duration)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }() // ends with ctx; the loop below waits for it
	showView(ctx, v, t.err)
	if err := <-ended; err != nil {
		return err
	}
	return reportView(f, v.Report(0), env, t)
}

// withoutPasswords leaves the passwords of URLs out of a command line that is kept.
func withoutPasswords(args []string) []string {
	clean := slices.Clone(args)
	for i, arg := range clean {
		if u, err := url.Parse(arg); err == nil && u.User != nil {
			clean[i] = u.Redacted()
		}
	}
	return clean
}

// showView writes a line a second until ctx ends.
func showView(ctx context.Context, v *viewer.Viewer, w io.Writer) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for began := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			_, _ = fmt.Fprintln(w, viewLine(now.Sub(began), v.Snapshot()))
		}
	}
}

// viewLine is plainLine for a viewer that knows no line.
func viewLine(elapsed time.Duration, s viewer.Snapshot) string {
	if s.Layer == "" {
		return fmt.Sprintf("%4.0fs  no picture yet", elapsed.Seconds())
	}
	return fmt.Sprintf("%4.0fs  frames %d/s  on time %s  p50 %.0f  p95 %.0f  p99 %.0f ms  %s  broken %d",
		elapsed.Seconds(), s.Good, percent(s.Whole.GoodIn300msRatio),
		s.Latency.P50, s.Latency.P95, s.Latency.P99, s.Layer, s.Whole.Broken+s.Whole.Undecodable)
}

func reportView(f *benchViewFlags, r viewer.Report, env scenario.Environment, t terminal) error {
	screen := t.screen(f.json)
	if r.FramesGood == 0 {
		screen = io.Discard // zeros would look like figures
	}
	_, err := fmt.Fprintf(screen, "frames %d of %d good, %s of them within %s; p50 %.0f  p95 %.0f  p99 %.0f  "+
		"max %.0f ms\nstalls %d, the longest %.0f ms; broken frames %d; longest gap in the sound %.0f ms\n",
		r.FramesGood, r.FramesExpected, percent(r.GoodIn300msRatio), f.deadline,
		r.Latency.P50, r.Latency.P95, r.Latency.P99, r.Latency.Max,
		r.Stalls, r.LongestStallMs, r.Broken+r.Undecodable, r.AudioGapMaxMs)
	if err != nil {
		return err
	}
	err = toFile(f.json, t.out, writeJSON(viewReport{
		Schema: scenario.Schema, Bench: "view", Environment: env,
		DeadlineMs: millis(f.deadline), Viewer: r,
	}))
	if err != nil {
		return err
	}
	if r.FramesGood == 0 {
		return failed(errors.New("no good frame came; --verbose tells of the connection"))
	}
	return nil
}
