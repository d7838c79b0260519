package testnet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// loopback is the address of whoever uses the network without naming a host.
const loopback = "127.0.0.1"

// Host is one machine on the network: an IP address. Its methods have the shape
// of the hooks of gortsplib and of our own packages.
type Host struct {
	network *Network
	addr    netip.Addr
}

// Host returns the host with this IP address. It panics when ip is none: that is
// a mistake in a test.
func (n *Network) Host(ip string) *Host {
	return &Host{network: n, addr: netip.MustParseAddr(ip)}
}

// ListenPacket opens a UDP socket at "ip:port"; port 0 picks one.
func (n *Network) ListenPacket(address string) (*PacketConn, error) {
	return n.Host(loopback).open(address)
}

// Listen opens a listener for streams at "ip:port"; port 0 picks one.
func (n *Network) Listen(network, address string) (net.Listener, error) {
	return n.Host(loopback).Listen(network, address)
}

// DialContext opens a stream to a listener, from 127.0.0.1.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return n.Host(loopback).DialContext(ctx, network, address)
}

// ListenPacket opens a UDP socket at this host; ":0" picks a port.
func (h *Host) ListenPacket(_, address string) (net.PacketConn, error) { return h.open(address) }

func (h *Host) open(address string) (*PacketConn, error) {
	at, err := resolve(address, h.addr)
	if err != nil {
		return nil, fmt.Errorf("listen udp %s: %w", address, err)
	}
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	at = h.network.ephemeral(at)
	if h.network.closed {
		return nil, fmt.Errorf("listen udp %s: %w", address, net.ErrClosed)
	}
	if h.network.sockets[at] != nil {
		return nil, fmt.Errorf("listen udp %s: %w", at, ErrInUse)
	}
	s := newPacketConn(h.network, at)
	h.network.sockets[at] = s
	return s, nil
}

// Listen opens a listener for streams at this host.
func (h *Host) Listen(_, address string) (net.Listener, error) {
	at, err := resolve(address, h.addr)
	if err != nil {
		return nil, fmt.Errorf("listen tcp %s: %w", address, err)
	}
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	at = h.network.ephemeral(at)
	if h.network.closed {
		return nil, fmt.Errorf("listen tcp %s: %w", address, net.ErrClosed)
	}
	if h.network.listeners[at] != nil {
		return nil, fmt.Errorf("listen tcp %s: %w", at, ErrInUse)
	}
	l := newListener(h.network, at)
	h.network.listeners[at] = l
	return l, nil
}

// DialContext opens a stream from this host to a listener. It waits until the
// listener has room for one more.
func (h *Host) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	to, err := resolve(address, h.addr)
	if err != nil {
		return nil, fmt.Errorf("dial tcp %s: %w", address, err)
	}
	h.network.mu.Lock()
	l := h.network.listeners[to]
	from := h.network.ephemeral(netip.AddrPortFrom(h.addr, 0))
	h.network.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("dial tcp %s: %w", to, ErrRefused)
	}
	near, far := newStream(from, to)
	select {
	case l.backlog <- far:
		return near, nil
	case <-l.closed:
		return nil, fmt.Errorf("dial tcp %s: %w", to, ErrRefused)
	case <-ctx.Done():
		return nil, fmt.Errorf("dial tcp %s: %w", to, context.Cause(ctx))
	}
}
