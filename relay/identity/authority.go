package identity

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Authority is an opened CA folder. It does not change, and is safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// OpenAuthority opens the folder that InitCA made.
func OpenAuthority(dir string) (*Authority, error) {
	cert, err := readCert(filepath.Join(dir, caFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no CA in %s: first run: classrelay ca init --dir %s", dir, dir)
	}
	if err != nil {
		return nil, err
	}
	key, err := readKey(filepath.Join(dir, caKeyFile))
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%s does not belong to %s", filepath.Join(dir, caKeyFile), filepath.Join(dir, caFile))
	}
	return &Authority{cert: cert, key: key}, nil
}

// Certificate is the CA's own.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// Sign makes a certificate for a member's key, good for 90 days from now on. Hosts are
// as for Issue. It refuses when this machine's clock cannot be right: what it dates
// wrongly would be void.
func (a *Authority) Sign(m Member, hosts []string, key *ecdsa.PublicKey, now time.Time) (*x509.Certificate, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	if now.Before(a.cert.NotBefore) || now.After(a.cert.NotAfter) {
		return nil, fmt.Errorf("this machine's clock says %s, and its CA is good from %s to %s: set the clock",
			now.UTC().Format(time.RFC3339), a.cert.NotBefore.Format(time.DateOnly), a.cert.NotAfter.Format(time.DateOnly))
	}
	der, err := x509.CreateCertificate(rand.Reader, nodeTemplate(m, hosts, now, a.cert.NotAfter), a.cert, key, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of %s: %w", m.Node, err)
	}
	return x509.ParseCertificate(der)
}

// nodeTemplate is a certificate but for its key and its number, which the library draws
// at random (RFC 5280 §4.1.2.2).
func nodeTemplate(m Member, hosts []string, now, caEnd time.Time) *x509.Certificate {
	end := now.Add(nodeLife)
	if end.After(caEnd) {
		end = caEnd // nothing outlives who vouches for it
	}
	t := &x509.Certificate{
		Subject:               pkix.Name{CommonName: m.Node},
		URIs:                  m.uris(),
		NotBefore:             now.Add(-backdate),
		NotAfter:              end,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		// Both: a county is dialled by schools and dials the city.
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	return t
}

// HostsOf are the names and addresses a certificate is good at; with none, any.
func HostsOf(c *x509.Certificate) []string {
	hosts := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		hosts = append(hosts, ip.String())
	}
	return hosts
}

// IssuedAt is when a CA has signed a certificate, by the CA's clock.
func IssuedAt(c *x509.Certificate) time.Time { return c.NotBefore.Add(backdate) }

// SerialOf is a certificate's number as the deny-list has it: in hexadecimal.
func SerialOf(c *x509.Certificate) string { return c.SerialNumber.Text(16) }

// Pin is the beginning of the SHA-256 of a CA's certificate, as a join code carries it.
// 128 bits are enough: to be taken for this CA another one would have to be found whose
// hash begins alike, which takes 2^128 tries; that two of somebody's own choice collide
// helps nobody.
type Pin [16]byte

// PinOf is the pin of a CA's certificate.
func PinOf(ca *x509.Certificate) (p Pin) {
	sum := sha256.Sum256(ca.Raw)
	copy(p[:], sum[:])
	return p
}
