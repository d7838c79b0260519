package relay

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	benchcamera "github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/config"
)

// class is the whole way: a camera with RTSP, a hub that pulls it, a link, a
// branch, and viewers there with RTSP.
type class struct {
	*county
	camera *benchcamera.Camera
	hub    *running
	branch *running

	stop context.CancelFunc
	wg   sync.WaitGroup
}

func newClass(t *testing.T, wire netem.Profile) *class {
	t.Helper()
	return newClassOf(t, benchcamera.Config{Source: &benchcamera.Synthetic{Seed: 1}}, wire)
}

// newClassOf is newClass with a camera of another kind, and maybe more feeds of it.
func newClassOf(t *testing.T, camera benchcamera.Config, wire netem.Profile, more ...media.FeedID) *class {
	t.Helper()
	c := &class{county: newCounty(t)}
	c.link("10.0.0.1", "10.0.0.2", wire)
	host := c.net.Host("10.0.0.9")
	var err error
	camera.Listen, camera.ListenTCP = ":554", host.Listen
	camera.User, camera.Password = "admin", "12345"
	c.camera, err = benchcamera.New(camera, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	c.wg.Go(func() { // ended by end
		if err := c.camera.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	feeds := make(map[media.FeedID]config.Feed)
	for _, id := range append(more, "room-101") {
		feeds[id] = config.Feed{
			Main:      "rtsp://admin:12345@10.0.0.9:554/main",
			Sub:       "rtsp://admin:12345@10.0.0.9:554/sub",
			Transport: config.TransportTCP,
		}
	}
	c.hub = c.run("hub", "10.0.0.1", &config.Config{
		Listen: config.Listen{QUIC: ":4433", RTSP: ":8554", RTP: config.RTPOff},
		Feeds:  feeds,
	})
	c.branch = c.run("branch", "10.0.0.2", &config.Config{
		Parents: []config.Parent{{Address: "10.0.0.1:4433"}},
		Listen:  config.Listen{RTSP: ":8554", RTP: config.RTPOff},
		Access:  access.Config{Watch: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
	})
	time.Sleep(time.Second) // the link comes up
	return c
}

// end stops everything.
func (c *class) end() {
	c.t.Helper()
	c.close("branch", "hub")
	c.stop()
	c.wg.Wait()
}

// viewer watches room-101 at the branch for d.
func (c *class) view(d time.Duration, during ...func()) viewer.Report {
	c.t.Helper()
	return c.viewFeed("room-101", d, during...)
}

// viewFeed watches a feed at the branch for d.
func (c *class) viewFeed(id media.FeedID, d time.Duration, during ...func()) viewer.Report {
	c.t.Helper()
	return c.viewAt("10.0.0.2", id, d, during...)
}

// viewAt watches a feed at the node with an address for d.
func (c *class) viewAt(ip string, id media.FeedID, d time.Duration, during ...func()) viewer.Report {
	c.t.Helper()
	v, err := viewer.New(viewer.Config{
		URL:         "rtsp://" + ip + ":8554/" + string(id),
		DialContext: c.net.Host(ip).DialContext,
	}, zap.NewNop())
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), d)
	defer cancel()
	var wg sync.WaitGroup
	for _, f := range during {
		wg.Go(f) // ends by itself
	}
	if err := v.Run(ctx); err != nil {
		c.t.Errorf("the viewer was thrown out: %v", err)
	}
	wg.Wait()
	return v.Report(c.camera.Stats().LastFrame)
}

func TestAClassOverACleanLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		r := c.view(20 * time.Second)
		t.Logf("%+v", r)
		if r.GoodIn300msRatio != 1 || r.Broken != 0 || r.Undecodable != 0 {
			t.Errorf("%d of %d frames good, %d broken", r.FramesGood, r.FramesExpected, r.Broken)
		}
		// Every fiftieth frame is a key frame of 140 kB, so the p99 is one: it alone
		// takes 11.5 ms on 100 Mbit/s, and 17 ms at the pace that spares the link.
		if r.Latency.P50 > 12 || r.Latency.P99 > 28 {
			t.Errorf("p50 %v ms, p99 %v ms over a wire of 10 ms", r.Latency.P50, r.Latency.P99)
		}
		c.end()
	})
}

func TestViewersStayWhileTheCameraReboots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		r := c.view(30*time.Second, func() {
			time.Sleep(8 * time.Second)
			c.camera.Reboot(10 * time.Second)
		})
		t.Logf("%+v", r)
		if r.LongestStallMs < 10_000 || r.LongestStallMs > 12_100 {
			t.Errorf("the picture stood still for %v ms; the camera was off for 10,000", r.LongestStallMs)
		}
		if r.Broken != 0 || r.Undecodable != 0 {
			t.Errorf("%d broken frames", r.Broken+r.Undecodable)
		}
		c.end()
	})
}

func TestACameraThatHangsIsDialledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		r := c.view(30*time.Second, func() {
			time.Sleep(8 * time.Second)
			c.camera.Pause(true)
			time.Sleep(5 * time.Second)
			c.camera.Pause(false)
		})
		t.Logf("%+v", r)
		if r.LongestStallMs > 7_100 {
			t.Errorf("the picture stood still for %v ms; the camera hung for 5,000", r.LongestStallMs)
		}
		c.end()
	})
}
