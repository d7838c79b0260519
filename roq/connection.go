package roq

import (
	"context"
	"io"
	"time"
)

// Connection is the little of a QUIC connection that a Session needs. Adapt
// makes one from a *quic.Conn; *Conn, the product's own, is one already. All
// methods may be called concurrently.
type Connection interface {
	// SendDatagram may block while the library's queue is full. An error that is
	// a TooLargeError says how large a datagram may be at this moment.
	SendDatagram(b []byte) error
	ReceiveDatagram(ctx context.Context) ([]byte, error)
	// OpenUniStream fails at once when the peer allows no more streams.
	OpenUniStream() (SendStream, error)
	AcceptUniStream(ctx context.Context) (ReceiveStream, error)
	OpenStream() (Stream, error)
	AcceptStream(ctx context.Context) (Stream, error)
	CloseWithError(code ErrorCode, reason string) error
	// Context ends when the connection does; its cause says why.
	Context() context.Context
}

// SendStream is the sending side of a QUIC stream.
type SendStream interface {
	io.WriteCloser
	CancelWrite(code ErrorCode)
	SetWriteDeadline(t time.Time) error
}

// ReceiveStream is the receiving side of a QUIC stream.
type ReceiveStream interface {
	io.Reader
	CancelRead(code ErrorCode)
	SetReadDeadline(t time.Time) error
}

// Stream is a bidirectional QUIC stream.
type Stream interface {
	SendStream
	ReceiveStream
}

// TooLargeError says that a datagram does not fit into a packet of this
// connection.
type TooLargeError struct {
	Max int // the largest payload that fits now, flow id included, in bytes
}

// Error tells how much would fit.
func (e *TooLargeError) Error() string { return "datagram too large for the path" }
