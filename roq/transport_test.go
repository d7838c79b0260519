package roq

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDialFails(t *testing.T) {
	for _, tt := range []struct {
		name     string
		prepare  func(l *link, cfg *TransportConfig)
		within   time.Duration // of the context, 0 = ever
		min, max time.Duration
	}{
		{
			"when nobody answers, after trying both sizes",
			func(l *link, _ *TransportConfig) { l.dark = true },
			0, 7 * time.Second, 7 * time.Second,
		},
		{
			"when its context ends", func(l *link, _ *TransportConfig) { l.dark = true },
			3 * time.Second, 3 * time.Second, 3 * time.Second,
		},
		{
			"at once when no protocol is common, without a second try",
			func(_ *link, cfg *TransportConfig) { cfg.Protocols = []string{"h3"} },
			0, 0, 100 * time.Millisecond,
		},
		{
			"at once when the certificate is a stranger's",
			func(_ *link, cfg *TransportConfig) { cfg.TLS.ServerName = "another hub" },
			0, 0, 100 * time.Millisecond,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, 10*time.Millisecond, 0)
				dialTLS, listenTLS := testTLS(t)
				ln, err := Listen(TransportConfig{PacketConn: l.listener, TLS: listenTLS})
				if err != nil {
					t.Fatal(err)
				}
				defer ln.Close()
				cfg := TransportConfig{PacketConn: l.dialler, TLS: dialTLS}
				tt.prepare(l, &cfg)
				ctx := t.Context()
				if tt.within > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, tt.within)
					defer stop()
				}
				begun := time.Now()
				_, err = Dial(ctx, ln.Addr(), cfg)
				if err == nil || !strings.Contains(err.Error(), "dial 10.0.0.2:2000") {
					t.Errorf("error %v, want one that names the peer", err)
				}
				if took := time.Since(begun); took < tt.min || took > tt.max {
					t.Errorf("took %v, want %v to %v", took, tt.min, tt.max)
				}
				if _, _, err := l.dialler.ReadFrom(nil); err == nil {
					t.Error("the socket is still open")
				}
			})
		})
	}
}

func TestTransportConfigIsChecked(t *testing.T) {
	l := newLink(t, 0, 0)
	dialTLS, _ := testTLS(t)
	for name, cfg := range map[string]TransportConfig{
		"PacketConn": {TLS: dialTLS},
		"TLS":        {PacketConn: l.dialler},
		"PacketSize": {PacketConn: l.dialler, TLS: dialTLS, PacketSize: 1199},
	} {
		if _, err := Listen(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("listen: %v, want an error that names %s", err, name)
		}
		if _, err := Dial(t.Context(), l.listener.addr, cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("dial: %v, want an error that names %s", err, name)
		}
	}
}
