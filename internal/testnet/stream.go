package testnet

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

const (
	// streamBuffer is how many bytes a stream holds between writer and reader:
	// half a second at 4 Mbit/s, about what two sockets buffer.
	streamBuffer = 256 << 10
	// backlogSize is how many streams wait for Accept; one more waits in Dial.
	backlogSize = 64
)

// Listener accepts streams (net.Listener).
type Listener struct {
	network *Network
	addr    netip.AddrPort
	backlog chan net.Conn
	closing sync.Once
	closed  chan struct{}
}

func newListener(n *Network, at netip.AddrPort) *Listener {
	return &Listener{network: n, addr: at, backlog: make(chan net.Conn, backlogSize), closed: make(chan struct{})}
}

// Accept waits for a stream.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
	case c := <-l.backlog:
		return c, nil
	}
	return nil, fmt.Errorf("accept at %s: %w", l.addr, net.ErrClosed)
}

// Close frees the address, ends a waiting Accept and closes what nobody accepted.
func (l *Listener) Close() error {
	l.closing.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		delete(l.network.listeners, l.addr)
		l.network.mu.Unlock()
		for {
			select {
			case c := <-l.backlog:
				_ = c.Close() // closing in memory cannot fail
			default:
				return
			}
		}
	})
	return nil
}

// Addr is a *net.TCPAddr.
func (l *Listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.addr) }

// stream is one end of a two-way stream of bytes (net.Conn).
type stream struct {
	local, remote netip.AddrPort
	in, out       *pipe
	read, write   *deadline
}

// newStream returns both ends.
func newStream(a, b netip.AddrPort) (near, far *stream) {
	ab, ba := newPipe(), newPipe()
	near = &stream{local: a, remote: b, in: ba, out: ab, read: newDeadline(), write: newDeadline()}
	far = &stream{local: b, remote: a, in: ab, out: ba, read: newDeadline(), write: newDeadline()}
	return near, far
}

// Read waits for at least one byte.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.in.read(b, s.read.passed())
	return n, s.fail("read", err)
}

// Write returns when all of b is in the buffer.
func (s *stream) Write(b []byte) (int, error) {
	n, err := s.out.write(b, s.write.passed())
	return n, s.fail("write", err)
}

func (s *stream) fail(op string, err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // pipe returns the bare io.EOF, which readers compare
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}

// Close ends both ends: the other one reads what is left, then io.EOF.
func (s *stream) Close() error {
	s.out.closeWriter()
	s.in.closeReader()
	s.read.stop()
	s.write.stop()
	return nil
}

// LocalAddr is a *net.TCPAddr.
func (s *stream) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(s.local) }

// RemoteAddr is a *net.TCPAddr.
func (s *stream) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(s.remote) }

// SetDeadline sets both deadlines; zero = never.
func (s *stream) SetDeadline(t time.Time) error {
	s.read.set(t)
	s.write.set(t)
	return nil
}

// SetReadDeadline ends a waiting Read at t; zero = never.
func (s *stream) SetReadDeadline(t time.Time) error {
	s.read.set(t)
	return nil
}

// SetWriteDeadline ends a waiting Write at t; zero = never.
func (s *stream) SetWriteDeadline(t time.Time) error {
	s.write.set(t)
	return nil
}

// pipe is one direction of a stream: a bounded buffer.
type pipe struct {
	mu           sync.Mutex
	buf          []byte
	writerClosed bool
	readerClosed bool
	changed      chan struct{} // closed and replaced at every change
}

func newPipe() *pipe { return &pipe{changed: make(chan struct{})} }

// notify wakes everyone who waits; mu is held.
func (p *pipe) notify() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *pipe) read(b []byte, deadline <-chan struct{}) (int, error) {
	for {
		n, changed, err := p.tryRead(b)
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		select {
		case <-changed:
		case <-deadline:
			return 0, os.ErrDeadlineExceeded
		}
	}
}

func (p *pipe) tryRead(b []byte) (int, <-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.readerClosed:
		return 0, nil, net.ErrClosed
	case len(p.buf) == 0 && p.writerClosed:
		return 0, nil, io.EOF
	case len(p.buf) == 0:
		return 0, p.changed, nil
	}
	n := copy(b, p.buf)
	p.buf = p.buf[:copy(p.buf, p.buf[n:])]
	p.notify()
	return n, nil, nil
}

func (p *pipe) write(b []byte, deadline <-chan struct{}) (int, error) {
	done := 0
	for done < len(b) {
		n, changed, err := p.tryWrite(b[done:])
		done += n
		if err != nil {
			return done, err
		}
		if n > 0 {
			continue
		}
		select {
		case <-changed:
		case <-deadline:
			return done, os.ErrDeadlineExceeded
		}
	}
	return done, nil
}

func (p *pipe) tryWrite(b []byte) (int, <-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.writerClosed:
		return 0, nil, net.ErrClosed
	case p.readerClosed:
		return 0, nil, io.ErrClosedPipe
	}
	n := min(len(b), streamBuffer-len(p.buf))
	if n == 0 {
		return 0, p.changed, nil
	}
	p.buf = append(p.buf, b[:n]...)
	p.notify()
	return n, nil, nil
}

func (p *pipe) closeWriter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writerClosed = true
	p.notify()
}

func (p *pipe) closeReader() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readerClosed = true
	p.buf = nil
	p.notify()
}
