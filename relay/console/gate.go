package console

import (
	"net/http"
	"strings"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

// The session's cookie. Over https it has a name that browsers take only with Secure, of
// this very host and for all of it (RFC 6265bis §4.1.3.2): no other port, no page in clear
// and no neighbour in the domain can put one of its own in its place.
const (
	cookieName       = "classrelay"
	secureCookieName = "__Host-classrelay"
)

// cookieNameFor is which of them a request's session has.
func cookieNameFor(r *http.Request) string {
	if encrypted(r) {
		return secureCookieName
	}
	return cookieName
}

// visitor is who asks.
type visitor struct {
	user  string // empty: a guest
	token string // of the session, if there is one
	// expired: a token came that is not, or no longer, good.
	expired bool
	// strange: he would be let in for his network's sake, had he used a name of this node.
	strange bool
}

// sees tells whether the visitor may know who else watches.
func (v visitor) sees(r *http.Request) bool { return v.user != "" || access.RemoteOf(r).IsLoopback() }

// Pass decides by the rules of RTSP whether a request may watch or push a feed: by its
// session (the cookie, or "Authorization: Bearer" with the same token), by a Basic
// login, or without any where access opens the network. user is who has logged in. A
// request that may not is answered here, with 401 or 403, and ok is false. So is a
// WebSocket that the page of another site opens.
func (s *Server) Pass(
	w http.ResponseWriter, r *http.Request, feed media.FeedID, a access.Action,
) (user string, ok bool) {
	v, ok := s.admit(w, r, feed, a)
	return v.user, ok
}

// admit is Pass that knows more of the visitor.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, feed media.FeedID, a access.Action) (visitor, bool) {
	if isUpgrade(r) && !sameOrigin(r) {
		refuse(w, http.StatusForbidden, codeCrossOrigin, "this WebSocket was opened by the page of another site")
		return visitor{}, false
	}
	v, verdict := s.ask(r, feed, a)
	switch {
	case verdict.Allowed:
		return v, true
	case v.strange:
		refuse(w, http.StatusForbidden, codeUnknownName, "this node has no such name: open it by its address, "+
			"or issue its certificate with --host and the name")
		return v, false
	case !verdict.Ask:
		refuse(w, http.StatusForbidden, codeForbidden, verdict.Reason)
		return v, false
	}
	// A scheme that browsers have no window of their own for: the page has a better one.
	w.Header().Set("WWW-Authenticate", `Bearer realm="`+access.Realm+`"`)
	if v.expired {
		refuse(w, http.StatusUnauthorized, codeExpired, "the session is over: log in again")
	} else {
		refuse(w, http.StatusUnauthorized, codeLogin, "a login is needed to "+a.String())
	}
	return v, false
}

// ask finds who a visitor is and whether he may.
func (s *Server) ask(r *http.Request, feed media.FeedID, a access.Action) (visitor, access.Verdict) {
	rules, remote := s.rules(), access.RemoteOf(r)
	v := s.whoIs(rules, r)
	if v.user != "" && rules.Allows(v.user, a) {
		return v, access.Verdict{Allowed: true, User: v.user}
	}
	q := access.Request{
		Remote: remote, TLS: encrypted(r), Action: a, Feed: feed, Method: r.Method, URL: r.URL.RequestURI(),
	}
	if _, bearer := bearerOf(r); !bearer {
		q.Authorization = r.Header.Values("Authorization")
	}
	verdict := rules.Check(q)
	if verdict.Allowed && verdict.User == "" && !knowsHost(r.Host, s.cfg.Names()) {
		v.strange, verdict = true, access.Verdict{Reason: "asked under a name that is not this node's"}
	}
	switch {
	case verdict.Allowed && verdict.User != "":
		v.user = verdict.User
	case verdict.Ask && v.user != "":
		verdict = access.Verdict{User: v.user, Reason: "user " + v.user + " may not " + a.String() + ": see users[].may"}
	}
	return v, verdict
}

// whoIs reads the session of a request.
func (s *Server) whoIs(rules *access.Rules, r *http.Request) visitor {
	token, ok := bearerOf(r)
	if c, err := r.Cookie(cookieNameFor(r)); err == nil {
		token, ok = c.Value, true
	}
	if !ok {
		return visitor{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user, stamp, ok := s.sessions.user(time.Now(), token)
	if !ok {
		return visitor{expired: true}
	}
	// A reload that takes the user out, or gives a new password, ends the session.
	if now, known := rules.StampOf(user); !known || !now.Same(stamp) {
		s.sessions.end(token)
		return visitor{expired: true}
	}
	return visitor{user: user, token: token}
}

// bearerOf reads a token that a program sends (RFC 6750 §2.1).
func bearerOf(r *http.Request) (token string, ok bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(scheme, "Bearer")
}
