package webrtc

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
)

// studio is a camera that sends both layers: main with 2.2 Mbit/s, sub with 0.4. A
// packet of main has 1100 bytes, one of sub 600.
type studio struct {
	main, sub *camera
	made      int
}

const mainPacket = 1000 // bytes; sub's are shorter

func (s *school) studio(t *testing.T) *studio {
	t.Helper()
	feed := s.feed(room, h264, h264)
	return &studio{
		main: &camera{t: t, feed: feed, fill: 1100}, sub: &camera{t: t, feed: feed, layer: media.LayerSub, fill: 600},
	}
}

// film lets time pass: a frame each 40 ms, each 25th a key frame, those of sub in between.
func (c *studio) film(d time.Duration) {
	for range d / (40 * time.Millisecond) {
		at := time.Now().Add(-5 * time.Millisecond)
		c.main.frame(at, 10, c.made%25 == 0)
		c.sub.frame(at, 3, c.made%25 == 12)
		c.made++
		time.Sleep(40 * time.Millisecond)
	}
}

// frame writes one of n packets.
func (c *camera) frame(at time.Time, n int, key bool) {
	c.t.Helper()
	for i := range n {
		first := []byte{0x5c, 0x01, 6}
		switch {
		case i == 0 && key:
			first = []byte{24, 0, 4, 0x67, 1, 2, 3, 0, 2, 0x68, 1}
		case i == 0:
			first = []byte{0x5c, 0x81, 1, 2, 3}
		case i == n-1:
			first = []byte{0x5c, 0x41, 4, 5}
		}
		c.write(first, i == n-1, at)
	}
}

// stretch is what a page got of one layer in a row.
type stretch struct {
	layer  media.Layer
	frames int
}

// stretches reads what a page got: what came twice is left out, and nothing may be
// missing.
func (p *page) stretches(t *testing.T) (all []stretch) {
	t.Helper()
	packets := p.picture()
	slices.SortStableFunc(packets, func(a, b rtp.Packet) int { return int(int16(a.SequenceNumber - b.SequenceNumber)) })
	for i, one := range packets {
		if i > 0 {
			if d := one.SequenceNumber - packets[i-1].SequenceNumber; d == 0 {
				continue
			} else if d != 1 {
				t.Fatalf("%d packets are missing behind %d", d-1, packets[i-1].SequenceNumber)
			}
		}
		l := media.LayerSub
		if len(one.Payload) > mainPacket {
			l = media.LayerMain
		}
		if n := len(all); n == 0 || all[n-1].layer != l {
			all = append(all, stretch{layer: l})
		}
		if one.Marker {
			all[len(all)-1].frames++
		}
	}
	return all
}

// sees is the layer of what a page got last.
func (p *page) sees() media.Layer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.packets); n > 0 && len(p.packets[n-1].Payload) < mainPacket {
		return media.LayerSub
	}
	return media.LayerMain
}

// until films until a page sees a layer, and tells how long that took.
func (c *studio) until(t *testing.T, p *page, l media.Layer, most time.Duration) time.Duration {
	t.Helper()
	begun := time.Now()
	for p.sees() != l {
		c.film(200 * time.Millisecond)
		if time.Since(begun) > most {
			t.Fatalf("the page does not see %v after %v", l, most)
		}
	}
	return time.Since(begun)
}

func (s *school) line(t *testing.T, page string, rate int64) {
	t.Helper()
	p := netem.Profile{Rate: rate, Queue: 400 * time.Millisecond, Delay: 4 * time.Millisecond}
	if err := s.net.Link(nodeIP, page, p, p); err != nil {
		t.Fatal(err)
	}
}

func TestAPageWhoseWayFallsGetsTheSubStreamAndMainAgainWhenItIsGood(t *testing.T) {
	const other = "10.0.0.8"
	teach(t, Config{Choice: playout.ChooseNewest}, func(t *testing.T, s *school) {
		t.Helper()
		cam := s.studio(t)
		cam.film(2 * time.Second)
		s.line(t, pageIP, 20e6)
		s.line(t, other, 20e6)
		p, _ := s.watch(t, pageIP, "/whep/room-1")
		defer p.close()
		beside, _ := s.watch(t, other, "/whep/room-1")
		defer beside.close()
		cam.film(8 * time.Second)

		s.line(t, pageIP, 1e6)
		cam.until(t, p, media.LayerSub, 3*time.Second)
		cam.film(10 * time.Second)
		s.line(t, pageIP, 20e6)
		cam.until(t, p, media.LayerMain, 10*time.Second)
		cam.film(5 * time.Second)

		// Nothing that left is missing, whatever the line lost of it, but for what it
		// had no room for when it fell.
		if got := p.stretches(t); len(got) != 3 || got[1].frames < 240 || got[2].frames < 100 {
			t.Errorf("the page got %+v, want main, sub, main", got)
		}
		if got := beside.stretches(t); len(got) != 1 || got[0].frames < 600 {
			t.Errorf("the page beside it got %+v, want main only", got)
		}
		list := s.server.Players()
		if len(list) != 2 {
			t.Fatalf("%d players", len(list))
		}
		slices.SortFunc(list, func(a, b PlayerStats) int { return int(a.Video.Switches) - int(b.Video.Switches) })
		if v := list[0].Video; v.Switches+v.Broken+v.Slow+v.Skipped+v.Incomplete+v.KeyAsked > 0 {
			t.Errorf("the page beside it counted %+v", v)
		}
		if v := list[1].Video; v.Switches != 2 || v.Broken > 0 {
			t.Errorf("the page counted %+v", v)
		}
	})
}

func TestAPageKeepsTheLayerItAsksFor(t *testing.T) {
	teach(t, Config{Choice: playout.ChooseNewest}, func(t *testing.T, s *school) {
		t.Helper()
		cam := s.studio(t)
		cam.film(2 * time.Second)
		s.line(t, pageIP, 1e6)
		p, _ := s.watch(t, pageIP, "/whep/room-1?layer=main")
		defer p.close()
		cam.film(10 * time.Second)
		if p.sees() != media.LayerMain {
			t.Error("the page sees sub")
		}
	})
}

func TestAPageIsNotSteppedDownToASubStreamThatIsNotThere(t *testing.T) {
	teach(t, Config{Choice: playout.ChooseNewest}, func(t *testing.T, s *school) {
		t.Helper()
		cam := &camera{t: t, feed: s.feed(room, h264), fill: 2000}
		cam.film(25)
		s.line(t, pageIP, 0.8e6)
		p, _ := s.watch(t, pageIP, "/whep/room-1")
		defer p.close()
		cam.film(250)
		list := s.server.Players()
		if len(list) != 1 || list[0].Video.Frames < 50 || list[0].Video.KeyAsked > 12 {
			t.Errorf("players: %+v", list)
		}
	})
}
