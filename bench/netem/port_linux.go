package netem

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// port is a socket or a TUN device. It is not among Go's own network descriptors:
// the pump waits for packets and for the clock in one system call, on its own
// thread, and nobody else's work comes between.
type port struct {
	fd      int
	device  bool // TUN, not a socket
	took    took
	overrun *atomic.Uint64
	dropped uint32 // by the kernel, by its last word
}

// portOf takes a UDP socket out of Go's hands, asks for large buffers and for the
// kernel's word on when each datagram came and how many were dropped.
func portOf(c *net.UDPConn, took took, overrun *atomic.Uint64) (*port, error) {
	defer func() { _ = c.Close() }() // what we keep is a copy
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if e := raw.Control(func(own uintptr) {
		fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0)
	}); e != nil || err != nil {
		return nil, errors.Join(e, err)
	}
	// Root gets what it asks for, others what the system allows.
	for _, option := range [...]int{unix.SO_RCVBUF, unix.SO_SNDBUF, unix.SO_RCVBUFFORCE, unix.SO_SNDBUFFORCE} {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, socketBuffer)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	return &port{fd: fd, took: took, overrun: overrun}, nil
}

// toPeer sends to where the socket is connected, or into the device. Who is not
// there is the network's business.
func (p *port) toPeer(packet []byte) { write(p.fd, packet) }

// to makes what sends to an address from this socket.
func (p *port) to(address netip.AddrPort) func(packet []byte) {
	where := sockaddr(address)
	return func(packet []byte) { sendto(p.fd, packet, where) }
}

// close may be called twice, by one goroutine at a time.
func (p *port) close() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd)
		p.fd = -1
	}
}

// receive takes one packet, if there is one.
func (p *port) receive(buf []byte, e *envelope) bool {
	if p.device {
		n, err := read(p.fd, buf)
		if n > 0 {
			p.took(buf[:n], time.Now(), netip.AddrPort{})
		}
		return err == nil
	}
	n, err := recvmsg(p.fd, buf, e)
	if err != nil {
		// Errors other than that nothing is there are echoes of a target that is not
		// there (ICMP), and pass.
		return !errors.Is(err, unix.EAGAIN)
	}
	p.took(buf[:n], p.arrival(time.Now(), e.said()), e.sender())
	return true
}

// arrival is when a datagram that was read at now came, by its control messages; it
// counts what was dropped before it.
func (p *port) arrival(now time.Time, control []byte) time.Time {
	at := now
	for len(control) > 0 {
		h, body, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			break
		}
		control = rest
		switch {
		case h.Level != unix.SOL_SOCKET:
		case h.Type == unix.SO_TIMESTAMPNS && len(body) >= 16: // seconds, nanoseconds
			sent := time.Unix(int64(binary.NativeEndian.Uint64(body)), int64(binary.NativeEndian.Uint64(body[8:])))
			// Otherwise the wall clock was set meanwhile.
			if waited := now.Sub(sent); waited >= 0 && waited <= time.Second {
				at = now.Add(-waited) // keeps the monotonic reading of now
			}
		case h.Type == unix.SO_RXQ_OVFL && len(body) >= 4:
			all := binary.NativeEndian.Uint32(body) // since the socket was made, modulo 2³²
			p.overrun.Add(uint64(all - p.dropped))
			p.dropped = all
		}
	}
	return at
}

// ports are all those of a pump.
type ports struct {
	all      []*port
	polls    []unix.PollFd
	buf      []byte
	envelope envelope
}

// add takes a port in. Its packets come from the next wait on.
func (ps *ports) add(p *port) {
	ps.all = append(ps.all, p)
	ps.polls = append(ps.polls, unix.PollFd{Fd: int32(p.fd), Events: unix.POLLIN})
}

// wait takes in what comes, and returns when something came or the time is over.
func (ps *ports) wait(d time.Duration) {
	if ps.buf == nil {
		ps.buf = make([]byte, maxPacket)
	}
	t := unix.NsecToTimespec(int64(d))
	if !poll(ps.polls, &t) {
		return
	}
	for i := range len(ps.all) { // one that is added meanwhile waits for its turn
		if ps.polls[i].Revents == 0 {
			continue
		}
		for n := 0; n < inOneGo && ps.all[i].receive(ps.buf, &ps.envelope); n++ {
		}
	}
}

func (ps *ports) close() {
	for _, p := range ps.all {
		p.close()
	}
}

// hurry asks that this thread goes before all others whenever it has something to do,
// which the kernel grants to root only; otherwise all stays as it is. On a machine
// with more to do than it can, packets would wait for tens of milliseconds.
func hurry() {
	const first, last = 1, 99 // the kernel's priorities
	priority := uint32(first)
	// Where the program was started with such a priority, ours has to be above it:
	// below, threads of Go that spin until this one answers would never let it run.
	if now, err := unix.SchedGetAttr(0, 0); err == nil && (now.Policy == unix.SCHED_RR || now.Policy == unix.SCHED_FIFO) {
		priority = min(now.Priority+1, last)
	}
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: priority, Flags: unix.SCHED_FLAG_RESET_ON_FORK,
	}, 0)
}
