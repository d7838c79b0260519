package roq

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/apernet/quic-go"
)

// Listener accepts connections. Its methods may be called concurrently.
type Listener struct {
	cfg    TransportConfig
	socket *socket
	tr     *quic.Transport
	quic   *quic.Listener
	moves  *moves
	gate   *gate
}

// Listen accepts connections on a socket. Each end chooses the size of the
// packets it sends, and a path may be narrow both ways, so a listener answers a
// dialler whose first packets are smaller than 1350 bytes with packets of 1252.
//
// It begins 50 handshakes a second for each core and no more; diallers that are turned
// away see an error that is Busy.
func Listen(cfg TransportConfig) (*Listener, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	narrow, moves := newNarrowPeers(), newMoves()
	s, err := newSocket(cfg.PacketConn, narrow, moves)
	if err != nil {
		return nil, err
	}
	l := &Listener{cfg: cfg, socket: s, tr: cfg.transport(s.PacketConn), moves: moves, gate: newGate(cores())}
	l.gate.guard(l.tr)
	size := PacketSize
	if cfg.PacketSize != 0 {
		size = cfg.PacketSize
	}
	qc := cfg.quic(size)
	if cfg.PacketSize == 0 {
		qc.GetConfigForClient = func(info *quic.ClientInfo) (*quic.Config, error) {
			if narrow.take(info.RemoteAddr) {
				return cfg.quic(FallbackPacketSize), nil
			}
			return cfg.quic(PacketSize), nil
		}
	}
	if l.quic, err = l.tr.Listen(cfg.tls(), qc); err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", s.LocalAddr(), err), s.Close())
	}
	return l, nil
}

// Accept waits for the next connection whose handshake is complete. A peer that
// takes no datagrams is refused and not returned.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) {
	for {
		q, err := l.quic.Accept(ctx)
		if err != nil {
			return nil, fmt.Errorf("accept on %s: %w", l.Addr(), err)
		}
		conn, err := newConn(q, l.socket, &l.cfg)
		if err != nil {
			continue // it was closed, and the peer knows why
		}
		attemptOf(q.Context()).done.Store(true)
		l.moves.add(conn)
		context.AfterFunc(conn.Context(), func() { l.moves.remove(conn) })
		return conn, nil
	}
}

// Addr is where the Listener listens.
func (l *Listener) Addr() net.Addr { return l.quic.Addr() }

// Buffers is what the kernel gave the socket, in bytes; zero for a simulated one.
func (l *Listener) Buffers() Buffers { return buffersOf(l.socket.given) }

// Gate counts the attempts to connect.
func (l *Listener) Gate() GateStats { return l.gate.counts() }

// Close stops accepting and closes the socket. Accepted connections that are
// still open end without a word to their peers: end their Sessions first.
func (l *Listener) Close() error {
	return errors.Join(l.quic.Close(), l.tr.Close(), l.socket.Close())
}
