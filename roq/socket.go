package roq

import (
	"fmt"
	"net"

	"github.com/apernet/quic-go"
	"golang.org/x/net/ipv4"
)

const (
	// readBuffer is what the library asks for, too: 70 ms of a gigabit. The
	// kernel gives less unless net.core.rmem_max allows it.
	readBuffer = 8 << 20
	// writeBuffer holds 50 batches of 20 KB. More would only hide, in the kernel,
	// that the interface is slower than we are.
	writeBuffer = 1 << 20
)

// Buffers is the size of a socket's buffers in bytes, as the kernel set them:
// Linux doubles what it was asked for and cuts it to its limit. Zero means that
// the socket does not tell, as a simulated one.
type Buffers struct{ Read, Write int }

// socket is a packet conn as the library gets it, with its buffers set and, on a
// listener, with an eye on the size of the first packets of each peer and on
// where packets go.
type socket struct {
	net.PacketConn
	given net.PacketConn
}

func newSocket(conn net.PacketConn, narrow *narrowPeers, moves *moves) (*socket, error) {
	if err := setBuffers(conn); err != nil {
		return nil, fmt.Errorf("socket buffers of %s: %w", conn.LocalAddr(), err)
	}
	// The library sends and receives in batches, with ECN, only on sockets that
	// have these methods, so what we wrap around them must have them as well.
	oob, ok := conn.(interface {
		quic.OOBCapablePacketConn
		net.Conn // reading in batches wants it
	})
	if ok {
		var batch batchReader = ipv4.NewPacketConn(oob)
		if enableGRO(conn) {
			batch = newGRO(batch)
		}
		return &socket{&watchedUDP{OOBCapablePacketConn: oob, batch: batch, narrow: narrow, moves: moves}, conn}, nil
	}
	return &socket{&watchedConn{PacketConn: conn, narrow: narrow, moves: moves}, conn}, nil
}

func setBuffers(conn net.PacketConn) error {
	c, ok := conn.(interface {
		SetReadBuffer(bytes int) error
		SetWriteBuffer(bytes int) error
	})
	if !ok {
		return nil // a simulated socket
	}
	if err := c.SetReadBuffer(readBuffer); err != nil {
		return err
	}
	return c.SetWriteBuffer(writeBuffer)
}

// watchedUDP is a real UDP socket whose packets are looked at. It also
// hides SetWriteBuffer, which the library would set to 8 MB.
type watchedUDP struct {
	quic.OOBCapablePacketConn
	batch   batchReader
	narrow  *narrowPeers
	moves   *moves
	passing passing
}

// WriteMsgUDP is how the library writes: one packet or one batch per call.
func (c *watchedUDP) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	c.moves.wrote(addr)
	n, oobn, err = c.OOBCapablePacketConn.WriteMsgUDP(b, oob, addr)
	if c.passing.forgives(err) {
		return len(b), len(oob), nil // it is lost
	}
	return n, oobn, err
}

// ReadBatch is how the library reads on Linux: several packets per system call.
func (c *watchedUDP) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	n, err := c.batch.ReadBatch(ms, flags)
	for i := range ms[:max(n, 0)] {
		c.narrow.see(ms[i].Buffers[0][:ms[i].N], ms[i].Addr)
	}
	return n, err
}

// watchedConn is any other packet conn whose packets are looked at.
type watchedConn struct {
	net.PacketConn
	narrow  *narrowPeers
	moves   *moves
	passing passing
}

func (c *watchedConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	c.moves.wrote(addr)
	n, err := c.PacketConn.WriteTo(b, addr)
	if c.passing.forgives(err) {
		return len(b), nil // it is lost
	}
	return n, err
}

func (c *watchedConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, addr, err := c.PacketConn.ReadFrom(b)
	if err == nil {
		c.narrow.see(b[:n], addr)
	}
	return n, addr, err
}
