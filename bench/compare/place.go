package compare

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/classrelay/classrelay/bench/netem"
)

// place is where programs run and sockets are made: a namespace at one end of the
// line, or, in tests, this machine as it is.
type place interface {
	Command(ctx context.Context, name string, args ...string) *exec.Cmd
	// Do calls f on a thread inside; sockets that f makes stay there.
	Do(f func() error) error
}

// end is one end of the line.
type end struct {
	place
	address netip.Addr
}

func endOf(ns netem.Namespace) end { return end{ns, ns.Address} }

// listen makes a listening socket at this end.
func (e end) listen(network, address string) (l net.Listener, err error) {
	err = e.Do(func() (err error) {
		l, err = net.Listen(network, address) //nolint:noctx // an address of our own, at once
		return err
	})
	return l, err
}

// dial connects from this end.
func (e end) dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = e.Do(func() (err error) {
		var d net.Dialer
		c, err = d.DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// accepts tells whether somebody listens at a TCP address.
func (e end) accepts(ctx context.Context, address string) bool {
	const patience = 500 * time.Millisecond // the far end of a slow line included
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := e.dial(ctx, "tcp", address)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// congestion is the kernel's key of tcp(7), one for each namespace.
const congestion = "/proc/sys/net/ipv4/tcp_congestion_control"

// ErrTCP is wrapped by the error for a congestion control that cannot be had.
var ErrTCP = errors.New("no such congestion control of TCP in a namespace")

// setTCP chooses the congestion control of this end's connections to come.
func (e end) setTCP(name string) error {
	if name == "" {
		return nil
	}
	return e.Do(func() error {
		if err := os.WriteFile(congestion, []byte(name), 0); err != nil {
			return fmt.Errorf("tcp: %s: %w: modprobe tcp_%s, and add it to what "+
				"sysctl net.ipv4.tcp_allowed_congestion_control has: %w", name, ErrTCP, name, err)
		}
		return nil
	})
}

// tcp is the congestion control in force; empty when the system does not tell.
func (e end) tcp() (name string) {
	_ = e.Do(func() error { // then it stays empty
		b, err := os.ReadFile(congestion)
		name = strings.TrimSpace(string(b))
		return err
	})
	return name
}
