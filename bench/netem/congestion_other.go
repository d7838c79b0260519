//go:build !linux

package netem

import "syscall"

// CanControl tells that there is no choice of a congestion control here.
func CanControl(string) error { return CanRoute() }

func setCongestion(syscall.RawConn, string) error { return CanRoute() }
