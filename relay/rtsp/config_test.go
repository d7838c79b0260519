package rtsp

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

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
