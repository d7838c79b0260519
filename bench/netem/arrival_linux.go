package netem

import (
	"encoding/binary"
	"net"
	"syscall"
	"time"
)

// soTimestampNS is SO_TIMESTAMPNS of Linux' asm-generic/socket.h; the control
// message that answers it has the same number.
const soTimestampNS = 35

// Layout of that control message on 64-bit machines: length 64, level 32, type
// 32, seconds 64, nanoseconds 64 (cmsg(3), struct timespec).
const (
	controlHeader = 16
	controlSize   = controlHeader + 16
)

// stampArrivals asks the kernel to tell when each datagram came, so that a
// reader that has to wait for its turn does not lengthen the link. Where the
// kernel refuses, arrival falls back to the time of reading.
func stampArrivals(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soTimestampNS, 1)
	})
}

// arrival is when a datagram that was read at now came, by its control message.
func arrival(now time.Time, control []byte) time.Time {
	if len(control) < controlSize || binary.NativeEndian.Uint32(control[12:]) != soTimestampNS {
		return now
	}
	sec := int64(binary.NativeEndian.Uint64(control[controlHeader:]))
	ns := int64(binary.NativeEndian.Uint64(control[controlHeader+8:]))
	waited := now.Sub(time.Unix(sec, ns))
	if waited < 0 || waited > time.Second { // the wall clock was set meanwhile
		return now
	}
	return now.Add(-waited) // keeps the monotonic reading of now
}
