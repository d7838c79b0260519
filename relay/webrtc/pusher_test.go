package webrtc

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/problem"
)

// sending adds tracks that the page publishes and returns them by kind.
func (p *page) sending(mimes ...string) []*pion.TrackLocalStaticRTP {
	p.t.Helper()
	var tracks []*pion.TrackLocalStaticRTP
	for _, mime := range mimes {
		track, err := pion.NewTrackLocalStaticRTP(capabilities(mime, 0)[0], mime, "talk")
		if err != nil {
			p.t.Fatal(err)
		}
		sender, err := p.pc.AddTrack(track)
		if err != nil {
			p.t.Fatal(err)
		}
		tracks = append(tracks, track)
		go p.hear(sender) // ends with the connection
	}
	return tracks
}

// hear counts requests for key frames.
func (p *page) hear(s *pion.RTPSender) {
	for {
		packets, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, r := range packets {
			if _, ok := r.(*rtcp.PictureLossIndication); ok {
				p.mu.Lock()
				p.asked++
				p.mu.Unlock()
			}
		}
	}
}

// talk sends frames of two packets every 40 ms, the first and those in keys as key
// frames, and a packet of sound with each.
func talk(t *testing.T, tracks []*pion.TrackLocalStaticRTP, from, frames int, key func(i int) bool) {
	t.Helper()
	for i := from; i < from+frames; i++ {
		first, second := []byte{0x5c, 0x81, 1, 2, 3}, []byte{0x5c, 0x41, 4, 5}
		if key(i) {
			first = []byte{24, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 0, 3, 0x68, 1, 2}
			second = []byte{0x65, 1, 2, 3}
		}
		for n, payload := range [][]byte{first, second} {
			send(t, tracks[0], uint16(2*i+n), uint32(i*3600), n == 1, payload)
		}
		if len(tracks) > 1 {
			send(t, tracks[1], uint16(i), uint32(i*1920), false, make([]byte, 80))
		}
		time.Sleep(40 * time.Millisecond)
	}
}

func send(t *testing.T, track *pion.TrackLocalStaticRTP, seq uint16, timestamp uint32, marker bool, payload []byte) {
	t.Helper()
	err := track.WriteRTP(&rtp.Packet{
		Header:  rtp.Header{Version: 2, Marker: marker, SequenceNumber: seq, Timestamp: timestamp},
		Payload: payload,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// publish posts a page's camera and microphone and waits until it is connected.
func (s *school) publish(t *testing.T, path string) (*page, []*pion.TrackLocalStaticRTP, string) {
	t.Helper()
	p := s.page(t, pageIP, browser()...)
	tracks := p.sending("video/H264", "audio/opus")
	res := p.post(path)
	if res.Code != http.StatusCreated {
		t.Fatalf("%d %s", res.Code, res.Body)
	}
	select {
	case <-p.connected:
	case <-time.After(10 * time.Second):
		t.Fatalf("the page that pushes %s is %v after ten seconds", path, p.pc.ConnectionState())
	}
	return p, tracks, res.Header().Get("Location")
}

func TestPushedPictureIsWatched(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		p, tracks, _ := s.publish(t, "/whip/room-7")
		defer p.close()
		every25th := func(i int) bool { return i%25 == 0 }
		talk(t, tracks, 0, 30, every25th)
		if by := s.pushedBy("room-7"); by != "ms-li at "+pageIP {
			t.Errorf("the room is pushed by %q", by)
		}
		known := s.feed("room-7").Tracks()
		if v, a := known[media.LayerMain], known[media.LayerAudio]; v == nil || v.Codec != media.H264 || a == nil || a.Codec != media.Opus {
			t.Fatalf("the feed has %+v and %+v", v, a)
		}
		v, _ := s.watch(t, "10.0.0.10", "/whep/room-7")
		defer v.close()
		talk(t, tracks, 30, 60, every25th)
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.packets) < 40 || len(v.sound) < 40 { // small frames leave in one packet
			t.Errorf("%d packets of the picture and %d of the sound came", len(v.packets), len(v.sound))
		}
	})
}

func TestViewerOfAPushMakesThePageSendAKeyFrame(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		p, tracks, _ := s.publish(t, "/whip/room-7")
		defer p.close()
		talk(t, tracks, 0, 80, func(i int) bool { return i == 0 }) // a browser makes no more by itself
		v, _ := s.watch(t, "10.0.0.10", "/whep/room-7")
		defer v.close()
		talk(t, tracks, 80, 30, func(int) bool { return false })
		if err := v.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(v.tracks[0].SSRC())}}); err != nil {
			t.Fatal(err)
		}
		talk(t, tracks, 110, 5, func(int) bool { return false })
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.asked == 0 {
			t.Error("the page was not asked for a key frame")
		}
	})
}

func TestSecondPusherIsRefusedUntilTheFirstHasGone(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		first, _, location := s.publish(t, "/whip/room-7")
		defer first.close() // it is told of its end, but its own goroutines go on
		second := s.page(t, "10.0.0.10", browser()...)
		second.sending("video/H264")
		res := second.post("/whip/room-7")
		var got problem.Problem
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil || res.Code != http.StatusConflict || got.Code != "taken" {
			t.Errorf("%v: %d %+v", err, res.Code, got)
		}
		second.close()
		if res := s.ask(t, http.MethodDelete, location, "", ""); res.Code != http.StatusOK {
			t.Errorf("DELETE answers %d", res.Code)
		}
		time.Sleep(time.Second)
		third, _, _ := s.publish(t, "/whip/room-7")
		third.close()
		time.Sleep(time.Second)
		if by := s.pushedBy("room-7"); by != "" {
			t.Errorf("the room is still pushed by %q", by)
		}
	})
}

func TestPusherThatFallsSilentOrNeverConnectsLosesItsPlace(t *testing.T) {
	for _, c := range []struct {
		name  string
		begin func(t *testing.T, s *school) *page
	}{
		{"never connects", func(t *testing.T, s *school) *page {
			t.Helper()
			p := s.page(t, pageIP, browser()...)
			p.sending("video/H264")
			if res := s.ask(t, http.MethodPost, "/whip/room-7", sdpType, p.offer()); res.Code != http.StatusCreated {
				t.Fatalf("%d %s", res.Code, res.Body)
			}
			return p
		}},
		{"never sends", func(t *testing.T, s *school) *page {
			t.Helper()
			p, _, _ := s.publish(t, "/whip/room-7")
			return p
		}},
		{"stops to send", func(t *testing.T, s *school) *page {
			t.Helper()
			p, tracks, _ := s.publish(t, "/whip/room-7")
			talk(t, tracks, 0, 30, func(i int) bool { return i == 0 })
			return p
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			teach(t, Config{}, func(t *testing.T, s *school) {
				t.Helper()
				p := c.begin(t, s)
				defer p.close()
				if s.pushedBy("room-7") == "" {
					t.Error("nobody has the place to begin with")
				}
				time.Sleep(12 * time.Second)
				if by := s.pushedBy("room-7"); by != "" {
					t.Errorf("the room is still pushed by %q", by)
				}
			})
		})
	}
}

func TestPageThatSendsNothingWeCarryIsRefused(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		p := s.page(t, pageIP, "video/VP8")
		defer p.close()
		p.sending("video/VP8")
		if res := p.post("/whip/room-7"); res.Code != http.StatusNotAcceptable {
			t.Errorf("%d %s", res.Code, res.Body)
		}
		if by := s.pushedBy("room-7"); by != "" {
			t.Errorf("the room is pushed by %q", by)
		}
	})
}

func TestLossesAreRepairedOnBothLegs(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		lossy := netem.Profile{Delay: 10 * time.Millisecond, Loss: 0.02}
		for _, ip := range []string{pageIP, "10.0.0.10"} {
			if err := s.net.Link(nodeIP, ip, lossy, lossy); err != nil {
				t.Fatal(err)
			}
		}
		p, tracks, _ := s.publish(t, "/whip/room-7")
		defer p.close()
		every25th := func(i int) bool { return i%25 == 0 }
		talk(t, tracks, 0, 30, every25th)
		v, _ := s.watch(t, "10.0.0.10", "/whep/room-7")
		defer v.close()
		const frames = 500
		talk(t, tracks, 30, frames, every25th)
		time.Sleep(time.Second)
		seen := map[uint16]bool{}
		for _, q := range v.picture() {
			seen[q.SequenceNumber] = true
		}
		if n := len(seen); n < frames*97/100 { // in one packet each
			t.Errorf("%d of %d frames came", n, frames)
		}
	})
}
