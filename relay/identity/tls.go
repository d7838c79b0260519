package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
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
			if _, err := id.checkPeer(s, x509.ExtKeyUsageClientAuth, 0); err != nil {
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
			p, err := id.checkPeer(s, x509.ExtKeyUsageServerAuth, 0)
			if err == nil {
				err = id.dialled(p, host, node)
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
	m, err := PeerMember(s)
	return m.Node, err
}

// checkPeer verifies the certificate of a peer. Late is how long after its end it is
// still taken.
func (id *Identity) checkPeer(s tls.ConnectionState, usage x509.ExtKeyUsage, late time.Duration) (peer, error) {
	m, err := PeerMember(s)
	if err != nil {
		return peer{}, err
	}
	leaf, c := s.PeerCertificates[0], id.current.Load()
	err = verify(leaf, c, usage, id.Now().Add(-late))
	if err == nil {
		err = id.checkDenied(SerialOf(leaf))
	}
	if _, foreign := errors.AsType[x509.UnknownAuthorityError](err); foreign {
		return peer{}, fmt.Errorf("%w: node %s: another CA signed it: its county CA is %s, this node's is %s; "+
			"every node of one county needs its certificate from the same `classrelay ca init`: "+
			"where that is, run classrelay ca issue --name %s, and copy the folder there",
			ErrPeer, m.Node, issuer(leaf), issuer(c.cert.Leaf), m.Node)
	}
	if err != nil {
		return peer{}, fmt.Errorf("%w: node %s: %w", ErrPeer, m.Node, err)
	}
	id.clock.prove(IssuedAt(leaf), id.own())
	return peer{m, leaf}, nil
}

// peer is a certificate that was verified, and what it says.
type peer struct {
	Member
	leaf *x509.Certificate
}

// dialled checks that a peer is the one that was dialled: at a host, a certain node if
// one is named.
func (id *Identity) dialled(p peer, host, node string) error {
	hosts := HostsOf(p.leaf)
	switch {
	case node != "" && p.Node != node:
		return fmt.Errorf("%w: at %s answers node %s, not %s: check the address and parents[].node",
			ErrPeer, host, p.Node, node)
	case !id.Member().MayParent(p.Member):
		return fmt.Errorf("%w: at %s answers node %s, a machine of the school %s and no hub: "+
			"check the address, and who has it", ErrPeer, host, p.Node, p.School)
	case node == "" && len(hosts) > 0 && p.leaf.VerifyHostname(host) != nil:
		return fmt.Errorf("%w: node %s has a certificate for %s, not for %s: "+
			"dial one of those, or issue it with --host %s",
			ErrPeer, p.Node, strings.Join(hosts, ", "), host, host)
	}
	return nil
}

// verify checks a node's certificate against the county CA, and says in an
// operator's words what is wrong with it.
//
// A certificate that is not good yet is not refused: that the CA has signed it proves
// that its time has come, and that the clock here is slow.
func verify(leaf *x509.Certificate, c *credentials, usage x509.ExtKeyUsage, now time.Time) error {
	for _, begins := range []time.Time{leaf.NotBefore, c.ca.NotBefore} {
		if now.Before(begins) {
			now = begins
		}
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:       c.pool,
		CurrentTime: now,
		KeyUsages:   []x509.ExtKeyUsage{usage},
	})
	if err == nil {
		return nil
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return expired(leaf, now, err)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Errorf("another CA signed it (%s); "+
			"every node of one county needs its certificate from the same `classrelay ca init`: %w",
			leaf.Issuer.CommonName, err)
	}
	return err
}

// ErrExpired is wrapped when a certificate is out of its time, or this machine's clock
// is so far ahead that it looks so.
var ErrExpired = errors.New("certificate out of its time")

func expired(leaf *x509.Certificate, now time.Time, err error) error {
	if now.After(leaf.NotAfter) {
		return fmt.Errorf("it expired on %s, and the clock here says %s; where the CA is, run: "+
			"classrelay ca issue --dir D --name %s --renew: %w: %w",
			leaf.NotAfter.UTC().Format(time.DateOnly), now.UTC().Format(time.DateOnly),
			leaf.Subject.CommonName, ErrExpired, err)
	}
	return fmt.Errorf("the CA's certificate is out of its time: %w: %w", ErrExpired, err)
}

// Issuer names the county CA that signed this node's certificate.
func (id *Identity) Issuer() string { return issuer(id.current.Load().cert.Leaf) }

// issuer names a CA with the beginning of its key's id: two counties may have begun
// on the same day, and a CA carries only its day in its name.
func issuer(leaf *x509.Certificate) string {
	key := leaf.AuthorityKeyId
	return fmt.Sprintf("%q (key %x)", leaf.Issuer.CommonName, key[:min(4, len(key))])
}
