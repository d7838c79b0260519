package netem

import (
	"context"
	"fmt"
	"net"
	"syscall"
)

// Listen listens for TCP at a free port of the namespace.
func (ns Namespace) Listen(network string) (l net.Listener, err error) {
	err = ns.Do(func() (err error) {
		l, err = net.Listen(network, net.JoinHostPort(ns.Address.String(), "0")) //nolint:noctx // at once
		return err
	})
	return l, err
}

// DialTCP connects to a literal address from within the namespace. Congestion is the
// name of the control of what is sent; empty = the system's.
func (ns Namespace) DialTCP(ctx context.Context, address, congestion string) (c *net.TCPConn, err error) {
	d := net.Dialer{}
	if congestion != "" {
		d.Control = func(_, _ string, raw syscall.RawConn) error { return setCongestion(raw, congestion) }
	}
	err = ns.Do(func() error {
		conn, err := d.DialContext(ctx, "tcp4", address)
		if err == nil {
			c = conn.(*net.TCPConn) // as the network says
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("connect from namespace %s: %w", ns.Name, err)
	}
	return c, nil
}
