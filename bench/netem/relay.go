package netem

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	core "github.com/classrelay/classrelay/internal/netem"
)

const (
	// socketBuffer holds 0.3 s at 100 Mbit/s, should the machine pause that long.
	socketBuffer = 4 << 20
	// maxDatagram is the largest UDP payload over IPv4 (RFC 768: 16 bits of length).
	maxDatagram = 65_507
	// enteringQueue is how many datagrams wait for the pump: half a second at
	// 100 Mbit/s and 1,250 bytes. When it is full they are dropped and counted.
	enteringQueue = 5000
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
	cfg    Config
	log    *zap.Logger
	target *net.UDPAddr
	socket *net.UDPConn

	entering chan entering
	overrun  atomic.Uint64

	mu      sync.Mutex
	up      *core.Link[crossing]
	down    *core.Link[crossing]
	clients map[netip.AddrPort]*client
}

// client is one source address and our socket to the target for it.
type client struct {
	addr   netip.AddrPort
	socket *net.UDPConn
}

// crossing is a datagram on a link.
type crossing struct {
	client  *client
	payload []byte
}

// entering is a datagram on its way from a reader to the pump.
type entering struct {
	at time.Time
	up bool
	crossing
}

// New opens the listening socket; the links start now.
func New(cfg Config, log *zap.Logger) (*Relay, error) {
	target, err := net.ResolveUDPAddr("udp", cfg.Target)
	if err != nil {
		return nil, fmt.Errorf("emulate a link to %s: %w", cfg.Target, err)
	}
	now := time.Now()
	up, err := core.New[crossing](cfg.Up, cfg.Seed, now)
	if err != nil {
		return nil, fmt.Errorf("emulate a link to %s: up: %w", cfg.Target, err)
	}
	// The other direction has its own luck.
	down, err := core.New[crossing](cfg.Down, ^cfg.Seed, now)
	if err != nil {
		return nil, fmt.Errorf("emulate a link to %s: down: %w", cfg.Target, err)
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
		cfg: cfg, log: log, target: target, socket: socket,
		entering: make(chan entering, enteringQueue),
		up:       up, down: down,
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
	r.pump(ctx)
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
			r.enter(entering{at: at, up: true, crossing: crossing{c, append([]byte(nil), buf[:n]...)}})
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
	c := &client{addr: from, socket: socket}
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
			r.enter(entering{at: arrival(time.Now(), control[:oob]), crossing: crossing{c, append([]byte(nil), buf[:n]...)}})
		}
	}
}

// enter hands a datagram to the pump. It never waits.
func (r *Relay) enter(e entering) {
	select {
	case r.entering <- e:
	default:
		r.overrun.Add(1)
	}
}

// SetProfiles changes both directions under way; see core.Link.SetProfile.
func (r *Relay) SetProfiles(up, down Profile) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if err := r.up.SetProfile(now, up); err != nil {
		return fmt.Errorf("up: %w", err)
	}
	if err := r.down.SetProfile(now, down); err != nil {
		return fmt.Errorf("down: %w", err)
	}
	return nil
}

// SetDown cuts both directions or mends them.
func (r *Relay) SetDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.up.SetDown(now, down)
	r.down.SetDown(now, down)
}

// Stats returns a copy of the counters.
func (r *Relay) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Stats{Up: r.up.Stats(), Down: r.down.Stats(), Overrun: r.overrun.Load(), Clients: len(r.clients)}
}
