package enrol

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/classrelay/classrelay/relay/identity"
)

// Remote is a signer that asks hubs in turn.
type Remote struct {
	ID *identity.Identity
	// Hubs are who may be asked now: HOST:PORT, and the name the node there must have.
	Hubs func() []Hub
	Dial Dialer
	// Software is the version of the program, told to the hub.
	Software string
}

// Hub is a node that can be asked.
type Hub struct{ Address, Node string }

// errNoHub is returned where there is nobody to ask.
var errNoHub = errors.New("the configuration names nobody to ask: neither parents nor county.renew")

// Sign asks until one hub gives a certificate.
func (r *Remote) Sign(ctx context.Context, request []byte) (*x509.Certificate, error) {
	var failures []error
	for _, hub := range r.Hubs() {
		got, err := ask(ctx, r.Dial, hub.Address, ProtocolRenew, r.ID.RenewTLS(hostOf(hub.Address), hub.Node),
			&Ask{Request: request, Software: r.Software})
		if err == nil {
			var cert *x509.Certificate
			if cert, err = got.certificate(); err == nil {
				return cert, nil
			}
			err = fmt.Errorf("%s: %w", hub.Address, err)
		}
		failures = append(failures, err)
	}
	if len(failures) == 0 {
		return nil, errNoHub
	}
	return nil, errors.Join(failures...)
}

// Local is a signer on the machine with the CA.
type Local struct {
	ID   *identity.Identity
	Desk *Desk
}

// Sign signs by the desk, which writes it down.
func (l *Local) Sign(ctx context.Context, request []byte) (*x509.Certificate, error) {
	answer := l.Desk.Renew(ctx, &Ask{Request: request, Now: time.Now()}, l.ID.Certificate(), netip.AddrPort{}, time.Now())
	got := asked{answer: answer}
	return got.certificate()
}
