package roq

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/apernet/quic-go"

	"github.com/classrelay/classrelay/roq/cc"
)

// The protocols (ALPN, RFC 7301) we speak.
const (
	// ProtocolRelay is RoQ between two nodes of ours, with control and fragments.
	ProtocolRelay = "classrelay/1"
	// ProtocolLine is ProtocolRelay for a link that is one of several between the same two
	// nodes. A node that would take it for a second try of the first one does not know
	// the name, and refuses it.
	ProtocolLine = "classrelay/1-line"
	// ProtocolRoQ is plain RoQ of the draft this package follows.
	ProtocolRoQ = "roq-14"
)

// TransportConfig says how connections are set up. The zero value of every field
// but PacketConn and TLS works.
type TransportConfig struct {
	// PacketConn is the socket, real or simulated. It belongs to the Listener, or
	// to the Conn that Dial returns, and is closed with it. Required.
	PacketConn net.PacketConn
	// TLS is cloned and its NextProtos set to Protocols. Required.
	TLS *tls.Config
	// Protocols are offered and accepted, best first. Default: ProtocolRelay
	// and ProtocolRoQ.
	Protocols []string
	// PacketSize is the size of QUIC packets in bytes, from 1200 to 1452. The
	// default, 0, means 1350, and 1252 where that does not pass.
	PacketSize int
	// KeepAlive is the pause after which an idle connection says that it lives.
	// Default 1 s: NAT bindings of UDP live 30 s and more, so this is for us, to
	// know the RTT and a dead path before media is wanted.
	KeepAlive time.Duration
	// IdleTimeout ends a connection that hears nothing. Default 6 s: a blackout
	// of five seconds is survived.
	IdleTimeout time.Duration
	// ResetKey lets a listener that was killed and is back tell its peers at once
	// that their connections are gone (stateless reset, RFC 9000 §10.3). It must
	// be the same after a restart, and secret. Default: none, and peers wait for
	// the idle timeout.
	ResetKey [32]byte
	// Controller says how the congestion controller starts.
	Controller cc.Config
}

const (
	defaultKeepAlive   = time.Second
	defaultIdleTimeout = 6 * time.Second
	// handshakeTimeout bounds a handshake that hears nothing.
	handshakeTimeout = 5 * time.Second
	// fallbackAfter is how long a dialler waits for any answer to packets of 1350
	// bytes before it tries 1252. QUIC sends its first packets again after 0.2,
	// 0.6 and 1.4 s, so four flights have gone unanswered then: at 5 % loss each
	// way that is about one dial in a thousand. It costs nothing but the batches,
	// because the fallback probes the path's size (RFC 8899).
	fallbackAfter = 2 * time.Second
	// maxStreams is how many packets on streams of their own may be on the way.
	maxStreams = 256
	// maxControlStreams is room for the control stream, one beside it, its successor
	// while the old one ends, and for one that should not be: the listening side sees it
	// and answers with an error.
	maxControlStreams = 4
)

func (c *TransportConfig) validate() error {
	if c.PacketConn == nil {
		return errors.New("roq: PacketConn is missing")
	}
	if c.TLS == nil {
		return errors.New("roq: TLS is missing")
	}
	if c.PacketSize != 0 && (c.PacketSize < 1200 || c.PacketSize > 1452) {
		return fmt.Errorf("roq: PacketSize %d is outside 1200 to 1452", c.PacketSize)
	}
	return nil
}

func (c *TransportConfig) tls() *tls.Config {
	t := c.TLS.Clone()
	t.NextProtos = c.Protocols
	if len(t.NextProtos) == 0 {
		t.NextProtos = []string{ProtocolRelay, ProtocolRoQ}
	}
	t.MinVersion = tls.VersionTLS13
	return t
}

// quic is the library's configuration for packets of a size. Full packets of
// 1350 bytes stay as they are. Smaller ones grow to what the path carries, so
// that a path that was only silent for a while is not taken for narrow for ever.
func (c *TransportConfig) quic(size int) *quic.Config {
	return &quic.Config{
		InitialPacketSize:       uint16(size),
		DisablePathMTUDiscovery: size >= PacketSize || c.PacketSize != 0,
		EnableDatagrams:         true,
		KeepAlivePeriod:         orDefault(c.KeepAlive, defaultKeepAlive),
		MaxIdleTimeout:          orDefault(c.IdleTimeout, defaultIdleTimeout),
		HandshakeIdleTimeout:    handshakeTimeout,
		MaxIncomingStreams:      maxControlStreams,
		MaxIncomingUniStreams:   maxStreams,
	}
}

func orDefault(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}

// transport is the library's socket, with connection ids that make full packets
// full (see DatagramSize).
func (c *TransportConfig) transport(conn net.PacketConn) *quic.Transport {
	tr := &quic.Transport{Conn: conn, ConnectionIDLength: connectionIDLength}
	if c.ResetKey != [32]byte{} {
		key := quic.StatelessResetKey(c.ResetKey)
		tr.StatelessResetKey = &key
	}
	return tr
}

// Conn is a QUIC connection of the product's own making. It is a Connection, and
// all its methods may be called concurrently.
type Conn struct {
	Connection
	quic       *quic.Conn
	controller *cc.Controller
	socket     *socket
	release    func() error // frees the socket of a dialled connection
	released   atomic.Bool
	calls      uint64 // of the controller, at the last watch
	moved      atomic.Uint64
}

// newConn takes over a connection whose handshake is complete.
func newConn(q *quic.Conn, s *socket, cfg *TransportConfig) (*Conn, error) {
	if !q.ConnectionState().SupportsDatagrams.Remote {
		err := errors.New("peer does not take datagrams (RFC 9221)")
		return nil, errors.Join(err, q.CloseWithError(quic.ApplicationErrorCode(ExpectationUnmet), err.Error()))
	}
	c := &Conn{
		Connection: Adapt(q, tooLarge),
		quic:       q,
		controller: cc.New(cfg.Controller, int(q.InitialPacketSize())),
		socket:     s,
	}
	c.install()
	return c, nil
}

func tooLarge(err error) int {
	var large *quic.DatagramTooLargeError
	if errors.As(err, &large) {
		return int(large.MaxDatagramPayloadSize)
	}
	return 0
}

// Controller is the connection's congestion controller.
func (c *Conn) Controller() *cc.Controller { return c.controller }

// Protocol is the ALPN both ends agreed on.
func (c *Conn) Protocol() string { return c.quic.ConnectionState().TLS.NegotiatedProtocol }

// TLS is the state of the handshake, with the peer's certificates.
func (c *Conn) TLS() tls.ConnectionState { return c.quic.ConnectionState().TLS }

// RemoteAddr is where the peer is now; it changes when the peer's NAT does.
func (c *Conn) RemoteAddr() net.Addr { return c.quic.RemoteAddr() }

// LocalAddr is the address of the socket.
func (c *Conn) LocalAddr() net.Addr { return c.quic.LocalAddr() }

// Buffers is what the kernel gave the socket, in bytes; zero for a simulated one.
func (c *Conn) Buffers() Buffers { return buffersOf(c.socket.given) }

// MaxDatagramSize is the largest datagram payload that fits now, flow id
// included, in bytes: DatagramSize, or on a narrow path FallbackDatagramSize,
// which may grow while the path is probed.
func (c *Conn) MaxDatagramSize() int {
	// The library tells only those who ask for too much. Nothing is sent.
	var large *TooLargeError
	if err := c.SendDatagram(make([]byte, 2*PacketSize)); errors.As(err, &large) {
		return large.Max
	}
	return int(c.quic.InitialPacketSize()) - packetOverhead // the connection is closed
}

// CloseWithError ends the connection and frees the socket that Dial took over.
func (c *Conn) CloseWithError(code ErrorCode, reason string) error {
	err := c.Connection.CloseWithError(code, reason)
	// A second caller does not wait for the first: a lock that is held while a
	// socket closes would stop the clock of a synctest bubble for good.
	if c.release != nil && c.released.CompareAndSwap(false, true) {
		err = errors.Join(err, c.release())
	}
	return err
}

// Blame makes the connection count as a handshake that failed, because its peer has
// turned out to be nobody: a host that has many of those is held up. The connection goes
// on.
func (c *Conn) Blame() {
	if a := attemptOf(c.quic.Context()); a != nil {
		a.done.Store(false)
	}
}

// install puts our congestion controller in charge.
func (c *Conn) install() { c.quic.SetCongestionControl(c.controller) }

// Moves is how often the peer's address has changed. What is known of the path is
// void after a change. Only a listener's connections notice.
func (c *Conn) Moves() uint64 { return c.moved.Load() }

// watch installs our congestion controller again if nobody asked it anything
// since the last look, because the library may have replaced it (see moves). It
// does not do so without need: the library replaces controllers without taking
// its own lock. The Session calls it regularly.
func (c *Conn) watch() {
	calls := c.controller.Calls()
	if calls == c.calls {
		c.install()
	}
	c.calls = calls
}

// CloseCode tells the code with which the peer ended a connection made by Listen
// or Dial, and false if it did not.
func CloseCode(err error) (ErrorCode, bool) {
	var closed *quic.ApplicationError
	if errors.As(err, &closed) && closed.Remote {
		return ErrorCode(closed.ErrorCode), true
	}
	return NoError, false
}

// Dial connects to a listener. Where packets of 1350 bytes get no answer within
// two seconds it tries again with 1252, on the same socket.
func Dial(ctx context.Context, addr net.Addr, cfg TransportConfig) (*Conn, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s, err := newSocket(cfg.PacketConn, nil, nil)
	if err != nil {
		return nil, err
	}
	tr := cfg.transport(s.PacketConn)
	q, err := dial(ctx, tr, addr, &cfg)
	var conn *Conn
	if err == nil {
		conn, err = newConn(q, s, &cfg)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dial %s: %w", addr, err), tr.Close(), s.Close())
	}
	conn.release = func() error { return errors.Join(tr.Close(), s.Close()) }
	return conn, nil
}

// dial tries the sizes.
func dial(ctx context.Context, tr *quic.Transport, addr net.Addr, cfg *TransportConfig) (*quic.Conn, error) {
	if cfg.PacketSize != 0 {
		return tr.Dial(ctx, addr, cfg.tls(), cfg.quic(cfg.PacketSize))
	}
	full := cfg.quic(PacketSize)
	full.HandshakeIdleTimeout = fallbackAfter
	q, err := tr.Dial(ctx, addr, cfg.tls(), full)
	var idle *quic.IdleTimeoutError
	var slow *quic.HandshakeTimeoutError
	if !errors.As(err, &idle) && !errors.As(err, &slow) {
		return q, err
	}
	return tr.Dial(ctx, addr, cfg.tls(), cfg.quic(FallbackPacketSize))
}
