package enrol

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/roq"
)

const (
	// serveWithin bounds one conversation: two messages, on a line where each packet may
	// have to be sent some times.
	serveWithin = 10 * time.Second
	// atOnce is how many conversations a desk has at a time. Further ones are told to
	// come later; 500 schools that renew do so over three days.
	atOnce = 16
)

// Server has the conversations of a desk with those who dial. It is safe for concurrent
// use.
type Server struct {
	desk  *Desk
	seats chan struct{} // full: who comes is told to come later
	now   func() time.Time
	log   *zap.Logger
}

// NewServer makes the server of a desk.
func NewServer(desk *Desk, log *zap.Logger) *Server {
	return &Server{desk: desk, seats: make(chan struct{}, atOnce), now: time.Now, log: log}
}

// Serve has one conversation, on a connection with ProtocolJoin or ProtocolRenew, and
// ends the connection.
func (s *Server) Serve(ctx context.Context, conn *roq.Conn) {
	ctx, cancel := context.WithTimeout(ctx, serveWithin)
	defer cancel()
	reason := "the conversation is over"
	defer func() { _ = conn.CloseWithError(roq.NoError, reason) }() // the peer has gone already, mostly
	select {
	case s.seats <- struct{}{}:
		defer func() { <-s.seats }()
	default:
		reason = "too many are asking: come again in a minute"
		return
	}
	answer, err := s.converse(ctx, conn)
	if err != nil || answer.Refused != nil {
		conn.Blame() // anybody may knock, but not all the time
	}
	if err != nil {
		reason = err.Error()
		s.log.Debug("a conversation about a certificate has failed", zap.Stringer("address", conn.RemoteAddr()),
			zap.Error(err))
		return
	}
	// What was written last is lost when a connection is closed, so the peer closes.
	select {
	case <-conn.Context().Done():
	case <-ctx.Done():
	}
}

func (s *Server) converse(ctx context.Context, conn *roq.Conn) (*Answer, error) {
	stream, err := conn.AcceptStream(ctx)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	if err := errors.Join(stream.SetReadDeadline(deadline), stream.SetWriteDeadline(deadline)); err != nil {
		return nil, err
	}
	ask, err := ReadAsk(stream)
	if err != nil {
		return nil, err
	}
	answer := s.answer(ctx, conn, ask)
	return answer, errors.Join(WriteAnswer(stream, answer), stream.Close())
}

func (s *Server) answer(ctx context.Context, conn *roq.Conn, ask *Ask) *Answer {
	from, now := addrPort(conn.RemoteAddr()), s.now()
	if conn.Protocol() == ProtocolRenew {
		return s.desk.Renew(ctx, ask, conn.TLS().PeerCertificates[0], from, now) // the handshake wants one
	}
	return s.desk.Join(ctx, ask, from, now)
}

// addrPort is the zero value for anything that is not UDP.
func addrPort(a net.Addr) netip.AddrPort {
	udp, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := udp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
