package rtsp

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/access"
)

// request is one RTSP request about a path.
type request struct {
	conn  *gortsplib.ServerConn
	req   *base.Request
	path  string
	query string
}

// remote is the other side's address without its port.
func (r request) remote() netip.Addr {
	a, err := netip.ParseAddrPort(r.conn.NetConn().RemoteAddr().String())
	if err != nil {
		return netip.Addr{} // belongs to no network: a login is asked for
	}
	return a.Addr().Unmap()
}

func (r request) kept() *conn {
	if k, ok := r.conn.UserData().(*conn); ok {
		return k
	}
	return &conn{}
}

// feed reads the feed's name from the path.
func (r request) feed() (media.FeedID, error) {
	return media.ParseFeedID(strings.Trim(r.path, "/"))
}

// layer reads ?layer=main or ?layer=sub; ok is false without one. The rest of the
// query is for others.
func (r request) layer() (l media.Layer, ok bool) {
	values, err := url.ParseQuery(r.query)
	if err != nil {
		return 0, false
	}
	l, err = media.ParseLayer(values.Get("layer"))
	return l, err == nil && l.IsVideo()
}

// admit checks name and login. It returns the answer for those it refuses.
func (s *Server) admit(r request, what access.Action) (feed media.FeedID, user string, refusal *base.Response) {
	feed, err := r.feed()
	if err != nil {
		return "", "", s.refuse(r, what, base.StatusNotFound, err.Error())
	}
	k := r.kept()
	v := s.access.Check(access.Request{
		Remote:        r.remote(),
		Action:        what,
		Feed:          feed,
		Authorization: r.req.Header["Authorization"],
		Method:        string(r.req.Method),
		URL:           r.req.URL.String(),
		Nonce:         k.nonce,
	})
	switch {
	case v.Allowed:
		return feed, v.User, nil
	case v.Ask:
		res := &base.Response{
			StatusCode: base.StatusUnauthorized,
			Header:     base.Header{"WWW-Authenticate": s.access.Challenge(k.nonce, false)},
		}
		if len(r.req.Header["Authorization"]) > 0 { // the first request never brings one
			s.logRefusal(r, what, res.StatusCode, v.Reason)
		}
		return "", "", res
	default:
		return "", "", s.refuse(r, what, base.StatusForbidden, v.Reason)
	}
}

// refuse answers a request with a reason that people can read, and logs it.
func (s *Server) refuse(r request, what access.Action, code base.StatusCode, reason string) *base.Response {
	s.logRefusal(r, what, code, reason)
	return &base.Response{StatusCode: code, StatusMessage: reasonPhrase(code, reason)}
}

func (s *Server) logRefusal(r request, what access.Action, code base.StatusCode, reason string) {
	s.log.Info("RTSP request refused", zap.Stringer("to", what), zap.String("path", r.path),
		zap.String("remote", r.remote().String()), zap.Int("status", int(code)), zap.String("reason", reason))
}

// reasonPhrase is what players show beside the code; it must stay one short line.
func reasonPhrase(code base.StatusCode, reason string) string {
	const longest = 120
	line := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return ' '
		}
		return c
	}, reason)
	if len(line) > longest {
		line = line[:longest]
	}
	if line = strings.TrimSpace(line); line == "" {
		return base.StatusMessages[code]
	}
	return line
}

// broken answers what is our own fault.
func (s *Server) broken(path string, err error) *base.Response {
	s.log.Error("RTSP answer failed", zap.String("path", path), zap.Error(err))
	return &base.Response{StatusCode: base.StatusInternalServerError}
}

// statusOf finds the code for what a node or an offer says.
func statusOf(err error) base.StatusCode {
	switch {
	case errors.Is(err, ErrUnknownFeed):
		return base.StatusNotFound
	case errors.Is(err, ErrTaken):
		return base.StatusForbidden
	case errors.Is(err, ErrOffline), errors.Is(err, playout.ErrNoTracks), errors.Is(err, context.DeadlineExceeded):
		return base.StatusServiceUnavailable
	}
	return base.StatusBadRequest
}
