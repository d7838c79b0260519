package identity

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ResetKey is a secret of this node that stays the same across restarts. A node
// that was killed and is back signs stateless resets with it (RFC 9000 §10.3), so
// that its peers know at once that their connections are gone, not after the idle
// timeout. It is made from the node's first key, and outlives it.
func (id *Identity) ResetKey() [32]byte { return id.current.Load().reset }

// readReset reads the secret, or makes it from the key while that is the first one.
func readReset(dir string, first *ecdsa.PrivateKey) (secret [32]byte, err error) {
	path := filepath.Join(dir, resetFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return resetKeyOf(first), nil
	}
	if err != nil {
		return secret, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(key) != len(secret) {
		return secret, fmt.Errorf("%s is damaged: remove it; peers then wait a little when this node was killed", path)
	}
	return [32]byte(key), nil
}

func resetKeyOf(private *ecdsa.PrivateKey) (key [32]byte) {
	secret, err := private.Bytes()
	if err != nil {
		return key // a key that has signed a certificate can be written
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("classrelay stateless reset"))
	mac.Sum(key[:0])
	return key
}
