package netem

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"
)

// route runs a router that ends with the test.
func route(t *testing.T, cfg RouterConfig) *Router {
	t.Helper()
	if err := CanRoute(); err != nil {
		t.Skip(err)
	}
	r, err := NewRouter(cfg, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }() // ends with ctx; the cleanup waits
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestRouterCarriesTCPBetweenItsNamespaces(t *testing.T) {
	const oneWay = 20 * time.Millisecond
	p := Profile{Rate: 50_000_000, Delay: oneWay}
	r := route(t, RouterConfig{Up: p, Down: p, Name: "test-tcp"})
	var l net.Listener
	err := r.Near().Do(func() (err error) {
		l, err = net.Listen("tcp", r.Near().Address.String()+":0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // ends with the one connection it takes
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c)
	}()
	var c net.Conn
	begin := time.Now()
	err = r.Far().Do(func() (err error) {
		c, err = net.Dial("tcp", l.Addr().String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if took := time.Since(begin); took < 2*oneWay {
		t.Errorf("connected after %v over a round trip of %v", took, 2*oneWay)
	}
	const size = 100_000
	go func() { _, _ = c.Write(make([]byte, size)) }() // ends when the echo has taken it
	if _, err := io.ReadFull(c, make([]byte, size)); err != nil {
		t.Error(err)
	}
	s := r.Stats()
	if s.Up.DeliveredBytes < size || s.Down.DeliveredBytes < size || s.Overrun != 0 {
		t.Errorf("%d bytes up, %d down, %d overrun", s.Up.DeliveredBytes, s.Down.DeliveredBytes, s.Overrun)
	}
	if _, err := net.DialTimeout("tcp", l.Addr().String(), 100*time.Millisecond); err == nil {
		t.Error("the namespace can be reached from outside")
	}
}

func TestRouterCountsAPacketAsLongAsItIs(t *testing.T) {
	r := route(t, RouterConfig{Name: "test-size"})
	var c net.Conn
	err := r.Near().Do(func() (err error) {
		c, err = net.Dial("udp", r.Far().Address.String()+":9")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	for r.Stats().Down.Delivered == 0 {
		time.Sleep(time.Millisecond)
	}
	if got := r.Stats().Down.OfferedBytes; got != 1000+WireOverhead {
		t.Errorf("a datagram of 1000 bytes counts as %d", got)
	}
}

func TestRouterRunsCommandsInsideAndCleansUp(t *testing.T) {
	r := route(t, RouterConfig{Name: "test-clean"})
	out, err := r.Far().Command(t.Context(), "ip", "-4", "-o", "addr", "show", "dev", device).CombinedOutput()
	if err != nil || !strings.Contains(string(out), r.Far().Address.String()+"/24") {
		t.Errorf("%s, %v", out, err)
	}
	_, err = NewRouter(RouterConfig{Name: "test-clean"}, zaptest.NewLogger(t))
	if !errors.Is(err, ErrTaken) {
		t.Errorf("a second one of the same name: %v", err)
	}
	if err := exec.Command("ip", "netns", "add", "test-left-near").Run(); err != nil { // as a killed run leaves it
		t.Fatal(err)
	}
	left, err := NewRouter(RouterConfig{Name: "test-left"}, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := left.Close(); err != nil {
		t.Error(err)
	}
	for _, ns := range []Namespace{left.Near(), left.Far()} {
		if _, err := os.Stat("/run/netns/" + ns.Name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", ns.Name)
		}
	}
}

func TestRouterRefusesAName(t *testing.T) {
	for _, bad := range []string{"a b", "../x", "Großes", strings.Repeat("x", 41)} {
		if _, err := newPair(bad, zaptest.NewLogger(t)); err == nil || errors.Is(err, ErrRouter) && os.Geteuid() == 0 {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestBulkBesideTheRelaySharesItsLink(t *testing.T) {
	if err := CanRoute(); err != nil {
		t.Skip(err)
	}
	const rate = 10_000_000
	p := Profile{Rate: rate, Delay: 5 * time.Millisecond}
	r, err := New(Config{Listen: "127.0.0.1:0", Target: "127.0.0.1:9", Up: p, Down: p}, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Beside("test-beside", []Bulk{{Congestion: "reno", Flows: 2}}, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	both := make(chan error, 2)
	go func() { both <- r.Run(ctx) }() // ends with ctx
	go func() { both <- b.Run(ctx) }() // the same
	for r.Stats().Down.DeliveredBytes < 100_000 {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	if err := errors.Join(<-both, <-both, b.Close()); err != nil {
		t.Error(err)
	}
	if s := b.Share(rate); s <= 0 || s > 1 {
		t.Errorf("the flows got %v of the link", s)
	}
}
