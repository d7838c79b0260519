package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
)

// maxRequest is far above a request for a P-256 key without names, about 200 bytes.
const maxRequest = 4 << 10

// Request asks for a certificate for a key (PKCS #10, RFC 2986). It names nobody: who
// signs it decides what the certificate says.
func Request(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate request: %w", err)
	}
	return der, nil
}

// ReadRequest takes the key out of a request, after a look at whether the sender has its
// other half. Whatever names, uses and extensions it asks for are ignored.
func ReadRequest(der []byte) (*ecdsa.PublicKey, error) {
	if len(der) > maxRequest {
		return nil, fmt.Errorf("a certificate request of %d bytes, at most %d are taken", len(der), maxRequest)
	}
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	key, ok := r.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("certificate request: the key is not ECDSA on P-256")
	}
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("certificate request: its sender does not have the key: %w", err)
	}
	return key, nil
}
