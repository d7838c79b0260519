package soak

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/chain"
	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/viewer"
)

// Config says how to soak in real time.
type Config struct {
	// Scenario is the chain and its lines; its rules are not looked at.
	Scenario *scenario.Scenario
	// For is how long, after the first picture.
	For time.Duration
	// Window is how often everything is measured; 0 = 10 s.
	Window time.Duration
	// Seed is where all chance comes from: losses, viewers, the camera's troubles.
	Seed uint64
	// Version of the program, told between nodes.
	Version string
}

const (
	defaultWindow = 10 * time.Second
	// firstPicture is how long a soak waits for one: the links of a cascade have to
	// come up one after the other.
	firstPicture = 15 * time.Second
	// settled is how long after the end goroutines may take to be gone: those of a
	// connection that was cut notice it when their time is out.
	settled = 5 * time.Second
)

// Play runs a chain for hours, and tells each window. When ctx ends it returns what
// there is, as interrupted. An error means that there is nothing to judge.
func Play(ctx context.Context, cfg Config, each func(Window), log *zap.Logger) (*Log, error) {
	if cfg.Window <= 0 {
		cfg.Window = defaultWindow
	}
	dir, err := os.MkdirTemp("", "classrelay-soak-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the operating system cleans up what is left
	l := &Log{Windows: make([]Window, 0, cfg.For/cfg.Window+1), Before: Look()}
	if err := play(ctx, &cfg, dir, l, each, log); err != nil {
		return nil, err
	}
	l.After = settle(l.Before)
	if l.goroutinesLeft() > 0 {
		l.Left = creators()
	}
	return l, nil
}

func play(ctx context.Context, cfg *Config, dir string, l *Log, each func(Window), log *zap.Logger) error {
	s := cfg.Scenario
	c, err := chain.New(chain.Config{
		Dir: dir, Lines: s.Lines, Source: s.Source(cfg.Seed), Seed: cfg.Seed, Version: cfg.Version,
		Tally: viewer.TallyConfig{Limit: s.Deadline},
	}, log)
	if err != nil {
		return err
	}
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	running := c.Start(failed, fail)
	defer running.Stop()
	if !picture(failed, c) {
		if failed.Err() != nil && ctx.Err() == nil {
			return context.Cause(failed)
		}
		l.Interrupted = ctx.Err() != nil
		return nil // no window: nothing to judge
	}
	crowd := newCrowd(c.URL, cfg.Seed, log)
	defer crowd.leave()
	follow(failed, cfg, c, crowd, l, each)
	l.emulator(c)
	l.Interrupted = ctx.Err() != nil
	if ctx.Err() == nil && failed.Err() != nil { // a part ended by itself
		return fmt.Errorf("after %d windows: %w", len(l.Windows), context.Cause(failed))
	}
	return nil
}

// picture waits for the first one.
func picture(ctx context.Context, c *chain.Chain) bool {
	const look = 100 * time.Millisecond
	for range firstPicture / look {
		if c.Viewer.Snapshot().Layer != "" {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(look):
		}
	}
	return false
}

// follow measures until the time is up or ctx ends.
func follow(ctx context.Context, cfg *Config, c *chain.Chain, crowd *crowd, l *Log, each func(Window)) {
	const second = time.Second
	tick := time.NewTicker(second)
	defer tick.Stop()
	trouble := newTrouble(c.Camera, cfg.Seed)
	start := time.Now()
	c.Viewer.Turn(c.Camera.Stats().LastFrame) // what was before the first picture does not count
	for due := cfg.Window; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		at := time.Since(start)
		crowd.turn(at)
		trouble.turn(at)
		if at >= due {
			due += cfg.Window
			w := measure(at, c, crowd)
			l.Windows = append(l.Windows, w)
			each(w)
		}
		if at >= cfg.For {
			return
		}
	}
}

func measure(at time.Duration, c *chain.Chain, crowd *crowd) Window {
	r := c.Viewer.Turn(c.Camera.Stats().LastFrame)
	w := Window{
		At: at.Seconds(), Frames: r.FramesExpected, Good: r.FramesGood,
		InTime: int(r.GoodIn300msRatio*float64(r.FramesExpected) + 0.5), LongestStall: r.LongestStallMs,
		Broken: r.Broken + r.Undecodable, Viewers: 1 + crowd.size(), Process: Look(),
	}
	if r.FramesGood > 0 {
		w.P50, w.P99 = &r.Latency.P50, &r.Latency.P99
	}
	return w
}

// emulator notes how late the lines let packets go.
func (l *Log) emulator(c *chain.Chain) {
	late := 0.0
	for _, line := range c.Lines {
		st := line.Stats()
		late = max(late, millis(st.Late(0.99)))
	}
	l.EmulatorLate = &late
}

// settle measures when what was stopped is gone, or when it should be.
func settle(before Process) (after Process) {
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		runtime.GC() // closes what only a finalizer closes
		after = Look()
		none := left(before.Goroutines, after.Goroutines) == 0 && left(before.Descriptors, after.Descriptors) == 0
		if none || time.Since(begin) > settled {
			return after
		}
	}
}
