package testnet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
)

// bubble runs f in virtual time with two hosts, 10.0.0.1 and 10.0.0.2.
func bubble(t *testing.T, f func(t *testing.T, n *Network, a, b *Host)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := New(1)
		defer n.Close()
		f(t, n, n.Host("10.0.0.1"), n.Host("10.0.0.2"))
	})
}

func socket(t *testing.T, h *Host, address string) *PacketConn {
	t.Helper()
	c, err := h.open(address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func lay(t *testing.T, n *Network, p netem.Profile) {
	t.Helper()
	if err := n.Link("10.0.0.1", "10.0.0.2", p, p); err != nil {
		t.Fatal(err)
	}
}

// receive reads until the socket has been silent for a second.
func receive(t *testing.T, c *PacketConn) (got []string) {
	t.Helper()
	buf := make([]byte, 100)
	for {
		if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		n, _, err := c.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(buf[:n]))
	}
}

func TestDatagramTakesTheDelayOfItsLink(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network, a, b *Host) {
		t.Helper()
		if err := n.Link("10.0.0.1", "10.0.0.2",
			netem.Profile{Delay: 30 * time.Millisecond}, netem.Profile{Delay: 5 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
		here, there := socket(t, a, ":1000"), socket(t, b, ":2000")
		start := time.Now()
		data := []byte("question")
		if _, err := here.WriteTo(data, there.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		copy(data, "scribble") // the caller may reuse its buffer
		buf := make([]byte, 100)
		size, from, err := there.ReadFrom(buf)
		if err != nil || string(buf[:size]) != "question" || from.String() != "10.0.0.1:1000" {
			t.Fatalf("%q from %v, %v", buf[:size], from, err)
		}
		if _, err := there.WriteTo([]byte("answer"), from); err != nil {
			t.Fatal(err)
		}
		if _, _, err := here.ReadFrom(buf); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d != 35*time.Millisecond {
			t.Errorf("there and back in %v, want 35 ms", d)
		}
	})
}

func TestCutAndRestoreUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network, a, b *Host) {
		t.Helper()
		lay(t, n, netem.Profile{Delay: 30 * time.Millisecond})
		here, there := socket(t, a, ":1000"), socket(t, b, ":2000")
		send := func(text string) {
			if _, err := here.WriteTo([]byte(text), there.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		send("in flight")
		n.Cut("10.0.0.1", "10.0.0.2")
		send("lost")
		n.Restore("10.0.0.1", "10.0.0.2")
		send("after")
		if got := receive(t, there); len(got) != 2 || got[0] != "in flight" || got[1] != "after" {
			t.Errorf("received %q", got)
		}
		if s := n.Stats("10.0.0.1", "10.0.0.2"); s.LostOutage != 1 || s.Delivered != 2 || s.Lateness.Max() != 0 {
			t.Errorf("%d lost, %d delivered, up to %v late", s.LostOutage, s.Delivered, s.Lateness.Max())
		}
	})
}

func TestSameSeedSameLossInEveryRun(t *testing.T) {
	var runs [2][]string
	for i := range runs {
		bubble(t, func(t *testing.T, n *Network, a, b *Host) {
			t.Helper()
			lay(t, n, netem.Profile{Delay: time.Millisecond, Loss: 0.1, Burst: 3})
			here, there := socket(t, a, ":1000"), socket(t, b, ":2000")
			for j := range 300 {
				if _, err := here.WriteTo([]byte{byte(j)}, there.LocalAddr()); err != nil {
					t.Fatal(err)
				}
			}
			runs[i] = receive(t, there)
		})
	}
	if len(runs[0]) == 300 || len(runs[0]) != len(runs[1]) {
		t.Fatalf("%d and %d of 300", len(runs[0]), len(runs[1]))
	}
	for i := range runs[0] {
		if runs[0][i] != runs[1][i] {
			t.Fatalf("packet %d differs", i)
		}
	}
}

func TestFullReceiveQueueDrops(t *testing.T) {
	bubble(t, func(t *testing.T, _ *Network, a, b *Host) {
		t.Helper()
		here, there := socket(t, a, ":1000"), socket(t, b, ":2000")
		for range receiveQueue + 10 {
			if _, err := here.WriteTo([]byte("x"), there.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		if got := receive(t, there); len(got) != receiveQueue || there.Dropped() != 10 {
			t.Errorf("%d received, %d dropped", len(got), there.Dropped())
		}
	})
}

func TestSocketAddressesAreTakenAndFreed(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network, a, _ *Host) {
		t.Helper()
		first := socket(t, a, ":1000")
		if _, err := a.ListenPacket("udp", "10.0.0.1:1000"); !errors.Is(err, ErrInUse) {
			t.Errorf("the same address twice: %v", err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := first.WriteTo(nil, first.LocalAddr()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write to a closed socket: %v", err)
		}
		socket(t, a, "0.0.0.0:1000")
		x, y := socket(t, a, ":0"), socket(t, a, ":0")
		if x.LocalAddr().String() == y.LocalAddr().String() {
			t.Errorf("two sockets at %v", x.LocalAddr())
		}
		if _, err := n.ListenPacket("no address"); err == nil {
			t.Error("a bad address is taken")
		}
	})
}

func TestCloseEndsAWaitingReader(t *testing.T) {
	bubble(t, func(t *testing.T, _ *Network, a, _ *Host) {
		t.Helper()
		c := socket(t, a, ":1000")
		done := make(chan error)
		go func() { // ends when c is closed
			_, _, err := c.ReadFrom(make([]byte, 10))
			done <- err
		}()
		synctest.Wait()
		c.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the reader got %v", err)
		}
	})
}

// join opens a stream from host a to a listener at host b.
func join(t *testing.T, a, b *Host) (near, far net.Conn) {
	t.Helper()
	l, err := b.Listen("tcp", ":554")
	if err != nil {
		t.Fatal(err)
	}
	near, err = a.DialContext(context.Background(), "tcp", "10.0.0.2:554")
	if err != nil {
		t.Fatal(err)
	}
	far, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

func TestStreamCarriesBytesInOrderBothWays(t *testing.T) {
	bubble(t, func(t *testing.T, _ *Network, a, b *Host) {
		t.Helper()
		near, far := join(t, a, b)
		sent := bytes.Repeat([]byte("0123456789"), 100_000) // four times the buffer
		go func() {                                         // ends when all is written
			_, _ = near.Write(sent)
			near.Close()
		}()
		got, err := io.ReadAll(far)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes of %d, %v", len(got), len(sent), err)
		}
		if _, ok := far.RemoteAddr().(*net.TCPAddr); !ok || far.LocalAddr().String() != "10.0.0.2:554" {
			t.Errorf("from %v to %v", far.RemoteAddr(), far.LocalAddr())
		}
	})
}

func TestStalledReaderStallsTheWriterUntilItsDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, _ *Network, a, b *Host) {
		t.Helper()
		near, far := join(t, a, b)
		start := time.Now()
		if err := near.SetWriteDeadline(start.Add(3 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := near.Write(make([]byte, streamBuffer+1))
		if n != streamBuffer || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("wrote %d of %d in %v, %v", n, streamBuffer+1, time.Since(start), err)
		}
		if err := near.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(far, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		if n, err := near.Write(make([]byte, 10)); n != 10 || err != nil {
			t.Errorf("after a read: wrote %d, %v", n, err)
		}
	})
}

func TestStreamEndsAsTCPDoes(t *testing.T) {
	bubble(t, func(t *testing.T, _ *Network, a, b *Host) {
		t.Helper()
		near, far := join(t, a, b)
		if _, err := near.Write([]byte("last words")); err != nil {
			t.Fatal(err)
		}
		near.Close()
		if got, err := io.ReadAll(far); string(got) != "last words" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if _, err := far.Write([]byte("x")); err == nil {
			t.Error("a write to a closed peer goes through")
		}
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a read after the own close: %v", err)
		}
	})
}

func TestDialSaysWhenNobodyListensOrNobodyAccepts(t *testing.T) {
	bubble(t, func(t *testing.T, _ *Network, a, b *Host) {
		t.Helper()
		if _, err := a.DialContext(context.Background(), "tcp", "10.0.0.2:554"); !errors.Is(err, ErrRefused) {
			t.Errorf("nobody listens: %v", err)
		}
		l, err := b.Listen("tcp", ":554")
		if err != nil {
			t.Fatal(err)
		}
		var last net.Conn
		for range backlogSize {
			if last, err = a.DialContext(context.Background(), "tcp", "10.0.0.2:554"); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := a.DialContext(ctx, "tcp", "10.0.0.2:554"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the backlog is full: %v", err)
		}
		l.Close()
		if _, err := last.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("nobody accepted: %v", err)
		}
		if _, err := a.DialContext(context.Background(), "tcp", "10.0.0.2:554"); !errors.Is(err, ErrRefused) {
			t.Errorf("nobody listens any more: %v", err)
		}
	})
}

func TestReadDeadlineCanBeMovedWhileReading(t *testing.T) {
	bubble(t, func(t *testing.T, _ *Network, a, b *Host) {
		t.Helper()
		_, far := join(t, a, b)
		start := time.Now()
		_ = far.SetReadDeadline(start.Add(time.Second))
		go func() { // ends at once
			_ = far.SetReadDeadline(start.Add(5 * time.Second))
		}()
		_, err := far.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
