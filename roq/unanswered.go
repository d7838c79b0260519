package roq

import (
	"errors"

	"github.com/apernet/quic-go"
)

// Unanswered tells whether a Dial failed because nothing came back at all, or not
// enough for a handshake: as from a blocked port, or from one where nobody is.
func Unanswered(err error) bool {
	var idle *quic.IdleTimeoutError
	var slow *quic.HandshakeTimeoutError
	return errors.As(err, &idle) || errors.As(err, &slow)
}
