//go:build !linux

package relay

import "net/netip"

func mtuTo(netip.AddrPort) int { return 0 }
