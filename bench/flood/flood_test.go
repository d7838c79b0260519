package flood

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

// hub listens as a node does, for a county of its own.
func hub(t *testing.T) *roq.Listener {
	t.Helper()
	dir := t.TempDir()
	if err := identity.InitCA(dir); err != nil {
		t.Fatal(err)
	}
	if err := identity.Issue(dir, "hub"); err != nil {
		t.Fatal(err)
	}
	id, err := identity.Load(filepath.Join(dir, "hub"))
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := roq.Listen(roq.TransportConfig{
		PacketConn: socket, TLS: id.ServerTLS(), Protocols: []string{roq.ProtocolRelay},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// await waits until the hub has counted something.
func await(t *testing.T, l *roq.Listener, what string, enough func(roq.GateStats) bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if enough(l.Gate()) {
			return
		}
	}
	t.Fatalf("%s: %+v", what, l.Gate())
}

func TestKnocksAreFirstPacketsThatAHubTakesForHandshakes(t *testing.T) {
	knocks, err := Knocks(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range knocks {
		if len(k) != roq.PacketSize || i > 0 && bytes.Equal(k, knocks[0]) {
			t.Errorf("the %dth has %d bytes", i, len(k))
		}
	}
	l := hub(t)
	ctx, stop := context.WithCancel(t.Context())
	k := &Knockers{Target: l.Addr().String(), Rate: 100, Knocks: knocks}
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }() // ends by stop
	await(t, l, "three handshakes begin", func(s roq.GateStats) bool { return s.Begun >= 3 })
	stop()
	if err := <-done; err != nil || k.Sent() < 3 {
		t.Errorf("%d sent, %v", k.Sent(), err)
	}
}

func TestDialersAreRefused(t *testing.T) {
	l := hub(t)
	ctx, stop := context.WithCancel(t.Context())
	d := &Dialers{Target: l.Addr().String(), Rate: 50, Dir: t.TempDir()}
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }() // ends by stop
	await(t, l, "handshakes fail", func(s roq.GateStats) bool { return s.Failed >= 3 })
	stop()
	if err := <-done; err != nil || d.Tries() < 3 {
		t.Errorf("%d tries, %v", d.Tries(), err)
	}
}
