package netem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// socketBuffer holds 0.3 s at 100 Mbit/s, should the machine pause that long.
	socketBuffer = 4 << 20
	// maxDatagram is the largest UDP payload over IPv4 (RFC 768: 16 bits of length).
	maxDatagram = 65_507
	// maxClients bounds the sockets that strangers can make a Relay open.
	maxClients = 1000
)

// Config says what lies between whom.
type Config struct {
	// Listen is the UDP address clients send to; port 0 picks one, see Addr.
	Listen string
	// Target is where their datagrams go.
	Target string
	// Up is the link from clients to the target, Down the way back. All clients
	// share both.
	Up, Down Profile
	// Seed is where all chance comes from.
	Seed uint64
}

// Stats is what a Relay did.
type Stats struct {
	Up, Down LinkStats
	// Overrun is how many datagrams the Relay itself lost because the machine was
	// too slow. It must be 0, or the run is worth nothing.
	Overrun uint64
	Clients int
}

// Relay carries UDP through a link. Make it with New, start it with Run; the
// other methods are safe for concurrent use.
type Relay struct {
	log    *zap.Logger
	target *net.UDPAddr
	socket *net.UDPConn
	line   *pump

	mu      sync.Mutex
	clients map[netip.AddrPort]*client
}

// client is one source address and our socket to the target for it.
type client struct {
	socket             *net.UDPConn
	toTarget, toClient func(payload []byte)
}

// New opens the listening socket; the links start now.
func New(cfg Config, log *zap.Logger) (*Relay, error) {
	target, err := net.ResolveUDPAddr("udp", cfg.Target)
	if err != nil {
		return nil, fmt.Errorf("emulate a link to %s: %w", cfg.Target, err)
	}
	line, err := newPump(cfg.Up, cfg.Down, cfg.Seed)
	if err != nil {
		return nil, fmt.Errorf("emulate a link to %s: %w", cfg.Target, err)
	}
	listen, err := net.ResolveUDPAddr("udp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("emulate a link at %s: %w", cfg.Listen, err)
	}
	socket, err := net.ListenUDP("udp", listen)
	if err != nil {
		return nil, fmt.Errorf("emulate a link at %s: %w", cfg.Listen, err)
	}
	prepare(socket)
	return &Relay{
		log: log, target: target, socket: socket, line: line,
		clients: make(map[netip.AddrPort]*client),
	}, nil
}

// prepare asks for large buffers and arrival times; a system that gives less shows it as loss before
// the link, which the viewer's and the link's counts tell apart.
func prepare(c *net.UDPConn) {
	_ = c.SetReadBuffer(socketBuffer)
	_ = c.SetWriteBuffer(socketBuffer)
	stampArrivals(c)
}

// Addr is where clients send to, a *net.UDPAddr.
func (r *Relay) Addr() net.Addr { return r.socket.LocalAddr() }

// Run carries datagrams until ctx ends, then closes all sockets. A Relay runs once.
func (r *Relay) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var readers sync.WaitGroup
	// Ends when its socket is closed below; Run waits for it.
	readers.Go(func() { r.readClients(&readers, cancel) })
	r.line.run(ctx)
	cancel()
	r.socket.Close()
	r.mu.Lock()
	for _, c := range r.clients {
		c.socket.Close()
	}
	r.mu.Unlock()
	readers.Wait()
	return nil
}

// readClients reads what clients send until the socket is closed.
func (r *Relay) readClients(readers *sync.WaitGroup, failed func()) {
	buf, control := make([]byte, maxDatagram), make([]byte, controlSize)
	for {
		n, oob, _, from, err := r.socket.ReadMsgUDPAddrPort(buf, control)
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				r.log.Error("the emulated link cannot read from its clients any more", zap.Error(err))
				failed()
			}
			return
		}
		at := arrival(time.Now(), control[:oob])
		if c := r.client(from, readers); c != nil {
			r.line.enter(entering{at: at, size: n, up: true, crossing: crossing{c.toTarget, bytes.Clone(buf[:n])}})
		}
	}
}

// client finds the client with this address or makes it, with a socket and a
// reader of its own; nil when there are too many.
func (r *Relay) client(from netip.AddrPort, readers *sync.WaitGroup) *client {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.clients[from]; c != nil {
		return c
	}
	if len(r.clients) >= maxClients {
		return nil
	}
	socket, err := net.DialUDP("udp", nil, r.target)
	if err != nil {
		r.log.Warn("no socket for a new client of the emulated link", zap.Stringer("client", from), zap.Error(err))
		return nil
	}
	prepare(socket)
	c := &client{
		socket: socket,
		// A target that is not there, or a client that has gone, is the network's business.
		toTarget: func(p []byte) { _, _ = socket.Write(p) },
		toClient: func(p []byte) { _, _ = r.socket.WriteToUDPAddrPort(p, from) },
	}
	r.clients[from] = c
	// Ends when Run closes the client's socket, and Run waits for it.
	readers.Go(func() { r.readTarget(c) })
	return c
}

// readTarget reads what the target sends to a client until the socket is closed.
// Other errors are echoes of a target that is not there (ICMP) and pass.
func (r *Relay) readTarget(c *client) {
	buf, control := make([]byte, maxDatagram), make([]byte, controlSize)
	for {
		n, oob, _, _, err := c.socket.ReadMsgUDPAddrPort(buf, control)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			at := arrival(time.Now(), control[:oob])
			r.line.enter(entering{at: at, size: n, crossing: crossing{c.toClient, bytes.Clone(buf[:n])}})
		}
	}
}

// SetProfiles changes both directions under way; see core.Link.SetProfile.
func (r *Relay) SetProfiles(up, down Profile) error { return r.line.setProfiles(up, down) }

// SetDown cuts both directions or mends them.
func (r *Relay) SetDown(down bool) { r.line.setDown(down) }

// Stats returns a copy of the counters.
func (r *Relay) Stats() Stats {
	s := r.line.stats()
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Clients = len(r.clients)
	return s
}
