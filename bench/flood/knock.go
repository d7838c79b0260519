package flood

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/classrelay/classrelay/roq"
)

// Knocks makes n different first packets of handshakes for a link.
func Knocks(ctx context.Context, n int) ([][]byte, error) {
	knocks := make([][]byte, 0, n)
	for len(knocks) < n {
		b, err := knock(ctx)
		if err != nil {
			return nil, err
		}
		knocks = append(knocks, b)
	}
	return knocks, nil
}

// knock dials nobody, and keeps the first packet.
func knock(ctx context.Context) ([]byte, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	wall := &wall{first: make(chan []byte, 1), closed: make(chan struct{})}
	done := make(chan error, 1)
	go func() { // ends by stop
		_, err := roq.Dial(ctx, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, roq.TransportConfig{
			PacketConn: wall,
			TLS:        &tls.Config{InsecureSkipVerify: true, ServerName: "hub", MinVersion: tls.VersionTLS13},
			Protocols:  []string{roq.ProtocolRelay},
		})
		done <- err
	}()
	select {
	case b := <-wall.first:
		stop()
		<-done
		return b, nil
	case err := <-done:
		return nil, fmt.Errorf("make a first packet: %w", err)
	}
}

// wall is a socket that keeps the first packet written to it and hears nothing.
type wall struct {
	first  chan []byte
	closed chan struct{}
	once   sync.Once
}

func (w *wall) WriteTo(b []byte, _ net.Addr) (int, error) {
	select {
	case w.first <- append([]byte(nil), b...):
	default:
	}
	return len(b), nil
}

func (w *wall) ReadFrom([]byte) (int, net.Addr, error) {
	<-w.closed
	return 0, nil, net.ErrClosed
}

func (w *wall) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wall) LocalAddr() net.Addr              { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }
func (w *wall) SetDeadline(time.Time) error      { return w.Close() }
func (w *wall) SetReadDeadline(time.Time) error  { return w.Close() }
func (w *wall) SetWriteDeadline(time.Time) error { return nil }

// Knockers send first packets from many sockets. Run once.
type Knockers struct {
	Target string   // HOST:PORT
	Rate   int      // packets a second
	Knocks [][]byte // sent in turn
	sent   atomic.Int64
}

// sockets is from how many ports the packets come.
const sockets = 64

// Sent is how many packets have left.
func (k *Knockers) Sent() int64 { return k.sent.Load() }

// Run knocks until ctx ends.
func (k *Knockers) Run(ctx context.Context) error {
	conns := make([]net.Conn, 0, sockets)
	defer func() {
		for _, c := range conns {
			_ = c.Close() // nothing is left on it
		}
	}()
	for range sockets {
		c, err := (&net.Dialer{}).DialContext(ctx, "udp", k.Target)
		if err != nil {
			return err
		}
		conns = append(conns, c)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	began, n := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for due := int(time.Since(began).Seconds() * float64(k.Rate)); n < due; n++ {
			if _, err := conns[n%sockets].Write(k.Knocks[n%len(k.Knocks)]); err == nil {
				k.sent.Add(1) // what the system has no room for is not sent
			}
		}
	}
}
