package roq

import (
	"net"
	"net/netip"
	"sync"
)

// moves notices that a peer's address changed, as it does when a school's NAT
// forgets its binding. The library follows the peer after validating the new
// path (RFC 9000 §9.3), and with that puts its own congestion controller back
// without telling anybody. It cannot hide that it writes to the new address: the
// goroutine that does so calls wrote, after the migration and before the packet
// leaves, and our controller is back within a batch or two. Safe for concurrent
// use.
type moves struct {
	mu    sync.RWMutex
	known map[netip.AddrPort]bool // where the connections are
	at    map[*Conn]netip.AddrPort
}

func newMoves() *moves {
	return &moves{known: make(map[netip.AddrPort]bool), at: make(map[*Conn]netip.AddrPort)}
}

func (m *moves) add(c *Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	where := addrPort(c.RemoteAddr())
	m.at[c], m.known[where] = where, true
}

func (m *moves) remove(c *Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, m.at[c])
	delete(m.at, c)
}

// wrote is told where each packet or batch goes. An address where no connection
// is belongs to a handshake, to the validation of a path, or to a move.
func (m *moves) wrote(addr net.Addr) {
	if m == nil {
		return // a dialler: listeners do not move
	}
	where := addrPort(addr)
	m.mu.RLock()
	known := m.known[where]
	m.mu.RUnlock()
	if !known {
		m.search(where)
	}
}

// search looks for the connection that went there.
func (m *moves) search(where netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for c, old := range m.at {
		if addrPort(c.RemoteAddr()) != where {
			continue
		}
		delete(m.known, old)
		m.at[c], m.known[where] = where, true
		c.install()
		c.moved.Add(1)
	}
}

// addrPort is the zero value for anything that is not UDP.
func addrPort(addr net.Addr) netip.AddrPort {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := udp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
