package camera

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// ErrConfig is wrapped by the errors of Config.Validate.
var ErrConfig = errors.New("bad camera configuration")

// Config says what a camera shows and to whom. It needs at least one of
// Listen, PushMain and PushSub.
type Config struct {
	// Name tells cameras apart in the log; empty = "camera".
	Name string
	// Source is what it shows; nil = the embedded clip.
	Source Source

	// Listen is the address of the RTSP server, "host:port"; empty = no server.
	// It serves /main (picture and sound) and /sub (picture).
	Listen string
	// UDPPort is the even UDP port for RTP, the next one is for RTCP; 0 = the
	// server sends over TCP only.
	UDPPort int
	// User and Password are asked for with Digest; empty User = no login.
	User, Password string

	// PushMain and PushSub are URLs to push the streams to, with the login in
	// them; empty = no push. A lost connection is made again after a second.
	PushMain, PushSub string

	// Mute leaves the sound out.
	Mute bool
	// Opus sends silence in Opus in place of a tone in G.711: for players that do not
	// know G.711, as MSE in a browser.
	Opus bool
	// StampSound writes a stamp into each frame of sound, which is heard as a
	// click; off, the sound is a clean tone.
	StampSound bool

	// ByClock numbers pictures by the UNIX clock and sends them on its beat: picture N
	// leaves N x FrameInterval after the epoch (as long as DriftPPM is 0). So a camera
	// that takes the place of another goes on above the other's last, and who reads a
	// number knows when it was sent. Off, the first picture is 1 and leaves at once.
	ByClock bool
	// Above is added to every picture's number, so that who watches several cameras in
	// turn can tell whose picture he sees. Not together with ByClock.
	Above uint64

	// DriftPPM makes the camera's clock fast (above 0) or slow, in parts per
	// million: pace, RTP and the times in RTCP. Stamps keep the true time.
	DriftPPM float64

	// ListenTCP and DialContext replace those of package net, for virtual time.
	ListenTCP   func(network, address string) (net.Listener, error)
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Validate names the key that makes no sense.
func (c *Config) Validate() error {
	switch {
	case c.Listen == "" && c.PushMain == "" && c.PushSub == "":
		return fmt.Errorf("%w: none of Listen, PushMain and PushSub is set", ErrConfig)
	case c.UDPPort%2 != 0:
		return fmt.Errorf("%w: UDPPort %d is odd (RFC 3550 §11 wants RTP on an even port)", ErrConfig, c.UDPPort)
	case c.User == "" && c.Password != "":
		return fmt.Errorf("%w: a Password without a User", ErrConfig)
	case c.Opus && c.StampSound:
		return fmt.Errorf("%w: StampSound with Opus, which is decoded", ErrConfig)
	case c.ByClock && c.Above > 0:
		return fmt.Errorf("%w: ByClock together with Above: the number would not be the time", ErrConfig)
	case c.DriftPPM <= -1000 || c.DriftPPM >= 1000:
		return fmt.Errorf("%w: DriftPPM %v: no camera is that bad", ErrConfig, c.DriftPPM)
	}
	return nil
}
