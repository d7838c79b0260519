package relay

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	benchcamera "github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/config"
)

// The links that schools have: a minute of class over each, in virtual time. Every
// frame must arrive whole and in time; one or two of 1,490 may miss it.
func TestAClassOverLinksThatLosePackets(t *testing.T) {
	for _, ca := range []struct {
		loss, burst float64
		good        float64 // share of the frames
		p99         float64 // ms
		parity      float64 // share of the media
	}{
		{0.01, 1, 0.998, 130, 0.03},
		{0.03, 1, 0.998, 165, 0.06},
		// 102 to 131 ms, and 158 to 197, in a dozen tries: goroutines take turns.
		{0.02, 5, 0.998, 180, 0.06},
		{0.05, 5, 0.995, 250, 0.10},
	} {
		t.Run(fmt.Sprintf("%.0f %% lost in bursts of %.0f", 100*ca.loss, ca.burst), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClass(t, netem.Profile{
					Rate: 100e6, Delay: 30 * time.Millisecond, Loss: ca.loss, Burst: ca.burst,
				})
				r := c.view(60 * time.Second)
				d := c.hub.table.peers()[0].status.Load().Down
				parity := float64(d.Parity) / float64(d.Bytes)
				t.Logf("%d of %d good, p50 %.0f p99 %.0f max %.0f ms, longest stall %.0f ms, sound gap %.0f ms, parity %.1f %%",
					r.FramesGood, r.FramesExpected, r.Latency.P50, r.Latency.P99, r.Latency.Max, r.LongestStallMs,
					r.AudioGapMaxMs, 100*parity)
				if r.GoodIn300msRatio < ca.good || r.Broken+r.Undecodable > 0 {
					t.Errorf("%.2f %% of the frames good in 300 ms, %d broken", 100*r.GoodIn300msRatio, r.Broken+r.Undecodable)
				}
				if r.Latency.P99 > ca.p99 || parity > ca.parity {
					t.Errorf("p99 %.0f ms, parity %.1f %%", r.Latency.P99, 100*parity)
				}
				if d.Path.Switches > 2 { // one to begin with, one up
					t.Errorf("%d switches, the last: %s", d.Path.Switches, d.Path.Last.Why)
				}
				c.end()
			})
		})
	}
}

// The link fades from 20 to 3 Mbit/s for ten seconds. The camera's 4 Mbit/s do not
// fit then; its sub stream does.
func TestAClassOverALinkThatFades(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{
			Delay: 30 * time.Millisecond, Rate: 20e6,
			Steps: []netem.Step{{At: 15 * time.Second, Rate: 3e6}, {At: 25 * time.Second, Rate: 20e6}},
		})
		r := c.view(50 * time.Second)
		t.Logf("%d of %d good, %.2f %% in 300 ms, p99 %.0f ms, longest stall %.0f ms, sound gap %.0f ms, %d switches",
			r.FramesGood, r.FramesExpected, 100*r.GoodIn300msRatio, r.Latency.P99, r.LongestStallMs, r.AudioGapMaxMs,
			r.LayerSwitches)
		// When the fade meets a key frame on its way, the line's own queue of 100 ms
		// fills before anybody can know, and the sound stands in it too.
		if r.GoodIn300msRatio < 0.97 || r.LongestStallMs > 700 || r.AudioGapMaxMs > 130 || r.Broken+r.Undecodable > 0 {
			t.Errorf("%+v", r)
		}
		c.end()
	})
}

// The link fades to a little more than the camera needs: nothing has to be given
// up, but a key frame alone takes 200 ms then, and must not run over the queue.
func TestAClassOverALinkThatFadesToJustEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClassOf(t, benchcamera.Config{
			Source: &benchcamera.Synthetic{Seed: 1, MainRate: 2_000_000, SubRate: 440_000},
		}, netem.Profile{
			Delay: 30 * time.Millisecond, Rate: 20e6,
			Steps: []netem.Step{{At: 12 * time.Second, Rate: 3e6}, {At: 22 * time.Second, Rate: 20e6}},
		})
		r := c.view(40 * time.Second)
		t.Logf("%d of %d good, %.2f %% in 300 ms, p99 %.0f ms, longest stall %.0f ms, sound gap %.0f ms",
			r.FramesGood, r.FramesExpected, 100*r.GoodIn300msRatio, r.Latency.P99, r.LongestStallMs, r.AudioGapMaxMs)
		if r.GoodIn300msRatio < 0.97 || r.LongestStallMs > 700 || r.Broken+r.Undecodable > 0 {
			t.Errorf("%+v", r)
		}
		c.end()
	})
}

// The link fades to hardly more than one sub stream and its sound need, for twenty seconds.
// One picture goes on: the link must not be filled with parity for what its own queue
// loses, nor that parity be taken for other people's traffic.
func TestALinkThatHardlyCarriesASubStream(t *testing.T) {
	for _, ca := range []struct {
		rate  int64
		feeds int
		most  float64 // ms without a picture; 17 s and 13 s when it was wrong
	}{
		{1_000_000, 1, 8000},  // 1.4 to 3.8 s in forty tries
		{2_000_000, 2, 12000}, // 1.2 to 6.8 s
	} {
		t.Run(fmt.Sprintf("%d feeds at %d", ca.feeds, ca.rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClassOf(t, benchcamera.Config{Source: &benchcamera.Synthetic{Seed: 1}}, netem.Profile{
					Delay: 20 * time.Millisecond, Rate: 20e6,
					Steps: []netem.Step{{At: 12 * time.Second, Rate: ca.rate}, {At: 32 * time.Second, Rate: 20e6}},
				}, "room-102")
				reports := make([]viewer.Report, ca.feeds)
				var wg sync.WaitGroup
				for i := range ca.feeds {
					wg.Go(func() {
						reports[i] = c.viewFeed(media.FeedID(fmt.Sprintf("room-10%d", i+1)), 30*time.Second)
					})
				}
				wg.Wait()
				best := slices.MinFunc(reports, func(a, b viewer.Report) int {
					return cmp.Compare(a.LongestStallMs, b.LongestStallMs)
				})
				for i, r := range reports {
					t.Logf("feed %d: %.1f %% in 300 ms, longest stall %.0f ms", i+1, 100*r.GoodIn300msRatio, r.LongestStallMs)
				}
				if best.LongestStallMs > ca.most {
					t.Errorf("no picture for %.1f s", best.LongestStallMs/1000)
				}
				c.end()
			})
		})
	}
}

// A camera without a microphone: in an outage nothing but padding can find out that
// the link is back.
func TestAClassWithoutSoundOverALinkThatGoesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClassOf(t, benchcamera.Config{Source: &benchcamera.Synthetic{Seed: 1}, Mute: true}, netem.Profile{
			Delay: 30 * time.Millisecond, Rate: 100e6,
			Outages: []netem.Outage{{At: 15 * time.Second, For: time.Second}},
		})
		r := c.view(40 * time.Second)
		t.Logf("%d of %d good, longest stall %.0f ms", r.FramesGood, r.FramesExpected, r.LongestStallMs)
		if r.GoodIn300msRatio < 0.94 || r.Broken+r.Undecodable > 0 || r.LongestStallMs > 1250 {
			t.Errorf("%.2f %% good, %d broken, longest stall %.0f ms", 100*r.GoodIn300msRatio, r.Broken+r.Undecodable,
				r.LongestStallMs)
		}
		c.end()
	})
}

func TestAClassOverALinkThatGoesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{
			Delay: 30 * time.Millisecond, Rate: 100e6,
			Outages: []netem.Outage{{At: 15 * time.Second, For: time.Second}},
		})
		r := c.view(40 * time.Second)
		t.Logf("%d of %d good, %.2f %% in 300 ms, p99 %.0f ms, longest stall %.0f ms",
			r.FramesGood, r.FramesExpected, 100*r.GoodIn300msRatio, r.Latency.P99, r.LongestStallMs)
		if r.GoodIn300msRatio < 0.96 || r.LongestStallMs > 1200 || r.Broken+r.Undecodable > 0 {
			t.Errorf("%+v", r)
		}
		c.end()
	})
}

// A school is main school for three others, and all of it leaves through the
// school's one line. When that fades so that one main stream and two sub streams
// fit, the branches must not be left to chance: every one keeps a picture in time,
// and nobody fights for the room that there is not.
func TestThreeBranchesBehindOneUplinkThatFades(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		branches := []string{"10.0.0.2", "10.0.0.3", "10.0.0.4"}
		wire := netem.Profile{
			Delay: 20 * time.Millisecond, Rate: 50e6,
			Steps: []netem.Step{{At: 15 * time.Second, Rate: 7.5e6}},
		}
		c := newClass(t, wire)
		if err := c.net.Share("10.0.0.1", branches, wire, wire); err != nil {
			t.Fatal(err)
		}
		for _, ip := range branches[1:] {
			c.run("branch-"+ip, ip, &config.Config{
				Parents: []config.Parent{{Address: "10.0.0.1:4433"}},
				Listen:  config.Listen{RTSP: ":8554", RTP: config.RTPOff},
				Access:  access.Config{Watch: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
			})
		}
		time.Sleep(time.Second)
		var wg sync.WaitGroup
		reports := make([]viewer.Report, len(branches))
		for i, ip := range branches {
			wg.Go(func() { reports[i] = c.viewAt(ip, "room-101", 60*time.Second) }) // ends by itself
		}
		wg.Wait()
		inTime := 0.0
		for i, r := range reports {
			t.Logf("%s: %d of %d good, %.2f %% in 300 ms, p99 %.0f ms, longest stall %.0f ms, %d switches",
				branches[i], r.FramesGood, r.FramesExpected, 100*r.GoodIn300msRatio, r.Latency.P99, r.LongestStallMs,
				r.LayerSwitches)
			inTime += r.GoodIn300msRatio / float64(len(reports))
			// 4 or 6 switches in a dozen tries; they come in pairs.
			if r.LongestStallMs > 2500 || r.LayerSwitches > 8 || r.Broken+r.Undecodable > 0 {
				t.Errorf("%s: %+v", branches[i], r)
			}
		}
		// 0.94 to 0.98 in a dozen tries. Without the allocator: 0.85 to 0.93, and stalls
		// of up to 4.6 s.
		if inTime < 0.925 {
			t.Errorf("%.2f %% of the frames in time", 100*inTime)
		}
		c.close("branch-10.0.0.3", "branch-10.0.0.4")
		c.end()
	})
}

// Six rooms of a county go to one branch, over one link with room for all.
func TestSixFeedsOverOneLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{Rate: 100e6, Delay: 30 * time.Millisecond, Loss: 0.01})
		rooms := []media.FeedID{"room-101", "room-2", "room-3", "room-4", "room-5", "room-6"}
		cfg := *c.hub.duties.config()
		cfg.Feeds = make(map[media.FeedID]config.Feed)
		for _, id := range rooms {
			cfg.Feeds[id] = c.hub.duties.config().Feeds["room-101"]
		}
		if _, err := c.hub.Reload(&cfg); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		var wg sync.WaitGroup
		reports := make([]viewer.Report, len(rooms))
		for i, id := range rooms {
			wg.Go(func() { reports[i] = c.viewFeed(id, 40*time.Second) }) // ends by itself
		}
		wg.Wait()
		for i, r := range reports {
			t.Logf("%s: %d of %d good, %.2f %% in 300 ms, p99 %.0f ms, longest stall %.0f ms, %d switches", rooms[i],
				r.FramesGood, r.FramesExpected, 100*r.GoodIn300msRatio, r.Latency.P99, r.LongestStallMs, r.LayerSwitches)
			if r.GoodIn300msRatio < 0.995 || r.LayerSwitches != 1 {
				t.Errorf("%s: %+v", rooms[i], r)
			}
		}
		c.end()
	})
}
