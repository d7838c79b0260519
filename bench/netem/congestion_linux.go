package netem

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// CanControl tells why there is no TCP congestion control of this name here; nil when
// there is. Some need their kernel's module to be loaded.
func CanControl(congestion string) error {
	const known = "/proc/sys/net/ipv4/tcp_available_congestion_control"
	text, err := os.ReadFile(known)
	if err != nil {
		return fmt.Errorf("congestion control %s: %w", congestion, err)
	}
	if !slices.Contains(strings.Fields(string(text)), congestion) {
		return fmt.Errorf("this kernel has no congestion control %q, it has %s: load the module tcp_%s",
			congestion, strings.TrimSpace(string(text)), congestion)
	}
	return nil
}

func setCongestion(raw syscall.RawConn, congestion string) error {
	var err error
	if e := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, congestion)
	}); e != nil {
		return e
	}
	if err != nil {
		return fmt.Errorf("congestion control %s: %w", congestion, err)
	}
	return nil
}
