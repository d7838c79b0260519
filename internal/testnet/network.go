// Package testnet is a network in memory for tests: hosts with UDP sockets and
// TCP-like streams, and emulated links between them (internal/netem). Inside a
// testing/synctest bubble it runs in virtual time, so a minute of lesson over a
// lossy line takes less than a second, and the same seed loses the same packets.
//
//	network := testnet.New(1)
//	defer network.Close()
//	hub, branch := network.Host("10.0.0.1"), network.Host("10.0.0.2")
//	network.Link("10.0.0.1", "10.0.0.2", lossy, lossy)
//	socket, err := hub.ListenPacket("udp", ":4433")   // for quic-go
//	server := gortsplib.Server{Listen: branch.Listen, RTSPAddress: ":8554"}
//
// Datagrams between two hosts go through their link; without one they arrive at
// once, as they do within one host. Streams always arrive at once: they stand
// for RTSP on a school's own network. A stream holds a bounded number of bytes,
// so a reader that stops is felt by the writer.
//
// gortsplib v4 casts its UDP sockets to *net.UDPConn; over a testnet it can only
// speak RTSP with interleaved packets (TCP).
//
// Everything here is safe for concurrent use. Nothing here has a goroutine of
// its own but the timers, which Close stops.
package testnet

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
)

// firstEphemeral is the first port given to whoever asks for port 0.
const firstEphemeral = 49152

// ErrInUse and ErrRefused are wrapped by the errors of Listen and Dial.
var (
	ErrInUse   = errors.New("address already in use")
	ErrRefused = errors.New("connection refused: nobody listens")
)

// Network joins hosts. Make one with New.
type Network struct {
	mu        sync.Mutex
	seed      uint64
	sockets   map[netip.AddrPort]*PacketConn
	listeners map[netip.AddrPort]*Listener
	wires     map[direction]*wire
	nextPort  uint16
	nat       nat
	closed    bool
}

// direction is one way between two hosts.
type direction struct{ from, to netip.Addr }

// New makes an empty network; all chance on its links comes from seed.
func New(seed uint64) *Network {
	return &Network{
		seed:      seed,
		sockets:   make(map[netip.AddrPort]*PacketConn),
		listeners: make(map[netip.AddrPort]*Listener),
		wires:     make(map[direction]*wire),
		nextPort:  firstEphemeral,
	}
}

// Link lays a link between two hosts, given by their IP addresses: ab carries
// packets from a to b. Its times (outages, steps) count from now. A link that is
// there already changes its profiles and keeps its packets.
func (n *Network) Link(a, b string, ab, ba netem.Profile) error {
	from, err := netip.ParseAddr(a)
	if err != nil {
		return fmt.Errorf("link %s to %s: %w", a, b, err)
	}
	to, err := netip.ParseAddr(b)
	if err != nil {
		return fmt.Errorf("link %s to %s: %w", a, b, err)
	}
	if err := n.lay(direction{from, to}, ab); err != nil {
		return fmt.Errorf("link %s to %s: %w", a, b, err)
	}
	if err := n.lay(direction{to, from}, ba); err != nil {
		return fmt.Errorf("link %s to %s: %w", b, a, err)
	}
	return nil
}

func (n *Network) lay(d direction, p netem.Profile) error {
	n.mu.Lock()
	w := n.wires[d]
	laid := uint64(len(n.wires))
	n.mu.Unlock()
	if w != nil {
		return w.setProfile(p)
	}
	// Each direction gets its own chance, by the order in which they are laid.
	w, err := newWire(p, n.seed+laid*0x9e3779b97f4a7c15)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.wires[d] = w
	n.mu.Unlock()
	return nil
}

// Share lays one link between host a and several others, as a school's only line or
// a hub's uplink is: what a sends to any of them stands in the same queue, and so
// does what they send to a. Its chance and times are those of Link.
func (n *Network) Share(a string, others []string, ab, ba netem.Profile) error {
	if len(others) == 0 {
		return fmt.Errorf("share a link from %s: with nobody", a)
	}
	if err := n.Link(a, others[0], ab, ba); err != nil {
		return err
	}
	from, first := netip.MustParseAddr(a), netip.MustParseAddr(others[0]) // Link has read both
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, b := range others[1:] {
		to, err := netip.ParseAddr(b)
		if err != nil {
			return fmt.Errorf("link %s to %s: %w", a, b, err)
		}
		n.wires[direction{from, to}] = n.wires[direction{from, first}]
		n.wires[direction{to, from}] = n.wires[direction{first, from}]
	}
	return nil
}

// Cut stops all datagrams between two hosts from entering the wire; those in
// flight still arrive. Without a link there is nothing to cut and it panics:
// that is a mistake in a test.
func (n *Network) Cut(a, b string) { n.setDown(a, b, true) }

// Restore undoes Cut.
func (n *Network) Restore(a, b string) { n.setDown(a, b, false) }

func (n *Network) setDown(a, b string, down bool) {
	n.mustWire(a, b).setDown(down)
	n.mustWire(b, a).setDown(down)
}

// Stats returns what the link from host a to host b has done. It panics when
// there is no such link.
func (n *Network) Stats(a, b string) netem.Stats { return n.mustWire(a, b).stats() }

func (n *Network) mustWire(a, b string) *wire {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.wires[direction{netip.MustParseAddr(a), netip.MustParseAddr(b)}]
	if w == nil {
		panic(fmt.Sprintf("testnet: no link from %s to %s", a, b))
	}
	return w
}

// Close closes all sockets and listeners and stops all timers.
func (n *Network) Close() {
	n.mu.Lock()
	n.closed = true
	var open []interface{ Close() error }
	for _, s := range n.sockets {
		open = append(open, s)
	}
	for _, l := range n.listeners {
		open = append(open, l)
	}
	wires := n.wires
	n.mu.Unlock()
	for _, c := range open {
		_ = c.Close() // closing in memory cannot fail
	}
	for _, w := range wires {
		w.stop()
	}
}

// send carries a datagram; b is the network's to keep.
func (n *Network) send(from, to netip.AddrPort, b []byte) {
	n.mu.Lock()
	from = n.outside(from)
	w := n.wires[direction{from.Addr(), to.Addr()}]
	n.mu.Unlock()
	d := datagram{from: from, to: to, payload: b, deliver: n.deliver}
	if w == nil {
		n.deliver(d)
		return
	}
	w.send(d)
}

// deliver hands a datagram to the socket it is for; without one it is gone, as
// on a real network.
func (n *Network) deliver(d datagram) {
	n.mu.Lock()
	to, known := n.inside(d.to)
	s := n.sockets[to]
	n.mu.Unlock()
	if known && s != nil {
		s.receive(d)
	}
}

// resolve reads "host:port" for a host; an empty or unspecified host is the
// caller's own. Port 0 stays 0.
func resolve(address string, own netip.Addr) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" || host == "localhost" {
		host = own.String()
	}
	a, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if err != nil {
		return netip.AddrPort{}, err
	}
	if a.Addr().IsUnspecified() {
		a = netip.AddrPortFrom(own, a.Port())
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}

// ephemeral picks a port for port 0; n.mu is held. Ports are never used twice,
// so a late packet for a closed socket cannot reach a new one.
func (n *Network) ephemeral(a netip.AddrPort) netip.AddrPort {
	if a.Port() != 0 {
		return a
	}
	a = netip.AddrPortFrom(a.Addr(), n.nextPort)
	n.nextPort++
	return a
}

// afterFunc is time.AfterFunc with a timer that does not run yet.
func afterFunc(f func()) *time.Timer {
	t := time.AfterFunc(time.Hour, f)
	t.Stop()
	return t
}
