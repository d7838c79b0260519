//go:build !linux

package relay

import (
	"fmt"
	"net"
)

// throughInterface is there on Linux only.
func throughInterface(name string) (*net.ListenConfig, error) {
	return nil, fmt.Errorf("via: %s: name a local address instead: this system binds no socket to an interface", name)
}
