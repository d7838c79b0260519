package roq

import (
	"crypto/tls"
	"errors"

	"github.com/apernet/quic-go"
)

// RefusedBy tells whether a dial failed because the peer ended the TLS handshake, and
// with which alert. The reason in words stays with the peer: TLS has only the number
// (RFC 8446 §6.2, RFC 9001 §4.8).
func RefusedBy(err error) (alert tls.AlertError, ok bool) {
	const crypto = 0x100 // CRYPTO_ERROR, with the alert in the last eight bits
	var e *quic.TransportError
	if !errors.As(err, &e) || !e.Remote || e.ErrorCode < crypto || e.ErrorCode > crypto+0xff {
		return 0, false
	}
	return tls.AlertError(e.ErrorCode - crypto), true
}
