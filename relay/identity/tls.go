package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ErrPeer is wrapped when the other side of a link is not who it has to be.
var ErrPeer = errors.New("peer refused")

// PeerError is why a handshake was refused here: it says who the other side is, by
// its own words, what is wrong with it, and what to do. It wraps ErrPeer.
type PeerError struct{ err error }

// Error is in an operator's words.
func (e *PeerError) Error() string { return e.err.Error() }

// Unwrap returns what it was made of.
func (e *PeerError) Unwrap() error { return e.err }

// ServerTLS is the TLS 1.3 configuration for the side that is dialled: it wants a
// certificate of this county. The caller adds NextProtos; Reload acts on it.
func (id *Identity) ServerTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &id.current.Load().cert, nil
		},
		// Any certificate, because checkPeer verifies it: with the CA of the
		// moment, which Reload can change, and with an error people understand.
		ClientAuth: tls.RequireAnyClientCert,
		VerifyConnection: func(s tls.ConnectionState) error {
			if _, err := id.checkPeer(s, x509.ExtKeyUsageClientAuth); err != nil {
				return &PeerError{err}
			}
			return nil
		},
	}
}

// WebTLS is the configuration for the node's pages: the node's certificate, and no
// question for one of the browser. Old panels do not speak TLS 1.3 yet, so 1.2 will do
// (RFC 9325 §3.1.1). Reload acts on it.
func (id *Identity) WebTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &id.current.Load().cert, nil
		},
	}
}

// ClientTLS is the TLS 1.3 configuration for the side that dials host. With a
// node name only that node will do. Without one it is any node of this county,
// except that a certificate which names hosts must name this one. The caller adds
// NextProtos; Reload acts on it.
func (id *Identity) ClientTLS(host, node string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		ServerName: host,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &id.current.Load().cert, nil
		},
		// This turns off the check against the system's public CAs and host
		// names. VerifyConnection makes the check against the county CA instead,
		// on every connection, resumed ones included.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			leaf, err := id.checkPeer(s, x509.ExtKeyUsageServerAuth)
			if err == nil {
				err = checkDialled(leaf, host, node)
			}
			if err != nil {
				return &PeerError{err}
			}
			return nil
		},
	}
}

// PeerName is the node on the other side of a connection that one of our
// configurations has verified.
func PeerName(s tls.ConnectionState) (string, error) {
	if len(s.PeerCertificates) == 0 {
		return "", fmt.Errorf("%w: it shows no certificate", ErrPeer)
	}
	name, err := nodeName(s.PeerCertificates[0])
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPeer, err)
	}
	return name, nil
}

func (id *Identity) checkPeer(s tls.ConnectionState, usage x509.ExtKeyUsage) (*x509.Certificate, error) {
	name, err := PeerName(s)
	if err != nil {
		return nil, err
	}
	leaf, c := s.PeerCertificates[0], id.current.Load()
	err = verify(leaf, c.pool, usage, time.Now())
	if _, foreign := errors.AsType[x509.UnknownAuthorityError](err); foreign {
		return nil, fmt.Errorf("%w: node %s: another CA signed it: its county CA is %s, this node's is %s; "+
			"every node of one county needs its certificate from the same `classrelay ca init`: "+
			"where that is, run classrelay ca issue --name %s, and copy the folder there",
			ErrPeer, name, issuer(leaf), issuer(c.cert.Leaf), name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: node %s: %w", ErrPeer, name, err)
	}
	return leaf, nil
}

func checkDialled(leaf *x509.Certificate, host, node string) error {
	name, err := nodeName(leaf)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPeer, err)
	}
	switch {
	case node != "" && name != node:
		return fmt.Errorf("%w: at %s answers node %s, not %s: check the address and parents[].node",
			ErrPeer, host, name, node)
	case node == "" && len(hostsOf(leaf)) > 0 && leaf.VerifyHostname(host) != nil:
		return fmt.Errorf("%w: node %s has a certificate for %s, not for %s: "+
			"dial one of those, or issue it with --host %s",
			ErrPeer, name, strings.Join(hostsOf(leaf), ", "), host, host)
	}
	return nil
}

// verify checks a node's certificate against the county CA, and says in an
// operator's words what is wrong with it.
func verify(leaf *x509.Certificate, pool *x509.CertPool, usage x509.ExtKeyUsage, now time.Time) error {
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:       pool,
		CurrentTime: now,
		KeyUsages:   []x509.ExtKeyUsage{usage},
	})
	if err == nil {
		return nil
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return validity(leaf, now, err)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Errorf("another CA signed it (%s); "+
			"every node of one county needs its certificate from the same `classrelay ca init`: %w",
			leaf.Issuer.CommonName, err)
	}
	return err
}

func validity(leaf *x509.Certificate, now time.Time, err error) error {
	if now.Before(leaf.NotBefore) {
		return fmt.Errorf("it is not good before %s and this machine's clock says %s: set the clock: %w",
			leaf.NotBefore.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339), err)
	}
	if now.After(leaf.NotAfter) {
		return fmt.Errorf("it expired on %s; where the CA is, run: "+
			"classrelay ca issue --dir D --name %s --renew: %w",
			leaf.NotAfter.UTC().Format(time.DateOnly), leaf.Subject.CommonName, err)
	}
	return fmt.Errorf("the CA's certificate is out of its time: %w", err)
}

// Issuer names the county CA that signed this node's certificate.
func (id *Identity) Issuer() string { return issuer(id.current.Load().cert.Leaf) }

// issuer names a CA with the beginning of its key's id: two counties may have begun
// on the same day, and a CA carries only its day in its name.
func issuer(leaf *x509.Certificate) string {
	key := leaf.AuthorityKeyId
	return fmt.Sprintf("%q (key %x)", leaf.Issuer.CommonName, key[:min(4, len(key))])
}

// scheme is that of the URI in which a certificate carries the node's name.
const scheme = "classrelay"

func nodeURI(name string) *url.URL {
	return &url.URL{Scheme: scheme, Host: "node", Path: "/" + name}
}

func nodeName(leaf *x509.Certificate) (string, error) {
	for _, u := range leaf.URIs {
		if u.Scheme != scheme || u.Host != "node" {
			continue
		}
		name := strings.TrimPrefix(u.Path, "/")
		if err := CheckName(name); err != nil {
			return "", err
		}
		return name, nil
	}
	return "", fmt.Errorf("the certificate of %q names no node: it was not made by `classrelay ca issue`",
		leaf.Subject.CommonName)
}
