package testnet

import (
	"fmt"
	"net/netip"
)

// nat is what stands between hosts and the network: under which address each of their
// sockets is seen. The network's mutex guards it.
type nat struct {
	behind map[netip.Addr]netip.Addr         // hosts, and the address they are seen under
	out    map[netip.AddrPort]netip.AddrPort // by socket
	in     map[netip.AddrPort]netip.AddrPort // back
}

// Rebind lets a host be seen under a public address from now on, each of its sockets
// with a port it did not have before, and takes its datagrams over the links of that
// address. What is sent to where it was seen until now is lost. So a NAT does that
// forgets a binding (the public address stays), and so it looks when a school's line
// fails and the next one takes over (another address), or it gets another address by
// DHCP. The sockets notice nothing.
func (n *Network) Rebind(host, public string) error {
	own, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("rebind %s: %w", host, err)
	}
	seen, err := netip.ParseAddr(public)
	if err != nil {
		return fmt.Errorf("rebind %s: %w", host, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.nat.behind == nil {
		n.nat.behind = make(map[netip.Addr]netip.Addr)
		n.nat.out = make(map[netip.AddrPort]netip.AddrPort)
		n.nat.in = make(map[netip.AddrPort]netip.AddrPort)
	}
	n.nat.behind[own] = seen
	for socket, at := range n.nat.out {
		if socket.Addr() == own {
			delete(n.nat.out, socket)
			delete(n.nat.in, at)
		}
	}
	return nil
}

// outside is the address a socket is seen under. With n.mu held.
func (n *Network) outside(socket netip.AddrPort) netip.AddrPort {
	public, behind := n.nat.behind[socket.Addr()]
	if !behind {
		return socket
	}
	at, known := n.nat.out[socket]
	if !known {
		at = n.ephemeral(netip.AddrPortFrom(public, 0))
		n.nat.out[socket], n.nat.in[at] = at, socket
	}
	return at
}

// inside is the socket that is seen under an address; false: none is any more. With
// n.mu held.
func (n *Network) inside(at netip.AddrPort) (netip.AddrPort, bool) {
	if socket, known := n.nat.in[at]; known {
		return socket, true
	}
	_, behind := n.nat.behind[at.Addr()]
	return at, !behind
}
