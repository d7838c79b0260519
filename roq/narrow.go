package roq

import (
	"encoding/binary"
	"net"
	"sync"
)

// maxNarrow bounds how many addresses are remembered between a peer's first
// packet and the library's question about it, which comes at once. When it is
// full the list starts anew, and a peer forgotten that way tries again.
const maxNarrow = 256

// narrowPeers remembers who dials with small packets. A client pads every
// datagram with an Initial packet to the size it believes the path to carry
// (RFC 9000 §14.1); a listener that answers with larger ones is not heard.
// Safe for concurrent use.
type narrowPeers struct {
	mu    sync.Mutex
	addrs map[string]bool
}

func newNarrowPeers() *narrowPeers { return &narrowPeers{addrs: make(map[string]bool)} }

// see looks at one arriving UDP payload. Nil sees nothing: a dialler needs not.
func (n *narrowPeers) see(b []byte, from net.Addr) {
	if n == nil || !isInitial(b) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(b) >= PacketSize {
		delete(n.addrs, from.String())
		return
	}
	if len(n.addrs) >= maxNarrow {
		clear(n.addrs)
	}
	n.addrs[from.String()] = true
}

// take tells whether the peer dials with small packets, and forgets it.
func (n *narrowPeers) take(addr net.Addr) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	narrow := n.addrs[addr.String()]
	delete(n.addrs, addr.String())
	return narrow
}

// isInitial tells Initial packets by their first bytes: a long header, of type 0
// in version 1 (RFC 9000 §17.2.2) and of type 1 in version 2 (RFC 9369 §3.2).
func isInitial(b []byte) bool {
	if len(b) < 5 || b[0]&0xc0 != 0xc0 {
		return false
	}
	kind := b[0] >> 4 & 3
	switch binary.BigEndian.Uint32(b[1:]) {
	case 1:
		return kind == 0
	case 0x6b3343cf:
		return kind == 1
	default:
		return false
	}
}
