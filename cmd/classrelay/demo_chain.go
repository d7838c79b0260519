package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

// demoFeed is the classroom of the demo.
const demoFeed = "room-101"

// chainConfig says what the demo's chain is made of.
type chainConfig struct {
	dir  string // for the certificates
	link string
	rtsp string // the branch's address; empty: 8554 or a free port
	seed uint64
}

// chain is camera → hub → line → branch → viewer, all in this process.
type chain struct {
	cfg     chainConfig
	profile netem.Profile
	camera  *camera.Camera
	hub     *relay.Node
	line    *netem.Relay
	branch  *relay.Node
	viewer  *viewer.Viewer
	url     string // where a player finds the branch

	began      time.Time
	stopViewer func() // and wait for it
}

func newChain(cfg chainConfig, log *zap.Logger) (*chain, error) {
	c := &chain{cfg: cfg}
	var err error
	if c.profile, err = netem.Named(cfg.link); err != nil {
		return nil, err
	}
	if c.cfg.rtsp == "" {
		c.cfg.rtsp = usualOrFree("127.0.0.1:8554")
	}
	c.url = fmt.Sprintf("rtsp://%s/%s", c.cfg.rtsp, demoFeed)
	cameraAddr, quicAddr := freeTCP(), freeUDP()

	if c.camera, err = camera.New(camera.Config{Listen: cameraAddr}, log); err != nil {
		return nil, err
	}
	if err := identity.InitCA(cfg.dir); err != nil {
		return nil, err
	}
	if c.hub, err = c.node(&config.Config{
		Node:   "hub",
		Listen: config.Listen{QUIC: quicAddr},
		Feeds: map[media.FeedID]config.Feed{demoFeed: {
			Main:      "rtsp://" + cameraAddr + "/main",
			Sub:       "rtsp://" + cameraAddr + "/sub",
			Transport: config.TransportTCP,
			Always:    true, // so that the viewer starts from a cached key frame
		}},
	}, log); err != nil {
		return nil, err
	}
	if c.line, err = netem.New(netem.Config{
		Listen: "127.0.0.1:0", Target: quicAddr, Up: c.profile, Down: c.profile, Seed: cfg.seed,
	}, log); err != nil {
		return nil, err
	}
	if c.branch, err = c.node(&config.Config{
		Node:    "branch",
		Listen:  config.Listen{RTSP: c.cfg.rtsp, RTP: config.RTPOff},
		Parents: []config.Parent{{Address: c.line.Addr().String(), Node: "hub"}},
	}, log); err != nil {
		return nil, err
	}
	c.viewer, err = viewer.New(viewer.Config{URL: c.url, Retry: 100 * time.Millisecond}, log)
	return c, err
}

// node makes a node with an identity of its own.
func (c *chain) node(cfg *config.Config, log *zap.Logger) (*relay.Node, error) {
	if err := identity.Issue(c.cfg.dir, cfg.Node); err != nil {
		return nil, err
	}
	cfg.Identity = filepath.Join(c.cfg.dir, cfg.Node)
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return newNode(cfg, log)
}

// start switches everything on. What ends by itself ends the demo through fail.
// The function it returns stops everything in order, and waits.
func (c *chain) start(ctx context.Context, fail context.CancelCauseFunc) (stop func()) {
	var stops []func()
	run := func(name string, f func(ctx context.Context) error) (stop func()) {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		var wg sync.WaitGroup
		wg.Go(func() { // ends by stop
			if err := f(ctx); err != nil {
				fail(fmt.Errorf("%s: %w", name, err))
			} else if ctx.Err() == nil {
				fail(errors.New(name + " has stopped by itself"))
			}
		})
		stop = func() { cancel(); wg.Wait() }
		stops = append(stops, stop)
		return stop
	}
	run("camera", c.camera.Run)
	run("hub", c.hub.Run)
	run("line", c.line.Run)
	run("branch", c.branch.Run)
	c.began = time.Now()
	c.stopViewer = run("viewer", c.viewer.Run)
	return func() {
		for i := len(stops) - 1; i >= 0; i-- {
			stops[i]()
		}
	}
}

// result is what the viewer saw and what the line did, after stopViewer.
func (c *chain) result() demoResult {
	st := c.line.Stats()
	f := lineFigures(netem.LinkStats{}, st.Down, time.Since(c.began))
	return demoResult{
		Schema:  1,
		Version: programVersion(),
		Link:    c.cfg.link,
		Report:  c.viewer.Report(c.camera.Stats().LastFrame),
		Line: lineResult{
			OneWayMs:  millis(c.profile.Delay),
			LossRatio: f.loss,
			RateMbit:  f.rate / 1e6,
			LateMs: lateness{
				P50: millis(st.Down.Lateness.Quantile(0.5)),
				P99: millis(st.Down.Lateness.Quantile(0.99)),
				Max: millis(st.Down.Lateness.Max()),
			},
			Overrun: st.Overrun,
		},
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// figures is what a line did over some time.
type figures struct {
	loss float64 // share of the packets offered, 0 to 1
	rate float64 // bit/s that came out
}

func lineFigures(before, after netem.LinkStats, over time.Duration) figures {
	lost := func(s netem.LinkStats) uint64 { return s.LostQueue + s.LostWire + s.LostOutage }
	f := figures{rate: float64(after.DeliveredBytes-before.DeliveredBytes) * 8 / over.Seconds()}
	if offered := after.Offered - before.Offered; offered > 0 {
		f.loss = float64(lost(after)-lost(before)) / float64(offered)
	}
	return f
}

// usualOrFree is the address people expect, unless somebody is there already.
func usualOrFree(usual string) string {
	l, err := net.Listen("tcp", usual) //nolint:noctx // an address of our own, at once
	if err != nil {
		return freeTCP()
	}
	_ = l.Close()
	return usual
}

// freeTCP is an address that was free a moment ago; one that is taken meanwhile
// shows as an error of whoever listens there.
func freeTCP() string {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // the same
	if err != nil {
		return "127.0.0.1:0"
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func freeUDP() string {
	l, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // the same
	if err != nil {
		return "127.0.0.1:0"
	}
	defer func() { _ = l.Close() }()
	return l.LocalAddr().String()
}
