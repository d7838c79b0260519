//go:build !linux

package egress

import (
	"errors"
	"net"
)

// segmentation needs Linux.
func segmentation(int) ([]byte, error) {
	return nil, errors.New("only Linux cuts packets in the kernel (UDP_SEGMENT)")
}

// putTogether needs Linux.
func putTogether(*net.UDPConn) {}
