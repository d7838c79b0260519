package egress

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

// writeWithin is the deadline that the product gives its packets.
const writeWithin = 200 * time.Millisecond

// pace is what the product lets leave on a link within a building, bit/s.
const pace = 100_000_000

// quicOutlet is a listener as a hub has it, with a session for each receiver.
type quicOutlet struct {
	listener *roq.Listener
	socket   *countedSocket
	sessions []*roq.Session
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// countedSocket counts the system calls that carry media.
type countedSocket struct {
	*net.UDPConn
	calls atomic.Int64
}

// shortest is the least that a packet with media has: less is an acknowledgement.
const shortest = 200

func (c *countedSocket) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	if len(b) >= shortest {
		c.calls.Add(1)
	}
	return c.UDPConn.WriteMsgUDP(b, oob, addr)
}

func openQUIC(dir string) (*quicOutlet, error) {
	id, err := identity.Load(dir)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	socket := &countedSocket{UDPConn: conn}
	l, err := roq.Listen(roq.TransportConfig{
		PacketConn: socket, TLS: id.ServerTLS(), Protocols: []string{roq.ProtocolRelay},
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &quicOutlet{listener: l, socket: socket, cancel: func() {}}, nil
}

func (q *quicOutlet) Addr() string { return q.listener.Addr().String() }

func (q *quicOutlet) Await(ctx context.Context, receivers int) error {
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	q.cancel = cancel
	for len(q.sessions) < receivers {
		conn, err := q.listener.Accept(ctx)
		if err != nil {
			return err
		}
		conn.Controller().Set(pace, 0)
		conn.Controller().SetYield(false)
		s, err := roq.NewSession(conn, roq.SessionConfig{Relay: true, Listener: true}, zap.NewNop())
		if err != nil {
			return err
		}
		q.sessions = append(q.sessions, s)
		q.running.Go(func() { _ = s.Run(run) }) // ended by Close, which waits
	}
	return nil
}

// flow is a flow id of two bytes, as media has.
const flow = roq.MinMediaFlow

func (q *quicOutlet) Picture(packets [][]byte) error {
	deadline := time.Now().Add(writeWithin)
	for _, s := range q.sessions {
		for _, p := range packets {
			s.Queue(flow, p, deadline) // what is refused is not counted as sent
		}
		s.Flush()
	}
	return nil
}

func (q *quicOutlet) Sent() tally {
	t := tally{calls: int(q.socket.calls.Load())}
	for _, s := range q.sessions {
		st := s.Stats().Writer
		t.bytes += int(st.SentBytes)
		t.packets += int(st.Sent)
	}
	return t
}

func (q *quicOutlet) Close() error {
	q.cancel()
	q.running.Wait()
	return q.listener.Close()
}
