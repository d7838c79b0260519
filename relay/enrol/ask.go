package enrol

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/classrelay/classrelay/roq"
)

// Dialer opens a connection to HOST:PORT. It fails with an error that an operator
// understands.
type Dialer func(ctx context.Context, address, protocol string, client *tls.Config) (*roq.Conn, error)

// askWithin bounds a dial and a conversation with one hub.
const askWithin = 15 * time.Second

// noProtocol is TLS's alert no_application_protocol (RFC 7301 §3.2).
const noProtocol = tls.AlertError(120)

// asked is what came of asking one hub.
type asked struct {
	answer *Answer
	tls    tls.ConnectionState
	off    time.Duration // the time at the CA less ours, to within half the round trip
}

// ask has one conversation.
func ask(
	ctx context.Context, dial Dialer, address, protocol string, client *tls.Config, a *Ask,
) (*asked, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	conn, err := dial(ctx, address, protocol, client)
	if alert, ok := roq.RefusedBy(err); ok && alert == noProtocol {
		return nil, fmt.Errorf("the node at %s gives out no certificates: it has no CA, or is of an older version", address)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.CloseWithError(roq.NoError, "") }() // whatever it ends with has been said
	answer, off, err := converse(ctx, conn, a)
	if alert, ok := roq.RefusedBy(err); ok { // TLS tells a dialler late that it is refused
		return nil, fmt.Errorf("the node at %s does not take this node's certificate (%w): its log says why",
			address, alert)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", address, err)
	}
	return &asked{answer: answer, tls: conn.TLS(), off: off}, nil
}

func converse(ctx context.Context, conn *roq.Conn, a *Ask) (*Answer, time.Duration, error) {
	stream, err := conn.OpenStream()
	if err != nil {
		return nil, 0, err
	}
	deadline, _ := ctx.Deadline()
	if err := errors.Join(stream.SetReadDeadline(deadline), stream.SetWriteDeadline(deadline)); err != nil {
		return nil, 0, err
	}
	began := time.Now()
	a.Now = began
	if err := WriteAsk(stream, a); err != nil {
		return nil, 0, err
	}
	answer, err := ReadAnswer(stream)
	if err != nil {
		return nil, 0, err
	}
	middle := began.Add(time.Since(began) / 2)
	return answer, answer.Now.Sub(middle.Round(0)), nil
}

// certificate is the one in the answer.
func (a *asked) certificate() (*x509.Certificate, error) {
	if a.answer.Refused != nil {
		return nil, a.answer.Refused
	}
	cert, err := x509.ParseCertificate(a.answer.Certificate)
	if err != nil {
		return nil, fmt.Errorf("%w: its certificate: %w", ErrMessage, err)
	}
	return cert, nil
}

// hostOf is the host to be checked in the certificate of who answers at an address.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address // dialling it fails, and says why
	}
	return host
}
