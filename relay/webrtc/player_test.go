package webrtc

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	pion "github.com/pion/webrtc/v4"

	"github.com/classrelay/classrelay/media"
)

func TestPageGetsTheCachedGroupAndTrueTime(t *testing.T) {
	teach(t, Config{Buffer: 50 * time.Millisecond}, func(t *testing.T, s *school) {
		t.Helper()
		cam := &camera{t: t, feed: s.feed("county/room-101", h264, nil, pcma), sound: pcma}
		cam.film(20)
		p, location := s.watch(t, pageIP, "/whep/county/room-101?x=y")
		defer p.close()
		if !strings.HasPrefix(location, "/whep-session/") || len(location) != len("/whep-session/")+32 {
			t.Errorf("the session is at %s", location)
		}
		cam.film(50)

		list := s.server.Players()
		if len(list) != 1 || list[0].User != "ms-li" || list[0].Remote.String() != pageIP || list[0].Feed != "county/room-101" {
			t.Errorf("players: %+v", list)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		// From the last key frame before the page was connected, which takes a while.
		if n := len(p.packets); n != 3*70 && n != 3*45 || p.packets[0].Payload[0] != 24 {
			t.Fatalf("%d packets came, want 210 or 135 from a key frame on", n)
		}
		for i := range p.packets[1:] {
			if p.packets[i+1].SequenceNumber != p.packets[i].SequenceNumber+1 {
				t.Fatalf("the numbers have a gap at %d", i)
			}
		}
		if len(p.sound) < 40 {
			t.Errorf("%d packets of sound came", len(p.sound))
		}
		if len(p.tracks) != 2 || p.tracks[0].StreamID() == p.tracks[1].StreamID() {
			t.Errorf("%d tracks came, or picture and sound are in one stream", len(p.tracks))
		}
		if len(p.reports) < 2 {
			t.Fatalf("%d sender reports came", len(p.reports))
		}
		n := len(p.packets) - 1
		last, report := p.packets[n], p.reports[len(p.reports)-1]
		off := time.Duration(int32(last.Timestamp-report.RTPTime)) * time.Second / 90000
		capture := media.FromNTP(report.NTPTime).Add(off)
		if d := p.at[n].Add(-5 * time.Millisecond).Sub(capture); d.Abs() > 10*time.Millisecond {
			t.Errorf("by the reports the last frame was taken %v off", d)
		}
		checkExtensions(t, p, capture)
	})
}

// checkExtensions reads the last packet's header extensions.
func checkExtensions(t *testing.T, p *page, capture time.Time) {
	t.Helper()
	last := p.packets[len(p.packets)-1]
	found := map[string][]byte{}
	for _, h := range p.pc.GetTransceivers()[0].Receiver().GetParameters().HeaderExtensions {
		found[h.URI] = last.GetExtension(uint8(h.ID))
	}
	if d := found[playoutDelayURI]; string(d) != "\x00\x50\x05" { // 5 times 10 ms, twice
		t.Errorf("the playout delay is % x", d)
	}
	at := found[absCaptureTimeURI]
	if len(at) != 8 {
		t.Fatalf("the time of capture is % x", at)
	}
	var ntp uint64
	for _, b := range at {
		ntp = ntp<<8 | uint64(b)
	}
	if d := media.FromNTP(ntp).Sub(capture); d.Abs() > time.Millisecond {
		t.Errorf("the extension says the frame was taken %v off", d)
	}
}

func TestTwoPagesWatchOneFeed(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		cam := &camera{t: t, feed: s.feed(room, h264, nil, opus), sound: opus}
		first, _ := s.watch(t, pageIP, "/whep/room-1")
		cam.film(30)
		second, _ := s.watch(t, "10.0.0.10", "/whep/room-1")
		defer second.close()
		cam.film(10)
		first.close()
		cam.film(20)
		if n := len(first.picture()); n < 100 || n > 120 {
			t.Errorf("%d packets came to the first page", n)
		}
		if n := len(second.picture()); n < 90 {
			t.Errorf("%d packets came to the second page", n)
		}
		if n := len(s.server.Players()); n != 1 {
			t.Errorf("%d players are counted after one left", n)
		}
	})
}

func TestLossIndicationBringsTheGroupAgainOrAsksForAKeyFrame(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		cam := &camera{t: t, feed: s.feed(room, h264)}
		p, _ := s.watch(t, pageIP, "/whep/room-1")
		defer p.close()
		cam.film(30)
		lost := func() {
			t.Helper()
			ssrc := uint32(p.tracks[0].SSRC())
			if err := p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		keys := func() (n int) {
			for _, q := range p.picture() {
				if q.Payload[0] == 24 {
					n++
				}
			}
			return n
		}
		if keys() != 2 {
			t.Fatalf("%d key frames came", keys())
		}
		lost()
		cam.film(2)
		if keys() != 3 || s.keyFramesAsked() != 0 {
			t.Errorf("%d key frames came after a loss, want 3; %d were asked for", keys(), s.keyFramesAsked())
		}
		lost()
		cam.film(2)
		if keys() != 3 || s.keyFramesAsked() != 1 {
			t.Errorf("%d key frames came, want 3; %d were asked for, want 1", keys(), s.keyFramesAsked())
		}
	})
}

func TestSessionEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    func(t *testing.T, s *school, p *page, location string)
		within time.Duration
		seen   bool // by the page, too
	}{
		{"the page deletes it", func(t *testing.T, s *school, _ *page, location string) {
			t.Helper()
			if res := s.ask(t, http.MethodDelete, location, "", ""); res.Code != http.StatusOK {
				t.Errorf("DELETE answers %d", res.Code)
			}
		}, time.Second, true},
		{"the feed is withdrawn", func(t *testing.T, s *school, _ *page, _ string) {
			t.Helper()
			if n := s.server.Dismiss("room-2"); n != 0 {
				t.Errorf("%d pages watched another feed", n)
			}
			if n := s.server.Dismiss(room); n != 1 {
				t.Errorf("%d pages were sent away", n)
			}
		}, time.Second, true},
		{"the page closes", func(t *testing.T, _ *school, p *page, _ string) {
			t.Helper()
			p.close()
		}, time.Second, false},
		{"the page's cable is cut", func(t *testing.T, _ *school, p *page, _ string) {
			t.Helper()
			p.vanish()
		}, disconnectAfter + failAfter + 2*keepalive, false},
		{"the encoding changes", func(t *testing.T, s *school, _ *page, _ string) {
			t.Helper()
			s.feed(room, h265)
		}, 2 * time.Second, true},
		{"the node stops", func(_ *testing.T, s *school, _ *page, _ string) { s.stop() }, time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			teach(t, Config{}, func(t *testing.T, s *school) {
				t.Helper()
				cam := &camera{t: t, feed: s.feed(room, h264)}
				p, location := s.watch(t, pageIP, "/whep/room-1")
				defer p.close()
				cam.film(10)
				if p.pc.ConnectionState() != pion.PeerConnectionStateConnected {
					t.Fatalf("the page is %v", p.pc.ConnectionState())
				}
				c.end(t, s, p, location)
				time.Sleep(c.within)
				if n := len(s.server.Players()); n != 0 {
					t.Errorf("%d players are counted after %v", n, c.within)
				}
				if st := p.pc.ConnectionState(); c.seen && st != pion.PeerConnectionStateClosed {
					t.Errorf("the page is %v", st)
				}
				if res := s.ask(t, http.MethodDelete, location, "", ""); res.Code != http.StatusNotFound {
					t.Errorf("DELETE of a session that has ended answers %d", res.Code)
				}
			})
		})
	}
}

func TestPageThatNeverConnectsIsForgotten(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		s.feed(room, h264)
		p := s.page(t, pageIP, browser()...).receive()
		defer p.close()
		res := s.ask(t, http.MethodPost, "/whep/room-1", "application/sdp", p.offer())
		if res.Code != http.StatusCreated || len(s.server.Players()) != 1 {
			t.Fatalf("%d, %d players", res.Code, len(s.server.Players()))
		}
		time.Sleep(11 * time.Second)
		if n := len(s.server.Players()); n != 0 {
			t.Errorf("%d players are counted", n)
		}
	})
}

func TestPageThatTakesNothingIsNotWaitedFor(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		cam := &camera{t: t, feed: s.feed(room, h264), fill: 1000}
		slow, _ := s.watch(t, "10.0.0.8", "/whep/room-1")
		defer slow.close()
		fast, _ := s.watch(t, pageIP, "/whep/room-1")
		defer fast.close()
		cam.film(25)
		slow.vanish()
		cam.film(50)
		if n := len(fast.picture()); n < 220 {
			t.Errorf("%d packets came to the page that reads, want 225", n)
		}
	})
}
