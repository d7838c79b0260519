package rtsp

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/classrelay/classrelay/playout"
)

// Config says where the server listens and how it plays.
type Config struct {
	// Listen is the TCP address, such as ":8554" (listen.rtsp). Required.
	Listen string
	// RTP is the first of two UDP ports, an even one, such as ":8556"
	// (listen.rtp). Default: "" or "off", RTSP over TCP only.
	RTP string
	// Playout is how viewers are served.
	Playout playout.Config
	// Choice is what a player gets that does not ask for a layer. Default
	// playout.ChooseAuto.
	Choice playout.Choice
	// WatchWait is how long a player that opens a feed waits for it to come up.
	// Default 3 s: a camera that is pulled on demand takes one or two.
	WatchWait time.Duration

	// ListenTCP and ListenUDP open the sockets; for tests. Default: the network.
	// ListenUDP must return a *net.UDPConn, as gortsplib asks.
	ListenTCP func(network, address string) (net.Listener, error)
	ListenUDP func(network, address string) (net.PacketConn, error)
}

func (c *Config) setDefaults() {
	if c.WatchWait <= 0 {
		c.WatchWait = 3 * time.Second
	}
	if c.RTP == "off" {
		c.RTP = ""
	}
	if c.ListenTCP == nil {
		c.ListenTCP = func(network, address string) (net.Listener, error) {
			var lc net.ListenConfig
			return lc.Listen(context.Background(), network, address)
		}
	}
	if c.ListenUDP == nil {
		c.ListenUDP = func(network, address string) (net.PacketConn, error) {
			var lc net.ListenConfig
			return lc.ListenPacket(context.Background(), network, address)
		}
	}
}

// Validate names the key that cannot work.
func (c *Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen.rtsp: %q is not HOST:PORT: %w", c.Listen, err)
	}
	if _, err := c.rtcp(); err != nil {
		return err
	}
	return nil
}

// rtcp is the address one port above RTP (RFC 3550 §11); "" without UDP.
func (c *Config) rtcp() (string, error) {
	if c.RTP == "" || c.RTP == "off" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(c.RTP)
	if err != nil {
		return "", fmt.Errorf("listen.rtp: %q is not HOST:PORT: %w", c.RTP, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || n%2 != 0 {
		return "", fmt.Errorf("listen.rtp: port %q must be an even number; the one after it is for RTCP", port)
	}
	return net.JoinHostPort(host, strconv.FormatUint(n+1, 10)), nil
}
