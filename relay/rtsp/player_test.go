package rtsp

import (
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

func TestPlayerGetsTheCachedGroupAndTrueTime(t *testing.T) {
	teach(t, access.Config{Watch: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		f := s.feed("county/room-101")
		f.SetTrack(media.LayerMain, h264)
		f.SetTrack(media.LayerAudio, pcma)
		cam := &camera{t: t, feed: f, ssrc: 7}
		cam.film(20)
		c, k, desc := s.watch(t, "10.0.0.9", "rtsp://10.0.0.1:8554/county/room-101?token=x")
		defer c.Close()
		if len(desc.Medias) != 2 || desc.Medias[1].Type != description.MediaTypeAudio {
			t.Fatalf("described %+v", desc)
		}
		if _, ok := desc.Medias[0].Formats[0].(*format.H264); !ok {
			t.Errorf("the picture is %T", desc.Medias[0].Formats[0])
		}
		cam.film(50)

		if n := len(s.server.Players()); n != 1 {
			t.Errorf("%d players are counted", n)
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.packets) != 140 || k.packets[0].Payload[0] != 24 {
			t.Fatalf("%d packets came, want 140, from a key frame on", len(k.packets))
		}
		last, report := k.packets[139], k.reports[len(k.reports)-1]
		if report.SSRC != last.SSRC || k.cname != "county/room-101" {
			t.Errorf("report of %x %q, packets of %x", report.SSRC, k.cname, last.SSRC)
		}
		off := time.Duration(int32(last.Timestamp-report.RTPTime)) * time.Second / 90000
		capture := media.FromNTP(report.NTPTime).Add(off)
		if d := k.at[139].Add(-5 * time.Millisecond).Sub(capture); d.Abs() > time.Millisecond {
			t.Errorf("by the reports the last frame was taken %v off", d)
		}
	})
}

func TestPlayerPausesAndStaysThroughARestartOfTheCamera(t *testing.T) {
	teach(t, access.Config{Watch: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		f := s.feed("room-1")
		f.SetTrack(media.LayerMain, h264)
		c, k, _ := s.watch(t, "10.0.0.9", "rtsp://10.0.0.1:8554/room-1")
		defer c.Close()
		(&camera{t: t, feed: f, ssrc: 1}).film(10)
		time.Sleep(30 * time.Second)
		cam := &camera{t: t, feed: f, ssrc: 2}
		cam.film(10)
		if _, err := c.Pause(); err != nil {
			t.Fatal(err)
		}
		k.mu.Lock()
		if len(k.packets) != 40 {
			t.Errorf("%d packets before the pause, want 40", len(k.packets))
		}
		passed := k.at[20].Sub(k.at[19])
		if stamped := time.Duration(k.packets[20].Timestamp-k.packets[19].Timestamp) * time.Second / 90000; stamped != passed {
			t.Errorf("the camera was away for %v, stamped %v", passed, stamped)
		}
		k.mu.Unlock()
		cam.film(30)
		if _, err := c.Play(nil); err != nil {
			t.Fatal(err)
		}
		cam.film(20)
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.packets) <= 80 {
			t.Errorf("%d packets after playing on", len(k.packets))
		}
		for i := range k.packets[1:] {
			if k.packets[i+1].SequenceNumber != k.packets[i].SequenceNumber+1 {
				t.Fatalf("the numbers have a gap at %d", i)
			}
		}
	})
}

func TestPlayerThatStopsReadingCostsTheOthersNothing(t *testing.T) {
	teach(t, access.Config{Watch: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		f := s.feed("room-1")
		f.SetTrack(media.LayerMain, h264)
		slow, slowTake, desc := s.watch(t, "10.0.0.8", "rtsp://10.0.0.1:8554/room-1")
		defer slow.Close()
		stalled := false
		slow.OnPacketRTP(desc.Medias[0], desc.Medias[0].Formats[0], func(p *rtp.Packet) {
			if !stalled {
				stalled = true
				time.Sleep(8 * time.Second)
			}
			slowTake.rtp(p)
		})
		fast, fastTake, _ := s.watch(t, "10.0.0.9", "rtsp://10.0.0.1:8554/room-1")
		defer fast.Close()
		(&camera{t: t, feed: f, fill: 1200, more: 3}).film(300) // 1.2 Mbit/s

		fastTake.mu.Lock()
		defer fastTake.mu.Unlock()
		const all, perFrame = 1500, 5
		if len(fastTake.packets) != all {
			t.Fatalf("%d packets came to the player that reads", len(fastTake.packets))
		}
		for i, at := range fastTake.at {
			if late := at.Sub(fastTake.at[0]) - time.Duration(i/perFrame)*40*time.Millisecond; late != 0 {
				t.Fatalf("packet %d came %v late", i, late)
			}
		}
		slowTake.mu.Lock()
		defer slowTake.mu.Unlock()
		if n := len(slowTake.packets); n >= all || n < all/4 {
			t.Errorf("%d packets came to the player that stopped", n)
		}
		last := len(slowTake.packets) - 1
		length := func(k *take, last int) uint32 { return k.packets[last].Timestamp - k.packets[0].Timestamp }
		if length(slowTake, last) != length(fastTake, all-1) {
			t.Error("the player that stopped is behind at the end")
		}
		for i, p := range slowTake.packets {
			if i > 0 && p.SequenceNumber != slowTake.packets[i-1].SequenceNumber+1 || p.Marker != (i%perFrame == perFrame-1) {
				t.Fatalf("packet %d: a frame was cut", i)
			}
		}
	})
}
