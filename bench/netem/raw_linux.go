package netem

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the pump. The scheduler of Go is not told of them, so the thread
// keeps its processor (GOMAXPROCS) even while it waits in poll: to get one back it
// would have to wait until another thread gives its own up, which on a busy machine may
// itself wait for a core, whatever the priority of this one. When all have to stop for
// the collector of garbage, a signal ends the wait.

// poll waits for a packet or the time, and tells whether there is a packet.
func poll(polls []unix.PollFd, t *unix.Timespec) bool {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(polls))),
		uintptr(len(polls)), uintptr(unsafe.Pointer(t)), 0, 0, 0)
	return errno == 0 && n > 0
}

// write sends to where a socket is connected, or into a device.
func write(fd int, b []byte) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
}

// read takes a packet from a device.
func read(fd int, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// sendto sends a datagram to an address as the kernel writes it.
func sendto(fd int, b, address []byte) {
	_, _, _ = syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), 0, uintptr(unsafe.Pointer(unsafe.SliceData(address))), uintptr(len(address)))
}

// envelope is what a datagram comes in; it is used again and again.
type envelope struct {
	from    [unix.SizeofSockaddrAny]byte
	control [128]byte
	piece   unix.Iovec
	head    unix.Msghdr
}

// recvmsg takes a datagram, if there is one, and fills in the envelope.
func recvmsg(fd int, b []byte, e *envelope) (int, error) {
	e.piece.Base = unsafe.SliceData(b)
	e.piece.SetLen(len(b))
	e.head = unix.Msghdr{
		Name: &e.from[0], Namelen: uint32(len(e.from)), Iov: &e.piece, Control: &e.control[0],
	}
	e.head.SetIovlen(1)
	e.head.SetControllen(len(e.control))
	n, _, errno := syscall.RawSyscall(syscall.SYS_RECVMSG, uintptr(fd),
		uintptr(unsafe.Pointer(&e.head)), unix.MSG_DONTWAIT)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// said is the control messages of the last datagram.
func (e *envelope) said() []byte { return e.control[:e.head.Controllen] }

// Where address and port stand (struct sockaddr_in and sockaddr_in6): the family comes
// first in the machine's order, then the port, big-endian.
const (
	portAt     = 2
	address4At = 4
	address6At = 8
)

// sender is who sent the last datagram.
func (e *envelope) sender() netip.AddrPort {
	port := binary.BigEndian.Uint16(e.from[portAt:])
	switch binary.NativeEndian.Uint16(e.from[:]) {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(e.from[address4At:])), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(e.from[address6At:])), port)
	}
	return netip.AddrPort{}
}

// sockaddr is an address as the kernel writes it.
func sockaddr(address netip.AddrPort) []byte {
	if a := address.Addr(); !a.Is4() {
		b := make([]byte, unix.SizeofSockaddrInet6)
		binary.NativeEndian.PutUint16(b, unix.AF_INET6)
		binary.BigEndian.PutUint16(b[portAt:], address.Port())
		copy(b[address6At:], a.AsSlice())
		return b
	}
	b := make([]byte, unix.SizeofSockaddrInet4)
	binary.NativeEndian.PutUint16(b, unix.AF_INET)
	binary.BigEndian.PutUint16(b[portAt:], address.Port())
	copy(b[address4At:], address.Addr().AsSlice())
	return b
}
