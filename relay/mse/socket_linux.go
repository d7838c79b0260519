package mse

import (
	"net"

	"golang.org/x/sys/unix"
)

// setNotSent makes a write wait while so much is not sent yet (tcp(7),
// TCP_NOTSENT_LOWAT).
func setNotSent(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSent)
	})
}
