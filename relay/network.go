package relay

import (
	"context"
	"net"
	"net/netip"
)

// Network is how a node reaches others. The zero value is the operating system's;
// tests pass a simulated one.
type Network struct {
	// ListenPacket opens a UDP socket. Default: net.ListenPacket.
	ListenPacket func(network, address string) (net.PacketConn, error)
	// Listen opens a TCP listener. Default: net.Listen.
	Listen func(network, address string) (net.Listener, error)
	// DialContext opens a TCP connection to a camera. Default: net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// LookUp finds the addresses of a host; the network is "ip4" or "ip6". Default: the
	// system's resolver.
	LookUp func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

func (n Network) listenPacket() func(network, address string) (net.PacketConn, error) {
	if n.ListenPacket != nil {
		return n.ListenPacket
	}
	return func(network, address string) (net.PacketConn, error) {
		var lc net.ListenConfig
		return lc.ListenPacket(context.Background(), network, address)
	}
}

func (n Network) listen() func(network, address string) (net.Listener, error) {
	if n.Listen != nil {
		return n.Listen
	}
	return func(network, address string) (net.Listener, error) {
		var lc net.ListenConfig
		return lc.Listen(context.Background(), network, address)
	}
}

// socket opens the UDP socket for a dial: on any interface, or by the interface or local
// address in via.
func (n Network) socket(via string) (net.PacketConn, error) {
	if via == "" {
		return n.listenPacket()("udp", ":0")
	}
	if ip, err := netip.ParseAddr(via); err == nil {
		return n.listenPacket()("udp", netip.AddrPortFrom(ip, 0).String())
	}
	lc, err := throughInterface(via)
	if err != nil {
		return nil, err
	}
	return lc.ListenPacket(context.Background(), "udp", ":0")
}
