package mse

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/classrelay/classrelay/media"
)

// The same on real sockets, with and without TLS: the kernel's bounds are set there.
func TestPicturesComeOverRealSockets(t *testing.T) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{
		"http": httptest.NewServer, "https": httptest.NewTLSServer,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			web := start(r.mux())
			defer web.Close()
			defer r.stop()
			r.feed.SetTrack(media.LayerMain, h264)
			r.film(5)
			conn, _, err := websocket.Dial(t.Context(), strings.Replace(web.URL, "http", "ws", 1)+"/mse/room/1", //nolint:bodyclose // has none to close
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
