package identity

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// ErrRevoked is wrapped when a peer's certificate was revoked.
var ErrRevoked = errors.New("the certificate was revoked")

// Deny replaces the list of certificates that are not taken any more, by their numbers
// as SerialOf gives them. It holds for connections that begin from now on; Denied tells
// which of those that are there have to end.
func (id *Identity) Deny(serials []string) {
	set := make(map[string]struct{}, len(serials))
	for _, s := range serials {
		set[s] = struct{}{}
	}
	id.denied.Store(&set)
}

// Denied tells whether the peer of a connection shows a certificate on the list.
func (id *Identity) Denied(s tls.ConnectionState) bool {
	return len(s.PeerCertificates) > 0 && id.checkDenied(SerialOf(s.PeerCertificates[0])) != nil
}

func (id *Identity) checkDenied(serial string) error {
	set := id.denied.Load()
	if set == nil {
		return nil
	}
	if _, denied := (*set)[serial]; denied {
		return fmt.Errorf("%w (number %s); to let the machine in again, give it a new code: classrelay token add",
			ErrRevoked, serial)
	}
	return nil
}
