package testnet

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// receiveQueue is how many datagrams wait for a reader: ten key frames, so that
// only a reader that has stopped loses any.
const receiveQueue = 2000

// PacketConn is a UDP socket on a Network (net.PacketConn).
type PacketConn struct {
	network *Network
	addr    netip.AddrPort
	// queue holds what has arrived; when it is full the datagram is dropped and
	// counted, as a kernel does.
	queue   chan datagram
	dropped atomic.Uint64

	closing sync.Once
	closed  chan struct{}
	read    *deadline
}

func newPacketConn(n *Network, at netip.AddrPort) *PacketConn {
	return &PacketConn{
		network: n,
		addr:    at,
		queue:   make(chan datagram, receiveQueue),
		closed:  make(chan struct{}),
		read:    newDeadline(),
	}
}

func (c *PacketConn) receive(d datagram) {
	select {
	case <-c.closed:
	case c.queue <- d:
	default:
		c.dropped.Add(1)
	}
}

// Dropped is how many datagrams found the receive queue full.
func (c *PacketConn) Dropped() uint64 { return c.dropped.Load() }

// ReadFrom waits for a datagram. What does not fit into b is cut off.
func (c *PacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-c.closed:
		return 0, nil, c.fail("read", net.ErrClosed)
	case <-c.read.passed():
		return 0, nil, c.fail("read", os.ErrDeadlineExceeded)
	default:
	}
	select {
	case d := <-c.queue:
		return copy(b, d.payload), net.UDPAddrFromAddrPort(d.from), nil
	case <-c.closed:
		return 0, nil, c.fail("read", net.ErrClosed)
	case <-c.read.passed():
		return 0, nil, c.fail("read", os.ErrDeadlineExceeded)
	}
}

// WriteTo sends a datagram to a *net.UDPAddr. It never waits; b may be reused.
func (c *PacketConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	select {
	case <-c.closed:
		return 0, c.fail("write", net.ErrClosed)
	default:
	}
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, c.fail("write", &net.AddrError{Err: "not a UDP address", Addr: addr.String()})
	}
	to := udp.AddrPort()
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	c.network.send(c.addr, to, slices.Clone(b))
	return len(b), nil
}

func (c *PacketConn) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: c.LocalAddr(), Err: err}
}

// Close frees the address and ends a waiting ReadFrom.
func (c *PacketConn) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		c.read.stop()
		c.network.mu.Lock()
		delete(c.network.sockets, c.addr)
		c.network.mu.Unlock()
	})
	return nil
}

// LocalAddr is a *net.UDPAddr.
func (c *PacketConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.addr) }

// SetDeadline sets the read deadline; writing never waits.
func (c *PacketConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline ends a waiting ReadFrom at t; zero = never.
func (c *PacketConn) SetReadDeadline(t time.Time) error {
	c.read.set(t)
	return nil
}

// SetWriteDeadline does nothing; writing never waits.
func (c *PacketConn) SetWriteDeadline(time.Time) error { return nil }

// SetReadBuffer does nothing; it is there for quic-go, which asks for one.
func (c *PacketConn) SetReadBuffer(int) error { return nil }

// SetWriteBuffer does nothing; it is there for quic-go, which asks for one.
func (c *PacketConn) SetWriteBuffer(int) error { return nil }
