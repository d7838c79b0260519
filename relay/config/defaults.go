package config

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/classrelay/classrelay/relay/access"
)

// The defaults that an operator may want to know.
const (
	defaultMaxRate  = 100e6                  // the rural link this is made for
	defaultQueueAge = 200 * time.Millisecond // later than that a frame is late at the far end
	defaultWebRTC   = ":8189"                // the port that other media servers use for it, too
)

// What links.probe may be.
const (
	ProbeOn  = "on"
	ProbeOff = "off"
)

// RTPOff in listen.rtp means: RTSP over TCP only.
const RTPOff = "off"

// WebRTCOff in listen.webrtc means: pages get their media in the web connection.
const WebRTCOff = "off"

// WithDefaults is a copy in which every key has the value that is in force. The
// node works with such a copy; what it was given stays as the operator wrote it.
func (c *Config) WithDefaults() *Config {
	d := *c
	if d.Listen.RTP == "" && d.Listen.RTSP != "" {
		d.Listen.RTP = rtpAfter(d.Listen.RTSP)
	}
	if d.Listen.HTTP != "" || d.Listen.HTTPS != "" {
		setDefault(&d.Listen.WebRTC, defaultWebRTC)
	}
	setDefault(&d.Links.MaxRate, defaultMaxRate)
	setDefault(&d.Links.QueueAge, Duration(defaultQueueAge))
	setDefault(&d.Links.Probe, ProbeOn)
	setDefault(&d.Log.Level, "info")
	setDefault(&d.Log.Format, "console")

	if c.County.In() {
		setDefault(&d.County.State, defaultState)
	}

	d.Parents = slices.Clone(c.Parents)
	for i := range d.Parents {
		setDefault(&d.Parents[i].MaxRate, d.Links.MaxRate)
	}
	d.Feeds = maps.Clone(c.Feeds)
	for name, f := range d.Feeds {
		if f.Push == "" {
			setDefault(&f.Transport, TransportAuto)
		}
		d.Feeds[name] = f
	}
	d.Users = slices.Clone(c.Users)
	for i := range d.Users {
		if len(d.Users[i].May) == 0 {
			d.Users[i].May = []access.Right{access.RightWatch}
		}
	}
	return &d
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// rtpAfter is the address of the next even port but one after RTSP's: :8554
// gives :8556 for RTP, and with it :8557 for RTCP. A port that the system picks
// (0, in tests) has none.
func rtpAfter(rtsp string) string {
	host, _, err := net.SplitHostPort(rtsp)
	port := portOf(rtsp)
	if err != nil || port == 0 || port > 65530 {
		return RTPOff
	}
	return net.JoinHostPort(host, strconv.Itoa((port+3)/2*2))
}

// RTPPorts are the addresses for RTP and RTCP over UDP, or ok is false where
// RTSP is over TCP only.
func (l Listen) RTPPorts() (rtp, rtcp string, ok bool) {
	if l.RTP == "" && l.RTSP != "" {
		l.RTP = rtpAfter(l.RTSP)
	}
	if l.RTSP == "" || l.RTP == RTPOff || l.RTP == "" {
		return "", "", false
	}
	host, _, err := net.SplitHostPort(l.RTP)
	if err != nil {
		return "", "", false
	}
	return l.RTP, net.JoinHostPort(host, strconv.Itoa(portOf(l.RTP)+1)), true
}
