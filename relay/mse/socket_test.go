package mse

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
)

// The same on real sockets, with and without TLS: the kernel's bounds are set there.
func TestPicturesComeOverRealSockets(t *testing.T) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{
		"http": httptest.NewServer, "https": httptest.NewTLSServer,
	} {
		t.Run(name, func(t *testing.T) {
			clip, err := camera.Embedded()
			if err != nil {
				t.Fatal(err)
			}
			n := &node{feed: fanout.NewFeed("room/1")}
			server := New(Config{}, n, gate{}, zap.NewNop())
			mux := http.NewServeMux()
			server.Register(mux)
			web := start(mux)
			defer web.Close()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- server.Run(ctx) }() // ends with cancel
			defer func() {
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}()
			r := &room{node: n, t: t, clip: clip, ssrc: 1}
			n.feed.SetTrack(media.LayerMain, h264)
			r.film(5)
			conn, _, err := websocket.Dial(ctx, strings.Replace(web.URL, "http", "ws", 1)+"/mse/room/1", //nolint:bodyclose // has none to close
				&websocket.DialOptions{HTTPClient: web.Client()})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.CloseNow() }()
			conn.SetReadLimit(8 << 20)
			p := &page{t: t, conn: conn, closed: make(chan struct{})}
			go p.read() // ends with CloseNow
			for deadline := time.Now().Add(20 * time.Second); len(p.pictures()) < 5; {
				if time.Now().After(deadline) {
					p.mu.Lock()
					defer p.mu.Unlock()
					t.Fatalf("%+v came, the page ended with %v", p.seen.parts, p.end)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
}
