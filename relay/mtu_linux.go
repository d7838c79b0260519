package relay

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// mtuTo is the largest packet that the system knows to fit on the way to an address: that
// of the interface, or what routers have said of it (RFC 1191). 0: not known.
func mtuTo(at netip.AddrPort) (mtu int) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return 0
	}
	defer func() { _ = conn.Close() }()
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	level, option := unix.IPPROTO_IP, unix.IP_MTU
	if at.Addr().Is6() {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_MTU
	}
	if raw.Control(func(fd uintptr) { mtu, err = unix.GetsockoptInt(int(fd), level, option) }) != nil || err != nil {
		return 0
	}
	return mtu
}
