package mse

import (
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestAViewerGoesByTheAddressOfItsPage(t *testing.T) {
	for _, c := range []struct{ name, forwarded, want string }{
		{"a page on the node itself", "", "127.0.0.1"},
		{"a page that a web server on the node passes on", "192.168.1.20", "192.168.1.20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *room) {
				header := http.Header{}
				if c.forwarded != "" {
					header.Set("X-Forwarded-For", c.forwarded)
				}
				conn, _, err := websocket.Dial(t.Context(), "ws://node/mse/room/1", //nolint:bodyclose // has none to close
					&websocket.DialOptions{HTTPClient: r.client, HTTPHeader: header})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if all := r.server.Players(); len(all) != 1 || all[0].Remote.String() != c.want {
					t.Errorf("players: %+v, want %s", all, c.want)
				}
				_ = conn.CloseNow()
			})
		})
	}
}
