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
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	st, err := pl.build(failed, fail, s, p, r.Seed)
	defer st.clear()
	if err != nil {
		return err
	}
	st.places.Dir, st.places.Classrelay = dir, pl.classrelay
	programs := newCast(p, st.places, st.near, st.far, pl.echo)
	defer programs.stop()
	began := time.Now()
	if err := programs.start(failed); err != nil {
		return err
	}
	r.TCP = st.near.tcp()
	if err := pl.view(failed, fail, st, programs, s, r); err != nil {
		return err
	}
	ran := time.Since(began)
	programs.stop()
	r.HubCPU = cpuOf(programs.atHub, ran)
	r.BranchCPU = cpuOf(programs.atBranch, ran)
	if ctx.Err() == nil && failed.Err() != nil {
		return context.Cause(failed) // a part of the bench ended by itself
	}
	return nil
}

// stage is what is the same for every peer: the line, and the camera at its near end.
type stage struct {
	router    *netem.Router
	near, far end
	source    *counted
	camera    *camera.Camera
	places    Places

	stops []func() // in the order in which they are called
}

// clear ends everything on the stage.
func (st *stage) clear() {
	for _, stop := range st.stops {
		stop()
	}
}

// build makes and starts the stage; the line's time runs from here. What there is when
// it fails is for clear.
func (pl *player) build(
	ctx context.Context, fail context.CancelCauseFunc, s *scenario.Scenario, p *Peer, seed uint64,
) (*stage, error) {
	st := new(stage)
	shows, err := sourceOf(s, seed)
	if err != nil {
		return st, err
	}
	st.source = &counted{Source: shows}
	line := s.Lines[0]
	st.router, err = netem.NewRouter(netem.RouterConfig{Up: line.Up, Down: line.Down, Seed: seed, Name: pl.name}, pl.log)
	if err != nil {
		return st, err
	}
	st.stops = []func(){
		background(ctx, fail, "line", st.router.Run),
		func() { _ = st.router.Close() }, // says nothing about the run
	}
	st.near, st.far = endOf(st.router.Near()), endOf(st.router.Far())
	at := net.JoinHostPort(st.near.address.String(), strconv.Itoa(cameraPort))
	st.places = Places{
		HubAddress: st.near.address.String(), BranchAddress: st.far.address.String(),
		Camera: "rtsp://" + at + "/main", CameraSub: "rtsp://" + at + "/sub",
	}
	st.camera, err = camera.New(camera.Config{
		Listen: at, ListenTCP: st.near.listen, Source: st.source, Mute: p.Mute,
	}, pl.log)
	if err != nil {
		return st, err
	}
	st.stops = append([]func(){background(ctx, fail, "camera", st.camera.Run)}, st.stops...)
	return st, nil
}

// view watches what comes out at the branch until the scenario's time is up.
func (pl *player) view(
	ctx context.Context, fail context.CancelCauseFunc, st *stage, programs *cast, s *scenario.Scenario, r *Run,
) error {
	url, err := st.places.fill(programs.peer.View)
	if err != nil {
		return err
	}
	v, err := viewer.New(viewer.Config{
		URL: url, Retry: retry, Tally: viewer.TallyConfig{Limit: s.Deadline}, DialContext: st.far.dial,
	}, pl.log)
	if err != nil {
		return err
	}
	stop := background(ctx, fail, "viewer", v.Run)
	defer stop()
	w := &watch{
		run: r, scenario: s, viewer: v, router: st.router, source: st.source, died: programs.died, peer: programs.peer,
	}
	err = w.follow(ctx, pl.progress)
	stop() // so that what it reports is what it saw while all the rest was there
	w.finish(st.camera.Stats().LastFrame)
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

// sourceOf is what the camera shows: as in bench run, the same for every peer.
func sourceOf(s *scenario.Scenario, seed uint64) (camera.Source, error) {
	if s.MainRate == 0 {
		return camera.Embedded()
	}
	const noise = 0.2 // pictures of a class vary by about a fifth
	return &camera.Synthetic{MainRate: s.MainRate, SubRate: s.SubRate, Noise: noise, Seed: seed}, nil
}
