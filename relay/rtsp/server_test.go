package rtsp

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

var h264 = &media.Track{
	Codec: media.H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000",
	FMTP: map[string]string{"packetization-mode": "1"},
}

var pcma = &media.Track{Codec: media.G711, PayloadType: 8, ClockRate: 8000, RTPMap: "PCMA/8000"}

// school is a server in a network in memory.
type school struct {
	*hub
	net    *testnet.Network
	server *Server
	seen   *observer.ObservedLogs
}

// teach runs f with a server at 10.0.0.1, in virtual time.
func teach(t *testing.T, rules access.Config, users []access.User, f func(t *testing.T, s *school)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &school{hub: newHub(t), net: testnet.New(1)}
		defer s.net.Close()
		r, err := access.New(rules, users)
		if err != nil {
			t.Fatal(err)
		}
		core, seen := observer.New(zapcore.InfoLevel)
		s.seen = seen
		s.server, err = New(Config{
			Listen: "10.0.0.1:8554", ListenTCP: s.net.Host("10.0.0.1").Listen,
		}, s.hub, r, zap.New(core))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.server.Run(ctx) }()
		synctest.Wait()
		f(t, s)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// client makes an RTSP client at an address of the school's network.
func (s *school) client(t *testing.T, host string) *gortsplib.Client {
	t.Helper()
	tcp := gortsplib.TransportTCP
	c := &gortsplib.Client{
		Transport:   &tcp,
		DialContext: s.net.Host(host).DialContext,
	}
	return c
}

func parse(t *testing.T, s string) *base.URL {
	t.Helper()
	u, err := base.ParseURL(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// take is what a client got of the picture.
type take struct {
	mu      sync.Mutex
	packets []rtp.Packet
	at      []time.Time
	reports []rtcp.SenderReport
	cname   string
}

func (k *take) rtp(p *rtp.Packet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.packets = append(k.packets, *p)
	k.at = append(k.at, time.Now())
}

func (k *take) rtcp(p rtcp.Packet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch p := p.(type) {
	case *rtcp.SenderReport:
		k.reports = append(k.reports, *p)
	case *rtcp.SourceDescription:
		k.cname = p.Chunks[0].Items[0].Text
	}
}

// watch opens a URL and plays; the session ends with the test.
func (s *school) watch(t *testing.T, host, url string) (*gortsplib.Client, *take, *description.Session) {
	t.Helper()
	u := parse(t, url)
	c := s.client(t, host)
	c.Scheme, c.Host = u.Scheme, u.Host
	if err := c.Start2(); err != nil {
		t.Fatal(err)
	}
	desc, _, err := c.Describe(u)
	if err != nil {
		c.Close()
		t.Fatal(err)
	}
	if err := c.SetupAll(desc.BaseURL, desc.Medias); err != nil {
		c.Close()
		t.Fatal(err)
	}
	k := &take{}
	c.OnPacketRTP(desc.Medias[0], desc.Medias[0].Formats[0], k.rtp)
	c.OnPacketRTCP(desc.Medias[0], k.rtcp)
	if _, err := c.Play(nil); err != nil {
		c.Close()
		t.Fatal(err)
	}
	return c, k, desc
}

// camera writes frames of two packets into a feed every 40 ms, each 25th a key
// frame, as if captured 5 ms before.
type camera struct {
	t    *testing.T
	feed *fanout.Feed
	ssrc uint32
	seq  uint16
	made int
	fill int // bytes added to each packet
	more int // packets per frame beyond two
}

func (c *camera) film(frames int) {
	c.t.Helper()
	for range frames {
		capture := time.Now().Add(-5 * time.Millisecond)
		first := []byte{0x5c, 0x81, 1, 2, 3}
		if c.made%25 == 0 {
			first = []byte{24, 0, 4, 0x67, 1, 2, 3, 0, 2, 0x68, 1}
		}
		c.write(first, false, capture)
		for range c.more {
			c.write([]byte{0x5c, 0x01, 6}, false, capture)
		}
		c.write([]byte{0x5c, 0x41, 4, 5}, true, capture)
		c.made++
		time.Sleep(40 * time.Millisecond)
	}
}

func (c *camera) write(payload []byte, marker bool, capture time.Time) {
	c.t.Helper()
	raw, err := (&rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: marker, PayloadType: 96, SequenceNumber: c.seq,
			Timestamp: uint32(capture.UnixMilli() * 90), SSRC: c.ssrc,
		},
		Payload: append(payload, make([]byte, c.fill)...),
	}).Marshal()
	if err != nil {
		c.t.Fatal(err)
	}
	p, err := media.Parse(raw, media.LayerMain, media.H264, time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	p.Capture = capture
	c.seq++
	c.feed.WritePacket(p)
}

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

func TestRefusals(t *testing.T) {
	li := access.HashUser("li", "secret")
	for _, c := range []struct {
		name, from, url string
		rules           access.Config
		status          base.StatusCode
		says            string // in the log
	}{
		{"an unknown feed", "10.0.0.9", "rtsp://10.0.0.1:8554/nowhere", access.Config{Watch: anywhere}, 404, "no such feed"},
		{"a name that cannot be", "10.0.0.9", "rtsp://10.0.0.1:8554/a/../b", access.Config{Watch: anywhere}, 404, "only dots"},
		{"a feed that does not come", "10.0.0.9", "rtsp://10.0.0.1:8554/silent", access.Config{Watch: anywhere}, 503, "offline"},
		{"a wrong password", "10.0.0.9", "rtsp://li:wrong@10.0.0.1:8554/room-1", access.Config{}, 401, "wrong name or password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			teach(t, c.rules, []access.User{li}, func(t *testing.T, s *school) {
				t.Helper()
				s.feed("silent")
				s.feed("room-1").SetTrack(media.LayerMain, h264)
				u := parse(t, c.url)
				client := s.client(t, c.from)
				client.Scheme, client.Host = u.Scheme, u.Host
				if err := client.Start2(); err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				_, _, err := client.Describe(u)
				var bad liberrors.ErrClientBadStatusCode
				if !errors.As(err, &bad) || bad.Code != c.status {
					t.Errorf("answered %v, want %d", err, c.status)
				}
				lines := s.seen.FilterMessage("RTSP request refused").All()
				if len(lines) != 1 || !strings.Contains(lines[0].ContextMap()["reason"].(string), c.says) {
					t.Errorf("logged %+v, want %q", lines, c.says)
				}
			})
		})
	}
}

func TestLoginAndLoopback(t *testing.T) {
	for _, c := range []struct{ name, from, url string }{
		{"a user logs in", "10.0.0.9", "rtsp://li:secret@10.0.0.1:8554/room-1"},
		{"this machine needs no login", "127.0.0.1", "rtsp://10.0.0.1:8554/room-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			teach(t, access.Config{}, []access.User{access.HashUser("li", "secret")}, func(t *testing.T, s *school) {
				t.Helper()
				f := s.feed("room-1")
				f.SetTrack(media.LayerMain, h264)
				client, k, _ := s.watch(t, c.from, c.url)
				defer client.Close()
				(&camera{t: t, feed: f}).film(3)
				k.mu.Lock()
				defer k.mu.Unlock()
				if len(k.packets) != 6 {
					t.Errorf("%d packets came", len(k.packets))
				}
			})
		})
	}
}

// announce pushes a session of one H.264 track and returns the client.
func (s *school) announce(t *testing.T, host, url string) (*gortsplib.Client, *description.Session, error) {
	t.Helper()
	c := s.client(t, host)
	desc := &description.Session{Medias: []*description.Media{{
		Type:    description.MediaTypeVideo,
		Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}},
	}}}
	return c, desc, c.StartRecording(url, desc)
}

func TestSecondPusherIsRefusedUntilTheFirstHasGone(t *testing.T) {
	teach(t, access.Config{Push: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		url := "rtsp://10.0.0.1:8554/room-7"
		first, _, err := s.announce(t, "10.0.0.8", url)
		if err != nil {
			t.Fatal(err)
		}
		second, _, err := s.announce(t, "10.0.0.9", url)
		var bad liberrors.ErrClientBadStatusCode
		if !errors.As(err, &bad) || bad.Code != base.StatusForbidden || !strings.Contains(bad.Message, "10.0.0.8") {
			t.Errorf("the second pusher got %v", err)
		}
		second.Close()
		first.Close()
		synctest.Wait()
		third, _, err := s.announce(t, "10.0.0.9", url)
		if err != nil {
			t.Errorf("the place was not given back: %v", err)
		}
		third.Close()
	})
}

func TestPusherThatNeverRecordsLosesItsPlace(t *testing.T) {
	teach(t, access.Config{Push: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		u := parse(t, "rtsp://10.0.0.1:8554/room-7")
		c := s.client(t, "10.0.0.8")
		c.Scheme, c.Host = u.Scheme, u.Host
		if err := c.Start2(); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		desc := &description.Session{Medias: []*description.Media{{
			Type:    description.MediaTypeVideo,
			Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}},
		}}}
		if _, err := c.Announce(u, desc); err != nil {
			t.Fatal(err)
		}
		time.Sleep(recordWithin + time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.held["room-7"] != "" {
			t.Error("the place is still held")
		}
	})
}

func TestPushedPictureIsPlayed(t *testing.T) {
	teach(t, access.Config{Push: anywhere, Watch: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		c, desc, err := s.announce(t, "10.0.0.8", "rtsp://10.0.0.1:8554/room-7")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		write := func(i int) {
			payload := []byte{24, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 0, 3, 0x68, 1, 2, 0, 3, 0x65, 1, 2}
			if i%25 != 0 {
				payload = []byte{0x41, 1, 2}
			}
			err := c.WritePacketRTP(desc.Medias[0], &rtp.Packet{
				Header: rtp.Header{
					Version: 2, Marker: true, PayloadType: 96, SequenceNumber: uint16(i),
					Timestamp: uint32(i * 3600), SSRC: 5,
				},
				Payload: payload,
			})
			if err != nil {
				t.Fatal(err, s.seen.All())
			}
			time.Sleep(40 * time.Millisecond)
		}
		for i := range 25 {
			write(i)
		}
		v, k, _ := s.watch(t, "10.0.0.9", "rtsp://10.0.0.1:8554/room-7")
		defer v.Close()
		for i := range 50 {
			write(25 + i)
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.packets) < 50 {
			t.Errorf("%d packets came", len(k.packets))
		}
	})
}

func TestPortInUseNamesTheKey(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := New(Config{Listen: l.Addr().String()}, newHub(t), nil, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "listen.rtsp: ") {
		t.Errorf("Run says %v", err)
	}
}

func TestConfigNamesTheKey(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		says string
	}{
		{Config{Listen: "8554"}, "listen.rtsp"},
		{Config{Listen: ":8554", RTP: ":8557"}, "listen.rtp: port \"8557\" must be an even number"},
		{Config{Listen: ":8554", RTP: "x"}, "listen.rtp"},
		{Config{Listen: ":8554", RTP: "off"}, ""},
	} {
		_, err := New(c.cfg, nil, nil, zap.NewNop())
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v: %v, want %q", c.cfg, err, c.says)
		}
	}
}

func TestLayerIsReadFromTheQuery(t *testing.T) {
	for query, want := range map[string]string{
		"layer=sub": "sub", "token=x&layer=main": "main", "layer=audio": "", "layer=": "", "": "", "%zz": "",
	} {
		l, ok := request{query: query}.layer()
		if ok != (want != "") || ok && l.String() != want {
			t.Errorf("%q reads as %v %v, want %q", query, l, ok, want)
		}
	}
}

func TestFixedLayerIsPlayed(t *testing.T) {
	teach(t, access.Config{Watch: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		f := s.feed("room-1")
		f.SetTrack(media.LayerMain, h264)
		f.SetTrack(media.LayerSub, h264)
		c, k, _ := s.watch(t, "10.0.0.9", "rtsp://10.0.0.1:8554/room-1?layer=sub")
		defer c.Close()
		(&camera{t: t, feed: f, ssrc: 1}).film(30)
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.packets) != 0 {
			t.Errorf("%d packets of main came", len(k.packets))
		}
	})
}

func TestWaitingPlayerDoesNotHoldUpTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.New(1)
		defer n.Close()
		h := newHub(t)
		h.feed("silent")
		rules, err := access.New(access.Config{Watch: anywhere}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(Config{
			Listen: "10.0.0.1:8554", ListenTCP: n.Host("10.0.0.1").Listen, WatchWait: time.Hour,
		}, h, rules, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		c := (&school{net: n}).client(t, "10.0.0.9")
		u := parse(t, "rtsp://10.0.0.1:8554/silent")
		c.Scheme, c.Host = u.Scheme, u.Host
		if err := c.Start2(); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() { _, _, _ = c.Describe(u) }() // ends with the server
		time.Sleep(time.Second)
		begun := time.Now()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}

func FuzzRequest(f *testing.F) {
	f.Add("/county/room-1", "layer=sub&token=1")
	f.Add("/../x", "%zz")
	f.Fuzz(func(t *testing.T, path, query string) {
		r := request{path: path, query: query}
		if id, err := r.feed(); err == nil {
			if again, err := media.ParseFeedID(string(id)); err != nil || again != id {
				t.Errorf("%q gave the name %q, which is none: %v", path, id, err)
			}
		} else if p := reasonPhrase(base.StatusNotFound, err.Error()); strings.ContainsAny(p, "\r\n") || len(p) > 120 {
			t.Errorf("%q is not a reason phrase", p)
		}
		if l, ok := r.layer(); ok && !l.IsVideo() {
			t.Errorf("%q is layer %v", query, l)
		}
	})
}
