//go:build !linux

package mse

import "net"

// setNotSent is Linux's own; elsewhere the send buffer is the bound.
func setNotSent(*net.TCPConn) {}
