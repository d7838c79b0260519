package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"github.com/classrelay/classrelay/internal/mask"
)

const wayOutOfBasic = "set basic_auth: true for the feed to send the password in clear, or use Digest in the camera"

// explain turns what gortsplib says into one line that tells the person at the
// school what to do. u may hold the password; the text never does.
func explain(err error, u *base.URL, a *answers) error {
	var status liberrors.ErrClientBadStatusCode
	var setup liberrors.ErrClientAuthSetup
	var cert *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case reason(err) != nil:
		return err // said already
	case errors.As(err, &status):
		return explainStatus(status, u, a)
	case errors.As(err, &setup) && a.basicOnly:
		return fmt.Errorf("%w: %s", ErrBasicOnly, wayOutOfBasic)
	case errors.As(err, &setup):
		return fmt.Errorf("%w: it names no login method that we know", ErrPassword)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: no answer from %s", ErrUnreachable, u.Host)
	case errors.As(err, &cert):
		return fmt.Errorf("%w: its certificate is not trusted: %s", ErrUnreachable, oneLine(cert.Err, u))
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("%w: %s: %s", ErrUnreachable, u.Host, oneLine(op.Err, u))
	case errors.As(err, &liberrors.ErrClientTCPTimeout{}), errors.As(err, &liberrors.ErrClientUDPTimeout{}):
		return fmt.Errorf("%w: no packet at all", ErrSilent)
	case errors.As(err, &liberrors.ErrClientRequestTimedOut{}):
		return fmt.Errorf("%w: %s is there but does not answer", ErrUnreachable, u.Host)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %s closed the connection", ErrClosed, u.Host)
	case isNonsense(err):
		return fmt.Errorf("%w: %s", ErrNonsense, oneLine(err, u))
	default:
		return fmt.Errorf("%w: %s", ErrClosed, oneLine(err, u))
	}
}

func explainStatus(s liberrors.ErrClientBadStatusCode, u *base.URL, a *answers) error {
	switch {
	case s.Code == base.StatusUnauthorized && a.basicOnly:
		return fmt.Errorf("%w: %s", ErrBasicOnly, wayOutOfBasic)
	case s.Code == base.StatusUnauthorized && u.User == nil:
		return fmt.Errorf("%w: it asks for one and the URL has none (rtsp://user:password@…)", ErrPassword)
	case s.Code == base.StatusUnauthorized, s.Code == base.StatusForbidden:
		return fmt.Errorf("%w: check user name and password", ErrPassword)
	case s.Code == base.StatusNotFound:
		return fmt.Errorf("%w: %q on %s; check the path in the URL", ErrNoStream, mask.Text(u.Path), u.Host)
	case a.redirects > maxRedirects:
		return fmt.Errorf("%w: it sends us from one URL to the next", ErrNonsense)
	default:
		return fmt.Errorf("%w: it answers %s", ErrNonsense, oneLine(s, u))
	}
}

// isNonsense tells an answer that breaks RTSP from a connection that breaks.
func isNonsense(err error) bool {
	return errors.As(err, &liberrors.ErrClientSDPInvalid{}) ||
		errors.As(err, &liberrors.ErrClientContentTypeMissing{}) ||
		errors.As(err, &liberrors.ErrClientContentTypeUnsupported{}) ||
		errors.As(err, &liberrors.ErrClientSessionHeaderInvalid{}) ||
		errors.As(err, &liberrors.ErrClientTransportHeaderInvalid{}) ||
		errors.As(err, &liberrors.ErrClientTransportHeaderInvalidDelivery{}) ||
		errors.As(err, &liberrors.ErrClientTransportHeaderNoInterleavedIDs{}) ||
		errors.As(err, &liberrors.ErrClientTransportHeaderInvalidInterleavedIDs{}) ||
		errors.As(err, &liberrors.ErrClientTransportHeaderInterleavedIDsInUse{}) ||
		errors.As(err, &liberrors.ErrClientServerRequestedTCP{}) ||
		errors.As(err, &liberrors.ErrClientServerRequestedUDP{}) ||
		errors.As(err, &liberrors.ErrClientServerPortsNotProvided{}) ||
		errors.As(err, &liberrors.ErrClientUnexpectedFrame{}) ||
		errors.As(err, &liberrors.ErrClientUnhandledMethod{})
}

// oneLine is the text of err, short, without line ends and without the password.
func oneLine(err error, u *base.URL) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, err.Error())
	if u != nil && u.User != nil {
		if pass, _ := u.User.Password(); pass != "" {
			s = strings.ReplaceAll(s, pass, "***")
		}
		s = strings.ReplaceAll(s, u.User.String(), "***")
	}
	s = mask.Text(s)
	const most = 200
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
