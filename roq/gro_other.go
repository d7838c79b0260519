//go:build !linux

package roq

import "net"

// enableGRO: only Linux puts packets together.
func enableGRO(net.PacketConn) bool { return false }
