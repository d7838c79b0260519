package capacity

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/classrelay/classrelay/bench/capacity/usage"
	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/internal/pause"
	"github.com/classrelay/classrelay/relay/identity"
)

// Config says what to ramp. The zero value of every field but Ramps and Program
// works.
type Config struct {
	// Ramps to play, one after the other, each with a hub of its own. Required.
	Ramps []Ramp
	// For is how long each step is measured. Default 10 s: five groups of pictures.
	For time.Duration
	// Rate of a camera's main stream in bit/s. Default 4 Mbit/s.
	Rate int
	// Rules to keep.
	Rules Rules
	// Program starts this very program with arguments. Required.
	Program func(ctx context.Context, args ...string) *exec.Cmd
	// HubProfile is a file for the hub's CPU profile, of all steps of a ramp; the
	// last ramp's stays. Empty = none.
	HubProfile string
	// Version of the program.
	Version string
	// Done, if set, is told after each step.
	Done func(Result)
}

const (
	defaultFor = 10 * time.Second
	// settle passes before a step is measured: the schools' cached groups of
	// pictures are out, and the links' estimators have found their rate.
	settle = 3 * time.Second
	// settleMost is how long a step may take to bring the first pictures to all.
	settleMost = 20 * time.Second
)

// Run plays the ramps. When ctx ends it returns what there is, and no error.
func Run(ctx context.Context, cfg Config) ([]Result, error) {
	if cfg.For == 0 {
		cfg.For = defaultFor
	}
	if cfg.Rate == 0 {
		cfg.Rate = 4_000_000
	}
	var results []Result
	for _, ramp := range cfg.Ramps {
		some, err := cfg.play(ctx, ramp)
		results = append(results, some...)
		if err != nil || ctx.Err() != nil {
			return results, err
		}
	}
	return results, nil
}

// play plays one ramp, until a rule breaks.
func (c *Config) play(ctx context.Context, ramp Ramp) (results []Result, err error) {
	dir, err := os.MkdirTemp("", "classrelay-capacity-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	load, alive := newLoad(ctx, c, dir)
	defer load.stop()
	hub, err := c.setUp(load, dir, &ramp[0])
	if err != nil {
		return nil, err
	}
	defer hub.Stop()
	// Two seconds of every camera's pictures are in the hub, and no school yet.
	if err := pause.For(alive, settle); err != nil {
		return nil, ended(ctx, alive, hub)
	}
	before, _ := hub.rss() // left out where the system does not tell
	if ramp[0].Viewers > 0 {
		if err := load.addNode(hub.quic); err != nil {
			return nil, err
		}
	}
	for _, step := range ramp {
		m, err := c.step(alive, load, hub, &step)
		if err != nil {
			if ctx.Err() != nil {
				return results, nil
			}
			r := Result{Step: step, Failed: errors.Join(err, ended(ctx, alive, hub)).Error()}
			return append(results, r), nil
		}
		m.rssBefore = before
		r := figure(step, m, c.Rules)
		results = append(results, r)
		if c.Done != nil {
			c.Done(r)
		}
		if len(r.Broken) > 0 {
			break
		}
	}
	return results, nil
}

// setUp makes the cameras and the hub.
func (c *Config) setUp(l *load, dir string, step *Step) (*hub, error) {
	if err := identity.InitCA(dir); err != nil {
		return nil, err
	}
	if err := identity.Issue(dir, hubNode, "127.0.0.1"); err != nil {
		return nil, err
	}
	if err := l.addCameras(step.Cameras); err != nil {
		return nil, err
	}
	return startHub(c, dir, freeport.Address(), l.urls)
}

// step brings a step about and measures it.
func (c *Config) step(ctx context.Context, l *load, h *hub, step *Step) (*measured, error) {
	if err := l.addSchools(ctx, h.quic, step.Schools); err != nil {
		return nil, err
	}
	if err := l.awaitPictures(ctx, step); err != nil {
		return nil, err
	}
	stop, err := l.watch(step.Viewers)
	if err != nil {
		return nil, err
	}
	defer stop()
	if err := pause.For(ctx, settle); err != nil {
		return nil, err
	}
	before, err := look(h)
	if err != nil {
		return nil, err
	}
	l.takeTally()
	began := time.Now()
	if err := pause.For(ctx, c.For); err != nil {
		return nil, err
	}
	after, err := look(h)
	if err != nil {
		return nil, err
	}
	m := &measured{spent: after.since(before)}
	m.spent.Seconds = time.Since(began).Seconds()
	t := l.takeTally()
	m.schools, m.viewers = t.seen(), l.atViewers()
	// The node of the viewers is a school like the others.
	m.mediaBits = float64(t.bytes) * 8 * float64(step.links()) / float64(step.Schools)
	m.rss, err = h.rss()
	return m, err
}

// awaitPictures waits until every school has got something.
func (l *load) awaitPictures(ctx context.Context, step *Step) error {
	for began := time.Now(); ; {
		silent := 0
		for _, s := range l.schools {
			if !s.heardAll(step.Cameras) {
				silent++
			}
		}
		if silent == 0 {
			return nil
		}
		if time.Since(began) > settleMost {
			return fmt.Errorf("%d of %d schools have no picture after %s", silent, len(l.schools), settleMost)
		}
		if err := pause.For(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// reading is what everybody has used so far.
type reading struct {
	hub, generator usage.Time
	machine        usage.Machine
	drops          int
}

func look(h *hub) (r reading, err error) {
	if err := h.Alive(); err != nil {
		return r, err
	}
	var errs [4]error
	r.hub, errs[0] = h.cpu()
	r.generator, errs[1] = usage.Self()
	r.machine, errs[2] = usage.All()
	r.drops, errs[3] = usage.Drops()
	return r, errors.Join(errs[:]...)
}

func (r reading) since(earlier reading) Spent {
	return Spent{
		CPUs: runtime.NumCPU(), Hub: r.hub.Sub(earlier.hub), Generator: r.generator.Sub(earlier.generator),
		Machine: r.machine.Sub(earlier.machine), Drops: r.drops - earlier.drops,
	}
}

// ended says why a step could not be played: the hub is gone, or a part has failed.
func ended(ctx, alive context.Context, h *hub) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // Ctrl-C is no failure
	}
	if err := h.Alive(); err != nil {
		return err
	}
	if err := context.Cause(alive); err != nil && !strings.Contains(err.Error(), "canceled") {
		return err
	}
	return nil
}
