package roq

import (
	"net"
	"syscall"
)

// buffersOf asks the kernel what the socket has.
func buffersOf(conn net.PacketConn) Buffers {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return Buffers{} // a simulated socket
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return Buffers{}
	}
	var got Buffers
	// A socket that is closed by now has no buffers: errors leave zeros.
	_ = raw.Control(func(fd uintptr) {
		got.Read, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF)
		got.Write, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF)
	})
	return got
}
