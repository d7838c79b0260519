package netem

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	// socketBuffer holds 0.3 s at 100 Mbit/s, should the machine pause that long.
	socketBuffer = 4 << 20
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
	// Overrun is how many packets the Relay or Router itself lost because the
	// machine was too slow. It must be 0, or the run is worth nothing.
	Overrun uint64
	Clients int
}

// LateLimit is how late packets may leave an emulated line at p99 for a run over it to
// be worth something: small beside the 10 ms that separate one product from another.
const LateLimit = 2 * time.Millisecond

// Late is how late the share q (0 to 1) of all packets left at the most, in the worse
// direction.
func (s *Stats) Late(q float64) time.Duration {
	return max(s.Up.Lateness.Quantile(q), s.Down.Lateness.Quantile(q))
}

// Relay carries UDP through a link. Make it with New, start it with Run; the
// other methods are safe for concurrent use.
type Relay struct {
	log    *zap.Logger
	target *net.UDPAddr
	addr   net.Addr
	line   *pump
	door   *port // where clients send to

	clients map[netip.AddrPort]*port // to the target, for each client; the pump's own
	count   atomic.Int64             // of clients
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
	r := &Relay{log: log, target: target, addr: socket.LocalAddr(), line: line, clients: make(map[netip.AddrPort]*port)}
	if r.door, err = portOf(socket, r.fromClient, &line.overrun); err != nil {
		return nil, fmt.Errorf("emulate a link at %s: %w", cfg.Listen, err)
	}
	line.ports.add(r.door)
	return r, nil
}

// Addr is where clients send to, a *net.UDPAddr.
func (r *Relay) Addr() net.Addr { return r.addr }

// Run carries datagrams until ctx ends, then closes all sockets. A Relay runs once.
func (r *Relay) Run(ctx context.Context) error {
	r.line.run(ctx)
	return nil
}

// fromClient takes a datagram of a client, who may be a new one.
func (r *Relay) fromClient(packet []byte, at time.Time, from netip.AddrPort) {
	c := r.clients[from]
	if c == nil {
		if c = r.newClient(from); c == nil {
			return
		}
	}
	r.line.push(true, at, len(packet), packet, c.toPeer)
}

// newClient opens a socket to the target for a client; nil when there are too many,
// or none can be had.
func (r *Relay) newClient(address netip.AddrPort) *port {
	if len(r.clients) >= maxClients {
		return nil
	}
	toClient := r.door.to(address)
	socket, err := net.DialUDP("udp", nil, r.target)
	if err == nil {
		var c *port
		c, err = portOf(socket, func(packet []byte, at time.Time, _ netip.AddrPort) {
			r.line.push(false, at, len(packet), packet, toClient)
		}, &r.line.overrun)
		if err == nil {
			r.clients[address] = c
			r.count.Store(int64(len(r.clients)))
			r.line.ports.add(c)
			return c
		}
	}
	r.log.Warn("no socket for a new client of the emulated link", zap.Stringer("client", address), zap.Error(err))
	return nil
}

// SetDown cuts both directions or mends them.
func (r *Relay) SetDown(down bool) { r.line.setDown(down) }

// Stats returns a copy of the counters.
func (r *Relay) Stats() Stats {
	s := r.line.stats()
	s.Clients = int(r.count.Load())
	return s
}
