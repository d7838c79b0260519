package webrtc

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/classrelay/classrelay/playout"
)

// Config says where media comes and goes, and how pages are served.
type Config struct {
	// Listen is the address for media, UDP and TCP, such as ":8189" (listen.webrtc).
	// Required.
	Listen string
	// Addresses are further addresses under which pages reach Listen: those of a
	// router that forwards the port (listen.public). Default: those of the machine only.
	Addresses []netip.Addr
	// Playout is how viewers are served. Its Spacing has a default here, 22 ms: frames
	// that come within one refresh of a display are not drawn. Measured in Chromium,
	// a tenth of the frames 100 ms late: 221 of 250 frames drawn with 0, 245 with
	// 18 ms, 250 with 22 ms.
	Playout playout.Config
	// Choice is what a page gets that does not ask for a layer. Default
	// playout.ChooseAuto.
	Choice playout.Choice
	// Buffer is how long a page keeps a frame before it shows it, so that uneven
	// arrival does not show. Default 0: a frame is shown when it is there, and the
	// browser does not stretch its buffer when frames come in clumps. At most 10 s.
	Buffer time.Duration

	// ListenPacket and ListenTCP open the sockets; for tests. Default: the network.
	ListenPacket func(network, address string) (net.PacketConn, error)
	ListenTCP    func(network, address string) (net.Listener, error)
}

const (
	// watchWait is how long a page that opens a feed waits for it to come up: a camera
	// that is pulled on demand takes one or two seconds.
	watchWait = 3 * time.Second
	// connectWait is how long a page may take to connect after it got its answer.
	connectWait = 10 * time.Second
)

// maxBuffer bounds Config.Buffer: the header extension for it ends at 40.95 s, and
// nobody follows a lesson ten seconds late.
const maxBuffer = 10 * time.Second

func (c *Config) setDefaults() {
	if c.Playout.Spacing == 0 {
		c.Playout.Spacing = 22 * time.Millisecond
	}
	if c.ListenPacket == nil {
		c.ListenPacket = func(network, address string) (net.PacketConn, error) {
			var lc net.ListenConfig
			return lc.ListenPacket(context.Background(), network, address)
		}
	}
	if c.ListenTCP == nil {
		c.ListenTCP = func(network, address string) (net.Listener, error) {
			var lc net.ListenConfig
			return lc.Listen(context.Background(), network, address)
		}
	}
}

// Validate names the key that cannot work.
func (c *Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen.webrtc: %q is not HOST:PORT: %w", c.Listen, err)
	}
	if c.Buffer < 0 || c.Buffer > maxBuffer {
		return fmt.Errorf("a page's buffer of %v is not between 0 and %v", c.Buffer, maxBuffer)
	}
	return nil
}
