package relay

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	benchcamera "github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// cascade is hub, county and school, with a camera that the hub pulls as two feeds.
// What the nodes log is kept.
type cascade struct {
	*county
	seen *observer.ObservedLogs
	cam  *benchcamera.Camera
	stop context.CancelFunc
	wg   sync.WaitGroup
}

func newCascade(t *testing.T) *cascade {
	t.Helper()
	c := &cascade{county: newCounty(t)}
	core, seen := observer.New(zapcore.InfoLevel)
	c.log, c.seen = zap.New(core), seen
	wire := netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond}
	c.link("10.0.0.1", "10.0.0.2", wire)
	c.link("10.0.0.2", "10.0.0.3", wire)
	cam, err := benchcamera.New(benchcamera.Config{
		Source: &benchcamera.Synthetic{MainRate: 1_000_000}, Listen: ":554", ListenTCP: c.net.Host("10.0.0.9").Listen,
	}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	c.cam = cam
	var ctx context.Context
	ctx, c.stop = context.WithCancel(t.Context())
	c.wg.Go(func() { _ = cam.Run(ctx) }) // ended by end
	c.run("hub", "10.0.0.1", hubWith("room-1", "room-2"))
	c.run("county", "10.0.0.2", &config.Config{
		Parents: []config.Parent{{Address: "10.0.0.1:4433"}}, Access: everybody(),
		Listen: config.Listen{QUIC: ":4433", RTSP: ":8554", RTP: config.RTPOff},
	})
	c.run("school", "10.0.0.3", &config.Config{
		Parents: []config.Parent{{Address: "10.0.0.2:4433"}}, Access: everybody(),
		Listen: config.Listen{RTSP: ":8554", RTP: config.RTPOff},
	})
	time.Sleep(2 * time.Second) // the links come up
	return c
}

func (c *cascade) end() {
	c.close("school", "county", "hub")
	c.stop()
	c.wg.Wait()
}

// everybody may watch.
func everybody() access.Config {
	return access.Config{Watch: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
}

// hubWith is the hub's configuration with these feeds.
func hubWith(feeds ...media.FeedID) *config.Config {
	cfg := &config.Config{
		Node: "hub", Access: everybody(),
		Listen: config.Listen{QUIC: ":4433", RTSP: ":8554", RTP: config.RTPOff},
		Feeds:  make(map[media.FeedID]config.Feed),
	}
	for _, id := range feeds {
		cfg.Feeds[id] = config.Feed{Main: "rtsp://10.0.0.9:554/main", Transport: config.TransportTCP}
	}
	return cfg
}

// spectator watches a feed at a node until it is sent away or ctx ends.
type spectator struct {
	*viewer.Viewer
	left chan time.Time // when it was sent away
}

func (c *cascade) spectate(ctx context.Context, at, feed string) *spectator {
	c.t.Helper()
	v, err := viewer.New(viewer.Config{
		URL: "rtsp://" + at + ":8554/" + feed, DialContext: c.net.Host(at).DialContext,
	}, zap.NewNop())
	if err != nil {
		c.t.Fatal(err)
	}
	s := &spectator{v, make(chan time.Time, 1)}
	c.wg.Go(func() { // ends with ctx, or when it is sent away
		if err := v.Run(ctx); err != nil {
			s.left <- time.Now()
		}
	})
	return s
}

func (c *cascade) reload(feeds ...media.FeedID) {
	c.t.Helper()
	if _, err := c.nodes["hub"].Reload(hubWith(feeds...)); err != nil {
		c.t.Fatal(err)
	}
}

func TestViewersOfAFeedThatIsTakenOutAreSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCascade(t)
		ctx, cancel := context.WithCancel(t.Context())
		nodes := []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}
		var gone, staying []*spectator
		for _, at := range nodes {
			gone = append(gone, c.spectate(ctx, at, "room-1"))
			staying = append(staying, c.spectate(ctx, at, "room-2"))
		}
		time.Sleep(5 * time.Second)
		for i, s := range gone {
			if s.Report(0).FramesGood == 0 {
				t.Fatalf("the viewer at %s has no picture to lose", nodes[i])
			}
		}
		reloaded := time.Now()
		c.reload("room-2")
		time.Sleep(20 * time.Second) // four announcements, each of which says it again
		for i, s := range gone {
			select {
			case at := <-s.left:
				if d := at.Sub(reloaded); d > time.Second {
					t.Errorf("the viewer at %s was sent away after %v", nodes[i], d)
				}
			default:
				t.Errorf("the viewer at %s still waits", nodes[i])
			}
		}
		for i, s := range staying {
			if s.Snapshot().SilentMs > 200 || len(s.left) > 0 {
				t.Errorf("the viewer of the other feed at %s has lost its picture", nodes[i])
			}
			if r := s.Report(0); r.FramesGood != r.FramesExpected {
				t.Errorf("the reload cost the viewer of the other feed at %s frames: %d of %d came",
					nodes[i], r.FramesGood, r.FramesExpected)
			}
		}
		if n := c.seen.FilterMessageSnippet("feed withdrawn").Len(); n != len(nodes) {
			t.Errorf("it was logged %d times by %d nodes", n, len(nodes))
		}
		_, err := c.nodes["school"].Watch(ctx, "room-1")
		if !errors.Is(err, rtsp.ErrUnknownFeed) {
			t.Errorf("who asks for it now is told: %v", err)
		}

		c.reload("room-1", "room-2")
		time.Sleep(time.Second) // the word goes down
		again := c.spectate(ctx, "10.0.0.3", "room-1")
		time.Sleep(5 * time.Second)
		if again.Snapshot().SilentMs > 200 || again.Report(0).FramesGood == 0 {
			t.Error("the feed is back in the configuration, and nobody can watch it")
		}
		cancel()
		c.end()
	})
}

func TestViewersStayWhereAFeedIsOnlyAwayForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCascade(t)
		ctx, cancel := context.WithCancel(t.Context())
		s := c.spectate(ctx, "10.0.0.3", "room-1")
		time.Sleep(5 * time.Second)
		c.close("hub") // it restarts, which is no word about any feed
		time.Sleep(10 * time.Second)
		c.run("hub", "10.0.0.1", hubWith("room-1", "room-2"))
		time.Sleep(10 * time.Second)
		if len(s.left) > 0 || s.Snapshot().SilentMs > 200 {
			t.Errorf("sent away: %v, silent for %v ms", len(s.left) > 0, s.Snapshot().SilentMs)
		}
		cancel()
		c.end()
	})
}

func TestViewersOfAParentThatIsTakenOutAreSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCascade(t)
		ctx, cancel := context.WithCancel(t.Context())
		above := c.spectate(ctx, "10.0.0.1", "room-1")
		here, below := c.spectate(ctx, "10.0.0.2", "room-1"), c.spectate(ctx, "10.0.0.3", "room-1")
		time.Sleep(5 * time.Second)
		cfg := &config.Config{Node: "county", Access: everybody(), Listen: config.Listen{
			QUIC: ":4433", RTSP: ":8554", RTP: config.RTPOff,
		}, Parents: []config.Parent{{Address: "10.0.0.1:4433", MaxRate: 50e6}}}
		if _, err := c.nodes["county"].Reload(cfg); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if len(here.left)+len(below.left) > 0 || below.Snapshot().SilentMs > 200 {
			t.Error("a parent whose limits change is taken for one that is gone")
		}
		without := *cfg
		without.Parents = nil
		if _, err := c.nodes["county"].Reload(&without); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if len(above.left) > 0 || len(here.left) != 1 || len(below.left) != 1 {
			t.Errorf("sent away above %d, here %d, below %d", len(above.left), len(here.left), len(below.left))
		}
		cancel()
		c.end()
	})
}
