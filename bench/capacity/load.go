package capacity

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/relay"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

const (
	// viewerNode is the school that is a whole node.
	viewerNode = "viewers"
	// viewerRetry is how long a viewer waits before it asks again, while the links
	// come up.
	viewerRetry = 200 * time.Millisecond
	// dialsAtOnce bounds how many handshakes go on together: they take CPU time,
	// and one that waits for two seconds is taken for a narrow path.
	dialsAtOnce = 8
)

// load is the generator: everything but the hub.
type load struct {
	cfg     *Config
	dir     string
	cameras []*camera.Camera
	urls    []string
	schools []*school
	rtsp    string // where the node of the viewers is
	viewers []*viewer.Viewer

	ctx     context.Context //nolint:containedctx // the lifetime of what start starts
	fail    context.CancelCauseFunc
	running sync.WaitGroup
}

// newLoad makes a load without anything in it. It runs until stop; a part that
// fails ends ctx.
func newLoad(ctx context.Context, cfg *Config, dir string) (l *load, lifetime context.Context) {
	ctx, fail := context.WithCancelCause(ctx)
	return &load{cfg: cfg, dir: dir, ctx: ctx, fail: fail}, ctx
}

// stop ends all parts, and waits.
func (l *load) stop() {
	l.fail(nil)
	l.running.Wait()
}

func (l *load) start(name string, run func(ctx context.Context) error) {
	l.running.Go(func() { // ends by stop, which waits
		if err := run(l.ctx); err != nil && l.ctx.Err() == nil {
			l.fail(fmt.Errorf("%s: %w", name, err))
		}
	})
}

func (l *load) addCameras(n int) error {
	for i := range n {
		address := freeport.Address()
		c, err := camera.New(camera.Config{
			Name: string(feedName(i)), Listen: address,
			Source: &camera.Synthetic{MainRate: l.cfg.Rate, Seed: uint64(i)},
		}, zap.NewNop())
		if err != nil {
			return err
		}
		l.cameras = append(l.cameras, c)
		l.urls = append(l.urls, "rtsp://"+address+"/main")
		l.start("camera", c.Run)
	}
	return nil
}

// addSchools makes links until there are so many.
func (l *load) addSchools(ctx context.Context, hub string, n int) error {
	first, missing := len(l.schools), n-len(l.schools)
	made, failed := make([]*school, max(missing, 0)), make([]error, max(missing, 0))
	turn := make(chan struct{}, dialsAtOnce) // full: the others wait
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() { // ends with the handshake, which is bounded
			turn <- struct{}{}
			defer func() { <-turn }()
			made[i], failed[i] = l.addSchool(ctx, fmt.Sprintf("school-%d", first+i+1), hub)
		})
	}
	all.Wait()
	for i, s := range made {
		if failed[i] != nil {
			return failed[i]
		}
		l.schools = append(l.schools, s)
	}
	return nil
}

func (l *load) addSchool(ctx context.Context, name, hub string) (*school, error) {
	if err := identity.Issue(l.dir, name); err != nil {
		return nil, err
	}
	id, err := identity.Load(filepath.Join(l.dir, name))
	if err != nil {
		return nil, err
	}
	for range dialTries {
		var s *school
		if s, err = l.link(ctx, name, hub, id); err == nil || ctx.Err() != nil {
			return s, err
		}
	}
	return nil, fmt.Errorf("link %s to the hub: %w", name, err)
}

// link makes a link and waits until it stands; from then on it is an error of the
// load when it ends.
func (l *load) link(ctx context.Context, name, hub string, id *identity.Identity) (*school, error) {
	s, err := dialSchool(ctx, hub, id)
	if err != nil {
		return nil, err
	}
	failed := make(chan error, 1)
	stands := make(chan struct{})
	l.running.Go(func() { // ends by stop, which waits
		err := s.Run(l.ctx)
		select {
		case <-stands:
			if err != nil && l.ctx.Err() == nil {
				l.fail(fmt.Errorf("%s: %w", name, err))
			}
		default:
			failed <- err
		}
	})
	select {
	case <-s.shaken:
		close(stands)
		return s, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// addNode makes the school that is a whole node, for those who watch there.
func (l *load) addNode(hub string) error {
	if err := identity.Issue(l.dir, viewerNode); err != nil {
		return err
	}
	id, err := identity.Load(filepath.Join(l.dir, viewerNode))
	if err != nil {
		return err
	}
	l.rtsp = freeport.Address()
	node, err := relay.New(&config.Config{
		Node: viewerNode, Identity: filepath.Join(l.dir, viewerNode),
		Parents: []config.Parent{{Address: hub, Node: hubNode}},
		Listen:  config.Listen{RTSP: l.rtsp, RTP: config.RTPOff},
	}, id, zap.NewNop(), relay.Options{Version: l.cfg.Version})
	if err != nil {
		return err
	}
	l.start(viewerNode, node.Run)
	return nil
}

// watch lets so many viewers watch, every camera in turn, until stop.
func (l *load) watch(n int) (stop func(), err error) {
	ctx, cancel := context.WithCancel(l.ctx)
	var watching sync.WaitGroup
	l.viewers = nil
	for i := range n {
		v, err := viewer.New(viewer.Config{
			URL:   fmt.Sprintf("rtsp://%s/%s", l.rtsp, feedName(i%len(l.cameras))),
			Retry: viewerRetry,
		}, zap.NewNop())
		if err != nil {
			cancel()
			return nil, err
		}
		l.viewers = append(l.viewers, v)
		watching.Go(func() { _ = v.Run(ctx) }) // ended by stop, which waits; it tries again by itself
	}
	return func() { cancel(); watching.Wait() }, nil
}

// takeTally sums up what all schools got since the last call.
func (l *load) takeTally() *tally {
	var all tally
	for _, s := range l.schools {
		t := s.takeTally()
		all.add(&t)
	}
	return &all
}

// atViewers is what the worst viewer has seen; nil without one. A viewer counts
// from its first picture on.
func (l *load) atViewers() *Seen {
	var worst *Seen
	for i, v := range l.viewers {
		r := v.Report(l.cameras[i%len(l.cameras)].Stats().LastFrame)
		if worst == nil {
			worst = &Seen{GoodRatio: 1}
		}
		worst.P99Ms = max(worst.P99Ms, r.Latency.P99)
		worst.GoodRatio = min(worst.GoodRatio, r.GoodIn300msRatio)
	}
	return worst
}
