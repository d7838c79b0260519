package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

const (
	// pendingMessages and pendingBytes are what one listener may leave unread before it
	// loses messages: two rounds of lists of a large county.
	pendingMessages = 4096
	pendingBytes    = 8 << 20
	// answering bounds how many questions of one kind are worked on at a time.
	answering = 64
)

// ErrDown is wrapped by the errors of a bus that has no connection at the moment.
var ErrDown = errors.New("no connection to the directory")

// Bus is a client of the engine that keeps its connection up and its subscriptions over
// it. All methods may be called from any goroutine.
type Bus struct {
	dial func(ctx context.Context) (Dialed, error)
	opts []nats.Option
	up   chan struct{} // full: nobody has looked since it came up the last time
	lost atomic.Uint64
	stop context.CancelFunc
	done chan struct{}

	mu   sync.Mutex
	conn *nats.Conn // nil: none at the moment
	subs map[*subscription]struct{}
}

// subscription outlives connections.
type subscription struct {
	subject, queue string
	hear           nats.MsgHandler
	sub            *nats.Subscription // on the connection of the moment
}

// Dialed is a connection to a server and how to log in on it.
type Dialed struct {
	net.Conn
	Login
}

// Dial makes a client. dial is called each time it needs a connection, one at a time; it
// may wait for one until ctx ends. inbox is the subject below which the client hears
// answers. Close ends the client.
func Dial(name, inbox string, dial func(ctx context.Context) (Dialed, error)) (*Bus, error) {
	opts := []nats.Option{
		nats.Name(name),
		nats.NoReconnect(), // keep does it, over connections of another kind
		nats.IgnoreDiscoveredServers(),
		nats.SkipHostLookup(),
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(pingsOut),
		nats.Timeout(infoTimeout),
	}
	if inbox != "" {
		opts = append(opts, nats.CustomInboxPrefix(inbox))
	}
	var check nats.Options
	for _, o := range opts {
		if err := o(&check); err != nil {
			return nil, fmt.Errorf("directory engine: client %s: %w", name, err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &Bus{
		dial: dial,
		opts: opts,
		up:   make(chan struct{}, 1),
		stop: stop,
		done: make(chan struct{}),
		subs: make(map[*subscription]struct{}),
	}
	go b.keep(ctx) // ended by Close, which waits
	return b, nil
}

// Publish implements directory.Bus.
func (b *Bus) Publish(subject string, body []byte) error {
	conn := b.current()
	if conn == nil {
		return ErrDown
	}
	return conn.Publish(subject, body)
}

// Listen implements directory.Bus.
func (b *Bus) Listen(subject string, hear func(subject string, body []byte)) (stop func(), err error) {
	return b.subscribe(&subscription{subject: subject, hear: func(m *nats.Msg) { hear(m.Subject, m.Data) }})
}

// Ask implements directory.Bus.
func (b *Bus) Ask(ctx context.Context, subject string, body []byte) ([]byte, error) {
	conn := b.current()
	if conn == nil {
		return nil, fmt.Errorf("ask on %s: %w", subject, ErrDown)
	}
	m, err := conn.RequestWithContext(ctx, subject, body)
	if err != nil {
		return nil, fmt.Errorf("ask on %s: %w", subject, err)
	}
	return m.Data, nil
}

// Answer implements directory.Bus. Questions that come while 64 are being answered are
// lost: who asks has a time of its own and asks again.
func (b *Bus) Answer(
	subject string, answer func(ctx context.Context, subject string, body []byte) []byte,
) (stop func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	slots := make(chan struct{}, answering)
	unsubscribe, err := b.subscribe(&subscription{subject: subject, queue: "answer", hear: func(m *nats.Msg) {
		select {
		case slots <- struct{}{}:
		default:
			b.lost.Add(1)
			return
		}
		go func() { // ends with its answer; stop tells it to
			defer func() { <-slots }()
			if body := answer(ctx, m.Subject, m.Data); body != nil {
				_ = m.Respond(body) // who asked has gone
			}
		}()
	}})
	return func() { cancel(); unsubscribe() }, err
}

// Up implements directory.Bus.
func (b *Bus) Up() <-chan struct{} { return b.up }

// Connected tells whether there is a connection now.
func (b *Bus) Connected() bool { return b.current() != nil }

// Lost counts messages that came and were not taken, and what the server did not allow.
func (b *Bus) Lost() uint64 { return b.lost.Load() }

// Close ends the connection and all that listens on it.
func (b *Bus) Close() {
	b.stop()
	<-b.done
}

func (b *Bus) current() *nats.Conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.conn
}

// subscribe listens on this connection and on all that come after it.
func (b *Bus) subscribe(s *subscription) (stop func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil {
		if err := s.on(b.conn); err != nil && !errors.Is(err, nats.ErrConnectionClosed) { // keep will see that, too
			return func() {}, fmt.Errorf("listen to %s: %w", s.subject, err)
		}
	}
	b.subs[s] = struct{}{}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subs, s)
		if s.sub != nil {
			_ = s.sub.Unsubscribe() // fails on a connection that has ended: so has the subscription
		}
	}, nil
}

// on subscribes on a connection.
func (s *subscription) on(conn *nats.Conn) (err error) {
	if s.sub, err = conn.QueueSubscribe(s.subject, s.queue, s.hear); err != nil {
		return err
	}
	return s.sub.SetPendingLimits(pendingMessages, pendingBytes)
}
