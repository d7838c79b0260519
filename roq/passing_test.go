package roq

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// routeless is a socket whose machine has no route at times.
type routeless struct {
	net.PacketConn
	err atomic.Pointer[error]
}

func (c *routeless) WriteTo(b []byte, addr net.Addr) (int, error) {
	if err := c.err.Load(); err != nil {
		return 0, &net.OpError{Op: "write", Net: "udp", Err: os.NewSyscallError("sendmsg", *err)}
	}
	return c.PacketConn.WriteTo(b, addr)
}

func (c *routeless) set(err error) { c.err.Store(&err) }

func TestAConnectionSurvivesASecondWithoutARoute(t *testing.T) {
	for _, err := range []error{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EPERM} {
		t.Run(err.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, 10*time.Millisecond, 0)
				socket := &routeless{PacketConn: l.dialler}
				p := start2(t, l, TransportConfig{PacketConn: socket}, TransportConfig{})
				ch := make(chan Received, 1000)
				if err := p.listener.Receive(64, ch); err != nil {
					t.Fatal(err)
				}
				send := func() {
					for range 50 {
						p.dialler.TrySend(64, make([]byte, 100), time.Time{})
						time.Sleep(20 * time.Millisecond)
					}
				}
				send()
				socket.set(err)
				send()
				socket.err.Store(nil)
				before := len(ch)
				send()
				if got := len(ch) - before; got < 40 {
					t.Errorf("%d of 50 packets arrived after the route was back", got)
				}
				if n := p.dialled.socket.PacketConn.(*watchedConn).passing.unsent.Load(); n == 0 {
					t.Error("no packet was kept back: the test tests nothing")
				}
			})
		})
	}
}

func TestADialWithoutARouteSaysSoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 10*time.Millisecond, 0)
		socket := &routeless{PacketConn: l.dialler}
		socket.set(syscall.ENETUNREACH)
		dialTLS, _ := testTLS(t)
		begun := time.Now()
		_, err := Dial(t.Context(), l.listener.addr, TransportConfig{PacketConn: socket, TLS: dialTLS})
		if !errors.Is(err, syscall.ENETUNREACH) || time.Since(begun) > 0 {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

func TestWhatIsNoPassingError(t *testing.T) {
	var p passing
	if p.forgives(syscall.ENETUNREACH) {
		t.Error("forgiven before anything could be sent")
	}
	if p.forgives(nil) {
		t.Error("a success is no error")
	}
	for err, want := range map[error]bool{
		syscall.ENETUNREACH: true, syscall.ENOBUFS: true,
		syscall.EMSGSIZE: false, syscall.EIO: false, syscall.EBADF: false, net.ErrClosed: false,
	} {
		if got := p.forgives(err); got != want {
			t.Errorf("%v: forgiven %v", err, got)
		}
	}
}
