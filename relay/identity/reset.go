package identity

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
)

// ResetKey is a secret of this node that stays the same across restarts. A node
// that was killed and is back signs stateless resets with it (RFC 9000 §10.3), so
// that its peers know at once that their connections are gone, not after the idle
// timeout.
func (id *Identity) ResetKey() (key [32]byte) {
	private, ok := id.current.Load().cert.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return key // read makes no other kind
	}
	secret, err := private.Bytes()
	if err != nil {
		return key // a key that has signed a certificate can be written
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("classrelay stateless reset"))
	mac.Sum(key[:0])
	return key
}
