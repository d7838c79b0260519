package relay

import (
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// throughInterface lets a socket send and receive by one interface only (SO_BINDTODEVICE,
// socket(7)): with two lines the routing table alone would send all by the better one.
// Since Linux 5.7 that needs no privilege.
func throughInterface(name string) (*net.ListenConfig, error) {
	return &net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var bound error
		err := c.Control(func(fd uintptr) { bound = unix.BindToDevice(int(fd), name) })
		if err == nil && bound != nil {
			err = fmt.Errorf("bind to interface %s: %w", name, bound)
		}
		return err
	}}, nil
}
