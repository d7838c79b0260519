package roq

import (
	"context"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"
)

// pair is two sessions over our own connections, running.
type pair struct {
	dialled, accepted         *Conn
	dialler, listener         *Session
	dialEnded, listenEnded    chan error
	stopDialling, stopListing context.CancelFunc
}

// connect dials over the link and returns both connections.
func connect(t *testing.T, l *link, dial, listen TransportConfig) (dialled, accepted *Conn) {
	t.Helper()
	dialTLS, listenTLS := testTLS(t)
	if dial.TLS = dialTLS; dial.PacketConn == nil {
		dial.PacketConn = l.dialler
	}
	listen.PacketConn, listen.TLS = l.listener, listenTLS
	ln, err := Listen(listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	dialled, err = Dial(t.Context(), ln.Addr(), dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.CloseWithError(NoError, "") })
	if accepted, err = ln.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dialled, accepted
}

// start runs a session on each connection until the test ends.
func start(t *testing.T, dialled, accepted *Conn) *pair {
	t.Helper()
	relay := dialled.Protocol() == ProtocolRelay
	p := &pair{dialled: dialled, accepted: accepted}
	p.dialler, p.stopDialling, p.dialEnded = run(t, dialled, SessionConfig{Relay: relay})
	p.listener, p.stopListing, p.listenEnded = run(t, accepted, SessionConfig{Relay: relay, Listener: true})
	return p
}

// run runs one session until the test ends or it is stopped.
func run(t *testing.T, conn Connection, cfg SessionConfig) (*Session, context.CancelFunc, chan error) {
	t.Helper()
	s, err := NewSession(conn, cfg, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended, done := make(chan error, 1), make(chan struct{})
	go func() { // ended by stop; the cleanup waits
		ended <- s.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return s, stop, ended
}

// receive asks for a flow in a channel of its own.
func receive(t *testing.T, s *Session, flow uint64) chan Received {
	t.Helper()
	ch := make(chan Received, 4096)
	if err := s.Receive(flow, ch); err != nil {
		t.Fatal(err)
	}
	return ch
}

// next waits for one packet.
func next(t *testing.T, ch <-chan Received) Received {
	t.Helper()
	select {
	case p := <-ch:
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("no packet within 10 s")
		return Received{}
	}
}
