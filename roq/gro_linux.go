package roq

import (
	"net"
	"syscall"
)

// enableGRO asks the kernel to put packets together, and tells whether it does:
// from Linux 5.0 on, for real sockets.
func enableGRO(conn net.PacketConn) bool {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return false // a simulated socket
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	refused := err
	err = raw.Control(func(fd uintptr) {
		refused = syscall.SetsockoptInt(int(fd), solUDP, udpGRO, 1)
	})
	return err == nil && refused == nil
}
