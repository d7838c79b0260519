package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/viewer"
)

const (
	// cameraPort is out of the way of what relays listen on by themselves.
	cameraPort = 9554
	// retry is how long the viewer waits before it asks again.
	retry = 100 * time.Millisecond
	// look is how often a run is looked at.
	look = 100 * time.Millisecond
)

// player plays one run after the other.
type player struct {
	name       string // of the namespaces
	classrelay string // path of the program
	log        *zap.Logger
	echo       io.Writer // what programs write; nil: nowhere
	progress   func(Second)
}

// Second is what a run shows once a second.
type Second struct {
	Scenario, Peer string
	Seed           uint64
	At             time.Duration // since the first picture; 0 = none yet
	View           viewer.Snapshot
	Lost           float64 // share of the packets that the line lost on the way down, this second
	Rate           float64 // bit/s that came out of the line, this second
}

// play measures a peer in a scenario with a seed. A Run is returned in any case.
func (pl *player) play(ctx context.Context, s *scenario.Scenario, p *Peer, seed uint64) Run {
	r := Run{Scenario: s.Name, Peer: p.Name, Seed: seed}
	if err := pl.measure(ctx, s, p, &r); err != nil {
		r.Failed = err.Error()
	}
	r.Interrupted = ctx.Err() != nil
	return r
}

func (pl *player) measure(ctx context.Context, s *scenario.Scenario, p *Peer, r *Run) error {
	dir, err := os.MkdirTemp("", "classrelay-compare-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the operating system cleans up what is left
	line := s.Lines[0]
	router, err := netem.NewRouter(netem.RouterConfig{
		Up: line.Up, Down: line.Down, Seed: r.Seed, Name: pl.name,
	}, pl.log)
	if err != nil {
		return err
	}
	defer func() { _ = router.Close() }() // says nothing about the run
	began := time.Now()

	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	stopLine := background(failed, fail, "line", router.Run)
	defer stopLine()

	near, far := endOf(router.Near()), endOf(router.Far())
	places := Places{
		HubAddress: near.address.String(), BranchAddress: far.address.String(),
		Dir: dir, Classrelay: pl.classrelay,
	}
	shows, err := sourceOf(s, r.Seed)
	if err != nil {
		return err
	}
	source := &counted{Source: shows}
	cam, err := newCamera(&places, near, camera.Config{Source: source, Mute: p.Mute}, pl.log)
	if err != nil {
		return err
	}
	stopCamera := background(failed, fail, "camera", cam.Run)
	defer stopCamera()

	programs := newCast(p, places, near, far, pl.echo)
	defer programs.stop()
	if err := programs.start(failed); err != nil {
		return err
	}
	r.TCP = near.tcp()
	url, err := places.fill(p.View)
	if err != nil {
		return err
	}
	view, err := viewer.New(viewer.Config{
		URL: url, Retry: retry, Tally: viewer.TallyConfig{Limit: s.Deadline}, DialContext: far.dial,
	}, pl.log)
	if err != nil {
		return err
	}
	stopViewer := background(failed, fail, "viewer", view.Run)
	defer stopViewer()

	w := &watch{run: r, scenario: s, viewer: view, router: router, source: source, died: programs.died, peer: p}
	err = w.follow(failed, pl.progress)
	stopViewer()
	w.finish(cam.Stats().LastFrame)
	ran := time.Since(began)
	programs.stop()
	r.HubCPU = cpuOf(programs.atHub, ran)
	r.BranchCPU = cpuOf(programs.atBranch, ran)
	if err == nil && ctx.Err() == nil && failed.Err() != nil {
		err = context.Cause(failed) // a part of the bench ended by itself
	}
	return err
}

// background runs a part of the bench that lasts until stop, which may be called
// twice, and tells fail when it ends by itself. It outlives ctx, so that figures can
// be read.
func background(
	ctx context.Context, fail context.CancelCauseFunc, name string, run func(context.Context) error,
) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() { // ends by stop, which waits for it
		defer close(ended)
		if err := run(ctx); err != nil {
			fail(fmt.Errorf("%s: %w", name, err))
		} else if ctx.Err() == nil {
			fail(errors.New(name + " has stopped by itself"))
		}
	}()
	return func() { cancel(); <-ended }
}

// newCamera makes the camera at the hub's end, and tells where it is.
func newCamera(places *Places, near end, cfg camera.Config, log *zap.Logger) (*camera.Camera, error) {
	at := net.JoinHostPort(places.HubAddress, strconv.Itoa(cameraPort))
	places.Camera = "rtsp://" + at + "/main"
	places.CameraSub = "rtsp://" + at + "/sub"
	cfg.Listen, cfg.ListenTCP = at, near.listen
	return camera.New(cfg, log)
}

// sourceOf is what the camera shows: as in bench run, the same for every peer.
func sourceOf(s *scenario.Scenario, seed uint64) (camera.Source, error) {
	if s.MainRate == 0 {
		return camera.Embedded()
	}
	const noise = 0.2 // pictures of a class vary by about a fifth
	return &camera.Synthetic{MainRate: s.MainRate, SubRate: s.SubRate, Noise: noise, Seed: seed}, nil
}
