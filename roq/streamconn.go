package roq

import (
	"errors"
	"net"
	"time"
)

// StreamConn makes a net.Conn of a stream, for libraries that want one. local and remote
// are the addresses of the connection it belongs to.
func StreamConn(s Stream, local, remote net.Addr) net.Conn { return &streamConn{s, local, remote} }

type streamConn struct {
	Stream
	local, remote net.Addr
}

// Close ends both directions; what was written still arrives.
func (c *streamConn) Close() error {
	c.CancelRead(NoError)
	// A writer that waits for the peer's flow control is freed by the deadline.
	return errors.Join(c.SetWriteDeadline(time.Now()), c.Stream.Close())
}

func (c *streamConn) LocalAddr() net.Addr  { return c.local }
func (c *streamConn) RemoteAddr() net.Addr { return c.remote }

func (c *streamConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
