package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/ipv4"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

// ReceiverConfig says how the receiving process receives.
type ReceiverConfig struct {
	Mode        Mode
	Connections int
	To          string // the sender's address
	Identity    string // folder of the receiver's certificate, for QUIC
}

// Receive is the receiving process: it dials so many connections and throws away
// what comes, until ctx ends. It returns how many bytes of RTP packets came.
func Receive(ctx context.Context, cfg ReceiverConfig) (bytes int64, err error) {
	one, err := receiving(&cfg)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var got atomic.Int64
	var all sync.WaitGroup
	for range cfg.Connections {
		all.Go(func() { // ends with ctx, and takes the others along if it fails
			if err := one(ctx, cfg.To, &got); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("receive by %s: %w", cfg.Mode, err))
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return got.Load(), err
	}
	return got.Load(), nil
}

// dialsAtOnce bounds how many handshakes go on together: they take CPU time, and
// one that waits for 2 s is taken for a narrow path.
const dialsAtOnce = 8

// connection receives on one connection until ctx ends.
type connection func(ctx context.Context, to string, got *atomic.Int64) error

func receiving(cfg *ReceiverConfig) (connection, error) {
	switch cfg.Mode {
	case UDP, GSO:
		return drain, nil
	case RTSP:
		return play, nil
	case QUIC, Naive:
		id, err := identity.Load(cfg.Identity)
		if err != nil {
			return nil, err
		}
		turn := make(chan struct{}, dialsAtOnce) // full: the others wait
		return func(ctx context.Context, to string, got *atomic.Int64) error {
			turn <- struct{}{}
			conn, err := Dial(ctx, id, to, "")
			<-turn
			if err != nil {
				return err
			}
			return take(ctx, conn, got)
		}, nil
	}
	return nil, fmt.Errorf("no way to send called %q", cfg.Mode)
}

// drain receives plain UDP, several packets a call.
func drain(ctx context.Context, to string, got *atomic.Int64) error {
	addr, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		return err
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
	defer stop()
	if err := conn.SetReadBuffer(8 << 20); err != nil {
		return err
	}
	putTogether(conn)
	if _, err := conn.WriteToUDP([]byte("here"), addr); err != nil {
		return err
	}
	batch := ipv4.NewPacketConn(conn)
	messages := make([]ipv4.Message, 8)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, 1<<16)} // the most that is put together
	}
	for {
		n, err := batch.ReadBatch(messages, 0)
		if err != nil {
			return err
		}
		for i := range messages[:n] {
			got.Add(int64(messages[i].N))
		}
	}
}

// Dial makes a connection as a branch does, to a node of that name or, when it is empty,
// of any.
func Dial(ctx context.Context, id *identity.Identity, to, node string) (*roq.Conn, error) {
	addr, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		return nil, err
	}
	conn, err := roq.Dial(ctx, addr, roq.TransportConfig{
		PacketConn: socket, TLS: id.ClientTLS("127.0.0.1", node), Protocols: []string{roq.ProtocolRelay},
	})
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return conn, nil
}

// take receives over QUIC, as far as a branch's session does.
func take(ctx context.Context, conn *roq.Conn, got *atomic.Int64) error {
	s, err := roq.NewSession(conn, roq.SessionConfig{Relay: true}, zap.NewNop())
	if err != nil {
		return errors.Join(err, conn.CloseWithError(roq.InternalError, ""))
	}
	in := make(chan roq.Received, 1024) // full: the session drops and counts, and so do we
	if err := s.Receive(flow, in); err != nil {
		return err
	}
	var ended sync.WaitGroup
	defer ended.Wait()
	failed := make(chan error, 1)
	ended.Go(func() { failed <- s.Run(ctx) }) // ends with ctx or the connection
	for {
		select {
		case r := <-in:
			got.Add(int64(len(r.Packet)))
		case err := <-failed:
			return err
		}
	}
}
