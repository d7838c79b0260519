// Package freeport finds ports of the loopback interface for servers that have to be
// told a number, as nodes in one process that dial each other.
//
// Between the moment a port is found and the moment a server listens there, somebody
// else may take it. Asking the system for port 0 invites that: it gives the same ports
// to every connection and socket of the machine that does not care, of which a test run
// has hundreds a second. The ports here lie below those, so that only another user of
// this package could come between, who picks one of twelve thousand at random.
package freeport

import (
	"io"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports that systems give away begin at 32768 on Linux (ip_local_port_range) and at
// 49152 elsewhere (RFC 6335, section 6).
const (
	first = 20_000
	end   = 32_000
)

// Address is a host and port where nobody listened a moment ago, neither by TCP nor by
// UDP.
func Address() string { return Local(Row(1)) }

// Local is a port of the loopback interface as an address.
func Local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Row is the first of n ports in a row, an even one, where nobody listened a moment ago,
// neither by TCP nor by UDP; 0 when there are none, with which a server listens where
// nobody finds it.
func Row(n int) int {
	const tries = 1000
	for range tries {
		port := (first + rand.IntN(end-first-n)) &^ 1 //nolint:gosec // any will do
		if free(port, n) {
			return port
		}
	}
	return 0
}

func free(port, n int) bool {
	for p := port; p < port+n; p++ {
		if !opens(net.Listen("tcp", Local(p))) || !opens(net.ListenPacket("udp", Local(p))) { //nolint:noctx // at once
			return false
		}
	}
	return true
}

// opens closes again what could be opened.
func opens[C io.Closer](c C, err error) bool { return err == nil && c.Close() == nil }
