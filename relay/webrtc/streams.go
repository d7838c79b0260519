package webrtc

import (
	"net"
	"sync"
	"time"
)

// boundedListener bounds what pages on TCP can hold up, and how many they are.
type boundedListener struct {
	net.Listener

	mu   sync.Mutex
	open map[*boundedConn]struct{}
}

func newBoundedListener(l net.Listener) *boundedListener {
	return &boundedListener{Listener: l, open: make(map[*boundedConn]struct{})}
}

// Accept waits for the next connection. One too many is cut at once.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if b := l.keep(c); b != nil {
			return b, nil
		}
		c.Close()
	}
}

// keep takes note of a connection; nil: there are too many.
func (l *boundedListener) keep(c net.Conn) *boundedConn {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(tcpBuffer) // the kernel's own bound is a poor one, not an error
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= maxStreams {
		return nil
	}
	b := &boundedConn{Conn: c, listener: l}
	l.open[b] = struct{}{}
	return b
}

func (l *boundedListener) cutAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Conn.Close()
	}
}

// boundedConn is cut when its reader stalls: what was written in part cannot be
// taken up again, since a packet's length goes in front of it (RFC 4571 §2).
type boundedConn struct {
	net.Conn
	listener *boundedListener
}

// Write sends one packet.
func (c *boundedConn) Write(b []byte) (int, error) {
	_ = c.SetWriteDeadline(time.Now().Add(stalled)) // a closed connection says so below
	n, err := c.Conn.Write(b)
	if err != nil {
		c.Conn.Close()
	}
	return n, err
}

// Close ends the connection.
func (c *boundedConn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.open, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
