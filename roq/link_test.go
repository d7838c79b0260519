package roq

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// link is a network of two ends in memory, one queue per direction, for
// synctest bubbles.
type link struct {
	mu      sync.Mutex
	rnd     *rand.Rand
	delay   time.Duration // one way
	loss    float64       // of each packet
	mtu     int           // largest UDP payload, 0 = any
	dark    bool          // nothing passes
	rate    float64       // bit/s towards the listener, 0 = any; 100 ms of queue, then drops
	busy    time.Time     // until when packets in that queue keep it busy
	dropped int

	dialler, listener *end
	nat               *net.UDPAddr // how the listener sees the dialler
}

func newLink(t *testing.T, delay time.Duration, loss float64) *link {
	t.Helper()
	l := &link{delay: delay, loss: loss, rnd: rand.New(rand.NewPCG(7, 7))}
	l.dialler = newEnd(l, &net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1000})
	l.listener = newEnd(l, &net.UDPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 2000})
	l.nat = l.dialler.addr
	return l
}

func (l *link) change(f func(l *link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l)
}

// drops is how many packets were lost, either way.
func (l *link) drops() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// send decides what becomes of a packet.
func (l *link) send(from *end, b []byte, to net.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dark || l.rnd.Float64() < l.loss || l.mtu > 0 && len(b) > l.mtu {
		l.dropped++
		return
	}
	now := time.Now()
	due := now.Add(l.delay)
	target, source := l.listener, l.nat
	if from == l.listener {
		if to.String() != l.nat.String() {
			return // sent to an address the NAT gave up
		}
		target, source = l.dialler, l.listener.addr
	} else if l.rate > 0 {
		if l.busy.Before(now) {
			l.busy = now
		}
		if l.busy.Sub(now) > 100*time.Millisecond {
			l.dropped++
			return
		}
		l.busy = l.busy.Add(time.Duration(float64(len(b)*8) / l.rate * float64(time.Second)))
		due = l.busy.Add(l.delay)
	}
	target.queue <- flying{bytes.Clone(b), source, due}
}

type flying struct {
	b    []byte
	from net.Addr
	due  time.Time
}

// end is a net.PacketConn.
type end struct {
	link     *link
	addr     *net.UDPAddr
	queue    chan flying // ten seconds of any test; a test that fills it hangs
	closed   chan struct{}
	once     sync.Once
	mu       sync.Mutex
	deadline chan struct{} // closed when the read deadline passed
}

func newEnd(l *link, addr *net.UDPAddr) *end {
	return &end{
		link: l, addr: addr, queue: make(chan flying, 20_000),
		closed: make(chan struct{}), deadline: make(chan struct{}),
	}
}

func (e *end) WriteTo(b []byte, to net.Addr) (int, error) {
	e.link.send(e, b, to)
	return len(b), nil
}

func (e *end) ReadFrom(b []byte) (int, net.Addr, error) {
	e.mu.Lock()
	deadline := e.deadline
	e.mu.Unlock()
	select {
	case <-e.closed:
		return 0, nil, net.ErrClosed
	case <-deadline:
		return 0, nil, os.ErrDeadlineExceeded
	case f := <-e.queue:
		time.Sleep(time.Until(f.due))
		return copy(b, f.b), f.from, nil
	}
}

func (e *end) Close() error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

// SetReadDeadline knows "never" and "now", which is all the library uses.
func (e *end) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.deadline:
		e.deadline = make(chan struct{})
	default:
	}
	if !t.IsZero() {
		close(e.deadline)
	}
	return nil
}

func (e *end) LocalAddr() net.Addr              { return e.addr }
func (e *end) SetDeadline(t time.Time) error    { return e.SetReadDeadline(t) }
func (e *end) SetWriteDeadline(time.Time) error { return nil }
func (e *end) SetReadBuffer(int) error          { return nil } // or upstream complains
func (e *end) SetWriteBuffer(int) error         { return nil }

// testTLS returns the two sides of a handshake between peers that trust each
// other. It is valid in the year 2000, where bubbles live.
func testTLS(tb testing.TB) (dialler, listener *tls.Config) {
	tb.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
		DNSNames:     []string{"hub"},
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	dialler = &tls.Config{RootCAs: roots, ServerName: "hub"}
	listener = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return dialler, listener
}
