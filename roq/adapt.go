package roq

import (
	"context"
	"io"
	"time"
)

// The methods that streams and connections of quic-go and of its fork have in
// common. The two modules have different types for the same things, so these
// are spelled with type parameters: S, R and B for the streams, C and A for the
// error codes of streams and connections.
type (
	quicSendStream[C ~uint64] interface {
		io.WriteCloser
		CancelWrite(code C)
		SetWriteDeadline(t time.Time) error
	}
	quicReceiveStream[C ~uint64] interface {
		io.Reader
		CancelRead(code C)
		SetReadDeadline(t time.Time) error
	}
	quicStream[C ~uint64] interface {
		quicSendStream[C]
		quicReceiveStream[C]
	}
	quicConn[S, R, B any, A ~uint64] interface {
		SendDatagram(b []byte) error
		ReceiveDatagram(ctx context.Context) ([]byte, error)
		OpenUniStream() (S, error)
		AcceptUniStream(ctx context.Context) (R, error)
		OpenStream() (B, error)
		AcceptStream(ctx context.Context) (B, error)
		CloseWithError(code A, reason string) error
		Context() context.Context
	}
)

// Adapt makes a Connection of a *quic.Conn, of quic-go or of its fork; all type
// parameters are inferred:
//
//	roq.Adapt(conn, func(err error) int {
//		var large *quic.DatagramTooLargeError
//		if errors.As(err, &large) {
//			return int(large.MaxDatagramPayloadSize)
//		}
//		return 0
//	})
//
// The function tells the largest datagram from an error of SendDatagram, and 0
// for any other error.
func Adapt[S quicSendStream[C], R quicReceiveStream[C], B quicStream[C], A, C ~uint64](
	conn quicConn[S, R, B, A], tooLarge func(error) int,
) Connection {
	return &adapted[S, R, B, A, C]{conn: conn, tooLarge: tooLarge}
}

type adapted[S quicSendStream[C], R quicReceiveStream[C], B quicStream[C], A, C ~uint64] struct {
	conn     quicConn[S, R, B, A]
	tooLarge func(error) int
}

func (a *adapted[S, R, B, A, C]) SendDatagram(b []byte) error {
	err := a.conn.SendDatagram(b)
	if err == nil {
		return nil
	}
	if most := a.tooLarge(err); most > 0 {
		return &TooLargeError{Max: most}
	}
	return err
}

func (a *adapted[S, R, B, A, C]) ReceiveDatagram(ctx context.Context) ([]byte, error) {
	return a.conn.ReceiveDatagram(ctx)
}

func (a *adapted[S, R, B, A, C]) OpenUniStream() (SendStream, error) {
	s, err := a.conn.OpenUniStream()
	if err != nil {
		return nil, err
	}
	return sendStream[C]{s}, nil
}

func (a *adapted[S, R, B, A, C]) AcceptUniStream(ctx context.Context) (ReceiveStream, error) {
	s, err := a.conn.AcceptUniStream(ctx)
	if err != nil {
		return nil, err
	}
	return receiveStream[C]{s}, nil
}

func (a *adapted[S, R, B, A, C]) OpenStream() (Stream, error) {
	s, err := a.conn.OpenStream()
	if err != nil {
		return nil, err
	}
	return bothWays[C]{sendStream[C]{s}, receiveStream[C]{s}}, nil
}

func (a *adapted[S, R, B, A, C]) AcceptStream(ctx context.Context) (Stream, error) {
	s, err := a.conn.AcceptStream(ctx)
	if err != nil {
		return nil, err
	}
	return bothWays[C]{sendStream[C]{s}, receiveStream[C]{s}}, nil
}

func (a *adapted[S, R, B, A, C]) CloseWithError(code ErrorCode, reason string) error {
	return a.conn.CloseWithError(A(code), reason)
}

func (a *adapted[S, R, B, A, C]) Context() context.Context { return a.conn.Context() }

type sendStream[C ~uint64] struct{ quicSendStream[C] }

func (s sendStream[C]) CancelWrite(code ErrorCode) { s.quicSendStream.CancelWrite(C(code)) }

type receiveStream[C ~uint64] struct{ quicReceiveStream[C] }

func (s receiveStream[C]) CancelRead(code ErrorCode) { s.quicReceiveStream.CancelRead(C(code)) }

type bothWays[C ~uint64] struct {
	sendStream[C]
	receiveStream[C]
}
