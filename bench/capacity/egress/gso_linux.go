package egress

import (
	"encoding/binary"
	"net"
	"syscall"
)

// udpSegment is UDP_SEGMENT of Linux' linux/udp.h.
const udpSegment = 103

// udpGRO is UDP_GRO of Linux' linux/udp.h.
const udpGRO = 104

// putTogether lets the kernel hand over several packets in one piece, as the
// product's sockets do. On the loopback interface that spares the sender, so what
// is compared must have it on all sides. A kernel that cannot goes without.
func putTogether(conn *net.UDPConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_UDP, udpGRO, 1)
	})
}

// segmentation is the control message (cmsg(3)) that tells the kernel to cut what
// is written into packets of so many bytes: length 64, level 32, type 32, size 16,
// padding 48 on a 64-bit machine.
func segmentation(size int) ([]byte, error) {
	b := make([]byte, syscall.CmsgSpace(2))
	n := len(b) - 8 // where the payload begins, on a machine of any width
	switch len(b) {
	case 24:
		binary.NativeEndian.PutUint64(b, uint64(syscall.CmsgLen(2)))
	default:
		n = len(b) - 4
		binary.NativeEndian.PutUint32(b, uint32(syscall.CmsgLen(2)))
	}
	binary.NativeEndian.PutUint32(b[n-8:], syscall.IPPROTO_UDP)
	binary.NativeEndian.PutUint32(b[n-4:], udpSegment)
	binary.NativeEndian.PutUint16(b[n:], uint16(size))
	return b, nil
}
