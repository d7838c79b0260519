package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/classrelay/classrelay/internal/pause"
)

// The client of NATS can reconnect by itself. We do it here because our connections are
// streams of links, which come when a link comes and take a login of their own each; and
// because its own way keeps timers for the whole process, which ends virtual time.

const (
	// redialAfter and redialJitter pace the attempts of a client without a connection: 500
	// schools that come back at once spread over a third of a second.
	redialAfter  = 500 * time.Millisecond
	redialJitter = 300 * time.Millisecond
	// dialWithin bounds how long a dial may wait for a link.
	dialWithin = 5 * time.Second
)

// keep connects, again and again, until ctx ends.
func (b *Bus) keep(ctx context.Context) {
	defer close(b.done)
	for ctx.Err() == nil {
		began := time.Now()
		if err := b.connection(ctx); err == nil && time.Since(began) > redialAfter {
			continue // it was up for a while: the next link may be there already
		}
		_ = pause.For(ctx, redialAfter+rand.N(redialJitter)) //nolint:gosec // jitter only
	}
}

// connection makes one connection and holds it until it ends, which is nil. An error is
// why there was none.
func (b *Bus) connection(ctx context.Context) error {
	dialling, cancel := context.WithTimeout(ctx, dialWithin)
	d, err := b.dial(dialling)
	cancel()
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	cut := context.AfterFunc(ctx, func() { _ = d.Close() })
	defer cut()
	ended := make(chan struct{})
	opts := slices.Concat(b.opts, []nats.Option{
		nats.SetCustomDialer(dialed{d.Conn}),
		nats.UserInfo(d.Name, d.Secret),
		nats.ClosedHandler(func(*nats.Conn) { close(ended) }),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) { b.lost.Add(1) }),
	})
	// The address is a name for a connection that is there already.
	conn, err := nats.Connect("nats://127.0.0.1:4222", opts...)
	if err != nil {
		return fmt.Errorf("directory engine: %w", err)
	}
	defer conn.Close()
	if err := b.use(conn); err != nil {
		return err
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
	b.mu.Lock()
	b.conn = nil
	b.mu.Unlock()
	return nil
}

// use makes a connection the one of the moment.
func (b *Bus) use(conn *nats.Conn) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		if err := s.on(conn); err != nil {
			return fmt.Errorf("listen to %s: %w", s.subject, err)
		}
	}
	b.conn = conn
	b.came()
	return nil
}

// came says that the connection is up.
func (b *Bus) came() {
	select {
	case b.up <- struct{}{}:
	default:
	}
}

// dialed gives the client of NATS the one connection it gets.
type dialed struct{ conn net.Conn }

// Dial implements nats.CustomDialer.
func (d dialed) Dial(_, _ string) (net.Conn, error) { return d.conn, nil }
