package roq

import (
	"crypto/tls"
	"fmt"
	"testing"

	"github.com/apernet/quic-go"
)

func TestRefusedByTellsTheAlertOfThePeer(t *testing.T) {
	cases := map[string]struct {
		err   error
		alert tls.AlertError
		ok    bool
	}{
		"the peer sent an alert": {fmt.Errorf("dial: %w", &quic.TransportError{Remote: true, ErrorCode: 0x12a}), 42, true},
		"we sent one":            {&quic.TransportError{ErrorCode: 0x12a}, 0, false},
		"another error":          {&quic.TransportError{Remote: true, ErrorCode: quic.ConnectionRefused}, 0, false},
		"none":                   {nil, 0, false},
	}
	for name, c := range cases {
		if alert, ok := RefusedBy(c.err); alert != c.alert || ok != c.ok {
			t.Errorf("%s: alert %d, %v", name, alert, ok)
		}
	}
}
