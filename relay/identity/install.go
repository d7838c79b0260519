package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A certificate and its key are two files, and power may fail between them. So the new
// key waits under a name of its own until the certificate is in place, and whoever reads
// the folder meanwhile looks there when the old key does not fit.
const (
	nextKeyFile = "key.next.pem"
	// resetFile keeps the secret of ResetKey when the key it came from is replaced.
	resetFile = "reset.key"
)

// PendingKey makes the key of a certificate to come and puts it into dir, or returns the
// one that was made before and waits for its certificate.
func PendingKey(dir string) (*ecdsa.PrivateKey, error) {
	key, err := readKey(filepath.Join(dir, nextKeyFile))
	if err == nil && key.Curve == elliptic.P256() {
		return key, nil
	}
	return FreshKey(dir)
}

// FreshKey is PendingKey, but one that waits is forgotten.
func FreshKey(dir string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	path := filepath.Join(dir, nextKeyFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	if err := writeKey(path, key); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return key, nil
}

// Install puts a certificate for the pending key into dir, with the CA that signed it.
// What peers would refuse is refused. Power may fail at any point: before or after it,
// the folder reads as one identity.
func Install(dir string, cert, ca *x509.Certificate) error {
	key, err := readKey(filepath.Join(dir, nextKeyFile))
	if err != nil {
		return fmt.Errorf("install the certificate: %w", err)
	}
	if _, err := check(cert, key, ca); err != nil {
		return fmt.Errorf("install the certificate: %w", err)
	}
	if err := keepReset(dir); err != nil {
		return fmt.Errorf("install the certificate: %w", err)
	}
	err = writeCert(filepath.Join(dir, caFile), ca.Raw)
	if err == nil {
		err = writeCert(filepath.Join(dir, certFile), cert.Raw)
	}
	if err == nil {
		err = finish(dir)
	}
	if err != nil {
		return fmt.Errorf("install the certificate: %w", err)
	}
	return nil
}

// finish puts the pending key in its place.
func finish(dir string) error {
	if err := os.Rename(filepath.Join(dir, nextKeyFile), filepath.Join(dir, keyFile)); err != nil {
		return err
	}
	return syncDir(dir)
}

// keepReset writes the secret of ResetKey down before the key it is made from goes.
func keepReset(dir string) error {
	path := filepath.Join(dir, resetFile)
	if exists(path) {
		return nil
	}
	key, err := readKey(filepath.Join(dir, keyFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil // a first certificate
	}
	if err != nil {
		return err
	}
	secret := resetKeyOf(key)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(hex.EncodeToString(secret[:]) + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes sure that a new or renamed file is still there after a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
