//go:build !linux

package roq

import "net"

// buffersOf tells nothing: only Linux is asked.
func buffersOf(net.PacketConn) Buffers { return Buffers{} }
