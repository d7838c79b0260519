//go:build !linux

package netem

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

const (
	// nap is the longest time the pump sleeps at a time.
	nap = 200 * time.Microsecond
	// enteringQueue is how many datagrams wait for the pump: half a second at
	// 100 Mbit/s and 1,250 bytes. When it is full they are dropped and counted.
	enteringQueue = 5000
)

// port is a socket with a reader of its own.
type port struct {
	conn    *net.UDPConn
	took    took
	overrun *atomic.Uint64
}

// portOf asks for large buffers.
func portOf(c *net.UDPConn, took took, overrun *atomic.Uint64) (*port, error) {
	_ = c.SetReadBuffer(socketBuffer)
	_ = c.SetWriteBuffer(socketBuffer)
	return &port{c, took, overrun}, nil
}

func (p *port) toPeer(packet []byte) { _, _ = p.conn.Write(packet) }

func (p *port) to(address netip.AddrPort) func(packet []byte) {
	return func(packet []byte) { _, _ = p.conn.WriteToUDPAddrPort(packet, address) }
}

// read hands over what comes until the socket is closed. It never waits for the pump.
func (p *port) read(arrived chan<- func()) {
	for {
		buf := make([]byte, maxPacket)
		n, from, err := p.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // an echo of a target that is not there (ICMP)
			continue
		}
		at, packet := time.Now(), append([]byte(nil), buf[:n]...)
		select {
		case arrived <- func() { p.took(packet, at, from) }:
		default:
			p.overrun.Add(1)
		}
	}
}

// ports are all those of a pump.
type ports struct {
	all     []*port
	arrived chan func()
}

// add takes a port in.
func (ps *ports) add(p *port) {
	if ps.arrived == nil {
		ps.arrived = make(chan func(), enteringQueue)
	}
	ps.all = append(ps.all, p)
	go p.read(ps.arrived) // ends when close closes its socket
}

// wait takes in what has come, and sleeps for a while when nothing has.
func (ps *ports) wait(d time.Duration) {
	for range enteringQueue {
		select {
		case f := <-ps.arrived:
			f()
		default:
			time.Sleep(min(d, nap))
			return
		}
	}
}

func (ps *ports) close() {
	for _, p := range ps.all {
		p.conn.Close()
	}
}

// hurry does nothing here.
func hurry() {}
