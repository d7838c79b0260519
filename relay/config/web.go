package config

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/classrelay/classrelay/internal/mask"
)

// Web tells whether the node serves pages.
func (l Listen) Web() bool { return l.HTTP != "" || l.HTTPS != "" }

// checkWeb checks the keys of the web server.
func (l Listen) checkWeb(k *checks) {
	k.err("listen.http", checkListen(l.HTTP))
	k.err("listen.https", checkListen(l.HTTPS))
	if l.WebRTC != "" && l.WebRTC != WebRTCOff {
		k.err("listen.webrtc", checkListen(l.WebRTC))
		if !l.Web() {
			k.add("listen.webrtc", "it serves the pages, and neither listen.http nor listen.https is set")
		}
	}
	for i, a := range l.Public {
		key := fmt.Sprintf("listen.public[%d]", i)
		switch {
		case !l.Web() || l.WebRTC == WebRTCOff:
			k.add(key, "it is for the media of pages, and this node has no WebRTC")
		case a.IsLoopback() || a.IsUnspecified() || a.IsMulticast():
			k.add(key, "nobody outside reaches %s", a)
		}
	}
	// All of these are TCP ports; listen.webrtc is one besides its UDP port.
	taken := make(map[string]string)
	for _, p := range []struct{ key, addr string }{
		{"listen.rtsp", l.RTSP},
		{"listen.admin", l.Admin},
		{"listen.http", l.HTTP},
		{"listen.https", l.HTTPS},
		{"listen.webrtc", l.WebRTC},
	} {
		if p.addr == "" || p.addr == WebRTCOff || portOf(p.addr) == 0 {
			continue
		}
		if by := taken[p.addr]; by != "" && p.key != "listen.admin" { // check has said that one
			k.add(p.key, "%s is %s already", p.addr, by)
		}
		taken[p.addr] = p.key
	}
}

// checkSnapshot accepts nothing, or the URL of a picture at a camera.
func checkSnapshot(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("it is not a URL: percent-encode what is special in a password") // it may hold one
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%s: a camera's picture is http://HOST/PATH or https://HOST/PATH", mask.URL(raw))
	}
	if u.Hostname() == "" {
		return fmt.Errorf("%s: it names no host", mask.URL(raw))
	}
	if mask.Masked(raw) {
		return errMasked
	}
	return nil
}
