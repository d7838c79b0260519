package webrtc

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"
	"go.uber.org/zap"
)

// loopback is a server on this machine's sockets.
func loopback(t *testing.T) (*hub, *Server, *httptest.Server) {
	t.Helper()
	h := newHub()
	s, mux := opened(t, Config{Listen: "127.0.0.1:0"}, h, zap.NewNop())
	web := httptest.NewServer(mux)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		web.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return h, s, web
}

func TestPageWatchesOverRealSockets(t *testing.T) {
	for _, c := range []struct {
		name    string
		network pion.NetworkType
	}{
		{"udp", pion.NetworkTypeUDP4},
		{"tcp", pion.NetworkTypeTCP4},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, s, web := loopback(t)
			cam := &camera{t: t, feed: h.feed(room, h264), fill: 1000}
			p := &page{t: t}
			e := pion.SettingEngine{LoggerFactory: pionLogs{zap.NewNop()}}
			e.SetNetworkTypes([]pion.NetworkType{c.network})
			e.SetIncludeLoopbackCandidate(true)
			e.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
			p.connect(e, browser())
			defer func() { _ = p.pc.GracefulClose() }()
			p.receive()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/whep/room-1", strings.NewReader(p.offer()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", sdpType)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			answer := string(body)
			if err := p.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer}); err != nil {
				t.Fatalf("%v\n%s", err, answer)
			}
			for i := 0; len(p.picture()) < 50; i++ {
				if i == 500 {
					t.Fatalf("%d packets came in %d frames", len(p.picture()), i)
				}
				cam.film(1)
			}
			s.mu.Lock()
			for one := range s.players {
				if got := one.transport(); got != c.name {
					t.Errorf("media goes over %q", got)
				}
			}
			s.mu.Unlock()
		})
	}
}

func TestStrangersOnTheTCPPortHoldUpNothing(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := newBoundedListener(l)
	go func() { // ends with the listener
		for {
			c, err := b.Accept()
			if err != nil {
				return
			}
			go func() { // ends when it is cut
				if _, err := c.Read(make([]byte, 1)); err != nil {
					c.Close()
				}
			}()
		}
	}()
	dial := func() net.Conn {
		t.Helper()
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for range maxStreams {
		defer dial().Close()
	}
	last := dial()
	defer last.Close()
	if _, err := last.Read(make([]byte, 1)); err == nil {
		t.Error("one connection too many is served")
	}
	b.cutAll()
	for {
		b.mu.Lock()
		n := len(b.open)
		b.mu.Unlock()
		if n == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
}

func TestConfigNamesTheKey(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		says string
	}{
		{Config{}, "listen.webrtc"},
		{Config{Listen: "8189"}, "listen.webrtc"},
		{Config{Listen: ":8189", Buffer: time.Minute}, "buffer"},
	} {
		if _, err := New(c.cfg, newHub(), open{}, zap.NewNop()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want a word about %s", c.cfg, err, c.says)
		}
	}
	first, _ := opened(t, Config{Listen: "127.0.0.1:0"}, newHub(), zap.NewNop())
	defer first.sockets.close()
	second, err := New(Config{Listen: first.sockets.udp.LocalAddr().String()}, newHub(), open{}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "listen.webrtc") {
		t.Errorf("a port that is taken: %v", err)
	}
}
