package ingest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/classrelay/classrelay/media"
)

// Transport is how RTP travels from the camera to us.
type Transport uint8

// The transports of a camera.
const (
	// TransportAuto tries UDP and changes to TCP when no packet comes in three
	// seconds; the source then stays with TCP. Right on the school's LAN.
	TransportAuto Transport = iota
	// TransportUDP is UDP only.
	TransportUDP
	// TransportTCP interleaves RTP in the RTSP connection (RFC 2326 §10.12). To be
	// set for every camera behind a WAN: it costs no lost picture there.
	TransportTCP
)

// String returns the name used in configuration.
func (t Transport) String() string {
	switch t {
	case TransportAuto:
		return "auto"
	case TransportUDP:
		return "udp"
	case TransportTCP:
		return "tcp"
	}
	return fmt.Sprintf("transport%d", uint8(t))
}

// MarshalText implements encoding.TextMarshaler.
func (t Transport) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. Empty text means auto.
func (t *Transport) UnmarshalText(b []byte) error {
	switch string(b) {
	case "", "auto":
		*t = TransportAuto
	case "udp":
		*t = TransportUDP
	case "tcp":
		*t = TransportTCP
	default:
		return fmt.Errorf("unknown transport %q (auto, udp or tcp)", b)
	}
	return nil
}

// DefaultMaxPacketSize is what fills a QUIC datagram of 1313 bytes with a flow
// id of two. Only full packets are sent many at a time by the kernel (GSO).
const DefaultMaxPacketSize = 1311

// Limits of MaxPacketSize: below 256 bytes headers would be a twentieth of the
// traffic; above 1452 nothing fits an Ethernet frame.
const (
	minMaxPacketSize = 256
	maxMaxPacketSize = 1452
)

// OutputConfig says what our own packets look like. The zero value works.
type OutputConfig struct {
	// MaxPacketSize is the largest RTP packet in bytes, header included. Full
	// packets have exactly this size. Default 1311; 256 to 1452.
	MaxPacketSize int

	// Epoch is the moment our timestamps count from. Layers whose timestamps
	// shall line up (main, sub, audio of one feed) need the same. It must carry a
	// monotonic reading, as time.Now returns it. Default: the moment of New.
	Epoch time.Time

	// Seed of SSRCs and first sequence numbers, for tests. Default 0: random.
	Seed uint64
}

func (c *OutputConfig) setDefaults(now time.Time) {
	if c.MaxPacketSize == 0 {
		c.MaxPacketSize = DefaultMaxPacketSize
	}
	if c.Epoch.IsZero() {
		c.Epoch = now
	}
}

func (c *OutputConfig) validate() error {
	if c.MaxPacketSize < minMaxPacketSize || c.MaxPacketSize > maxMaxPacketSize {
		return fmt.Errorf("max packet size %d: must be %d to %d bytes",
			c.MaxPacketSize, minMaxPacketSize, maxMaxPacketSize)
	}
	return nil
}

// PatienceConfig says how long a silent track is waited for. The zero value works.
type PatienceConfig struct {
	// FirstPacket is how long the picture may take to begin. Default 10 s: cameras
	// wake up, and the change from UDP to TCP takes three seconds of it.
	FirstPacket time.Duration
	// Silence is how long the picture may stop before the session is given up, even
	// while the sound goes on. Default 3 s. A source without picture is judged by
	// its sound.
	Silence time.Duration
}

func (c *PatienceConfig) setDefaults() {
	if c.FirstPacket == 0 {
		c.FirstPacket = 10 * time.Second
	}
	if c.Silence == 0 {
		c.Silence = 3 * time.Second
	}
}

func (c *PatienceConfig) validate() error {
	if c.FirstPacket < 0 || c.Silence < 0 {
		return fmt.Errorf("patience: %v and %v must not be negative", c.FirstPacket, c.Silence)
	}
	return nil
}

// PullConfig describes one stream of one camera.
type PullConfig struct {
	// Feed is the room, for messages. Required.
	Feed media.FeedID
	// URL of the stream, rtsp:// or rtsps://, with user name and password if the
	// camera wants them. Required.
	URL string
	// Layer the picture becomes: LayerMain (the default) also brings the sound,
	// LayerSub the picture only.
	Layer media.Layer
	// SubAudio makes a sub stream bring the sound too, for cameras whose main
	// stream has none.
	SubAudio bool
	// Transport of RTP. Default TransportAuto.
	Transport Transport
	// AllowBasic permits the camera to have the password in clear (RFC 7617) over
	// plain RTSP. Default false: Digest only (RFC 7616). Over rtsps:// it is allowed anyway.
	AllowBasic bool
	// TLS for rtsps://. Default: the system's authorities.
	TLS *tls.Config

	// DialTimeout bounds the TCP connection. Default 2 s: the kernel asks twice in
	// that time.
	DialTimeout time.Duration
	// HandshakeTimeout bounds everything from the connection to PLAY. Default 5 s.
	HandshakeTimeout time.Duration
	// Patience with a camera that plays.
	Patience PatienceConfig
	// Output is what our packets look like.
	Output OutputConfig

	// DialContext opens the RTSP connection; for tests. Default: the network.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// ListenPacket opens the UDP ports; for tests. gortsplib insists on a
	// *net.UDPConn. Default: the network.
	ListenPacket func(network, address string) (net.PacketConn, error)
}

func (c *PullConfig) setDefaults(now time.Time) {
	if c.DialTimeout == 0 {
		c.DialTimeout = 2 * time.Second
	}
	if c.HandshakeTimeout == 0 {
		c.HandshakeTimeout = 5 * time.Second
	}
	if c.DialContext == nil {
		c.DialContext = (&net.Dialer{}).DialContext
	}
	c.Patience.setDefaults()
	c.Output.setDefaults(now)
}

// Validate names the key that cannot work. Zero values are their defaults.
func (c PullConfig) Validate() error {
	c.setDefaults(time.Time{})
	if c.Feed == "" {
		return fmt.Errorf("feed: it is empty")
	}
	if _, err := parseURL(c.URL); err != nil {
		return err
	}
	if !c.Layer.IsVideo() {
		return fmt.Errorf("layer %s: a camera stream is main or sub", c.Layer)
	}
	if c.Transport > TransportTCP {
		return fmt.Errorf("unknown %s", c.Transport)
	}
	if c.DialTimeout < 0 || c.HandshakeTimeout < 0 {
		return fmt.Errorf("timeouts: %v and %v must not be negative", c.DialTimeout, c.HandshakeTimeout)
	}
	if err := c.Output.validate(); err != nil {
		return err
	}
	return c.Patience.validate()
}
