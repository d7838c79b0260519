package mse

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	// sendBuffer bounds what the kernel holds for one viewer, sent and not yet
	// acknowledged, in bytes: 34 Mbit/s over 60 ms.
	sendBuffer = 256 << 10
	// notSent bounds the part of it that is not on its way yet, in bytes: what is in
	// the kernel cannot be taken back when it is late.
	notSent = 16 << 10
)

// socket is a WebSocket and the connection under it, which ends the one when it hangs.
type socket struct {
	*websocket.Conn
	under net.Conn
}

// accept makes a WebSocket of a request, from a page of this node or from no page. It
// answers the request when it fails.
func accept(w http.ResponseWriter, r *http.Request) (*socket, error) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		refusal{http.StatusUpgradeRequired, 0, "upgrade", "a WebSocket is served here"}.write(w)
		return nil, fmt.Errorf("%s asks for no WebSocket", r.URL.Path)
	}
	give := &giveaway{ResponseWriter: w}
	conn, err := websocket.Accept(give, r, &websocket.AcceptOptions{
		CompressionMode: websocket.CompressionDisabled, // video does not get smaller
	})
	if err != nil {
		return nil, err
	}
	return &socket{conn, give.conn}, nil
}

// giveaway bounds the send buffer of the connection it gives away, and keeps it.
type giveaway struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (g *giveaway) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(g.ResponseWriter).Hijack()
	if err == nil {
		bound(conn)
		g.conn = conn
	}
	return conn, rw, err
}

// bound does what it can: the system's own bounds are poor ones, not errors.
func bound(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer)
		setNotSent(tcp)
	}
}

// closing is how a WebSocket ends.
type closing struct {
	code   websocket.StatusCode
	reason string
}

// Error implements error, so that a closing can be the cause of a context's end.
func (c closing) Error() string { return fmt.Sprintf("%d %s", c.code, c.reason) }

// end sends a close frame and waits a little for the answer.
func (s *socket) end(c closing) {
	// websocket's own patience, three times 5 s, is not meant for a node that stops.
	late := time.AfterFunc(closeWithin, func() { _ = s.under.Close() })
	defer late.Stop()
	_ = s.Close(c.code, c.reason) // it may be gone
}
