package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// RenewWithin is how long after its end a certificate can still be renewed, and nothing
// else: a school that was closed for the summer comes back by itself.
const RenewWithin = 30 * day

// anyTime is later than every certificate's age.
const anyTime = 2 * caLife

// JoinServerTLS is the configuration for those who come with a join code: they have no
// certificate yet, and are shown the CA's beside the node's own, so that they can check
// it against their code. The caller adds NextProtos.
func (id *Identity) JoinServerTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c := id.current.Load()
			with := c.cert
			with.Certificate = [][]byte{c.cert.Leaf.Raw, c.ca.Raw}
			return &with, nil
		},
	}
}

// RenewServerTLS is ServerTLS for those who come to renew: their certificate may have
// expired a month ago.
func (id *Identity) RenewServerTLS() *tls.Config {
	server := id.ServerTLS()
	server.VerifyConnection = func(s tls.ConnectionState) error {
		if _, err := id.checkPeer(s, x509.ExtKeyUsageClientAuth, RenewWithin); err != nil {
			return &PeerError{err}
		}
		return nil
	}
	return server
}

// RenewTLS is ClientTLS for renewing: the hub's certificate may look expired, because
// the clock here may be the reason to ask. A hub whose certificate has really expired
// gains nothing by it: what it answers must be signed by the CA, for a new key.
func (id *Identity) RenewTLS(host, node string) *tls.Config {
	client := id.ClientTLS(host, node)
	client.VerifyConnection = func(s tls.ConnectionState) error {
		p, err := id.checkPeer(s, x509.ExtKeyUsageServerAuth, anyTime)
		if err == nil {
			err = id.dialled(p, host, node)
		}
		if err != nil {
			return &PeerError{err}
		}
		return nil
	}
	return client
}

// JoinTLS is the configuration for dialling with a join code. The other side has to be
// a hub, or what is above one, of the CA with this pin; the time does not matter, since
// a machine that joins may not know it.
func JoinTLS(host string, pin Pin) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		ServerName:         host,
		InsecureSkipVerify: true, // VerifyConnection checks against the pin instead
		VerifyConnection: func(s tls.ConnectionState) error {
			if _, err := PinnedCA(s, pin); err != nil {
				return &PeerError{err}
			}
			return nil
		},
	}
}

// PinnedCA is the CA of the hub on the other side of a connection, if it has the pin.
func PinnedCA(s tls.ConnectionState, pin Pin) (*x509.Certificate, error) {
	if len(s.PeerCertificates) != 2 || PinOf(s.PeerCertificates[1]) != pin {
		return nil, fmt.Errorf("%w: the machine that answers is not of the county this code is for", ErrPeer)
	}
	leaf, ca := s.PeerCertificates[0], s.PeerCertificates[1]
	c := &credentials{ca: ca, pool: x509.NewCertPool()}
	c.pool.AddCert(ca)
	m, err := MemberOf(leaf)
	if err == nil {
		err = verify(leaf, c, x509.ExtKeyUsageServerAuth, leaf.NotBefore)
	}
	if err == nil && m.Level() == School {
		err = errors.New("it is a school's machine, and no hub")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: node %s: %w", ErrPeer, m.Node, err)
	}
	return ca, nil
}

// Renewed takes in a certificate that the CA has just signed for the pending key: it is
// put into the folder and used from the next connection on, and its date tells what time
// it is. It must name this node and nobody else.
func (id *Identity) Renewed(cert *x509.Certificate) error {
	m, err := MemberOf(cert)
	if err != nil {
		return err
	}
	if m != id.Member() {
		return fmt.Errorf("%w: the certificate that came is for %+v, this node is %+v", ErrPeer, m, id.Member())
	}
	if err := Install(id.dir, cert, id.CA()); err != nil {
		return err
	}
	id.clock.tell(IssuedAt(cert), id.own())
	return id.Reload()
}
