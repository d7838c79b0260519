package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
)

// login is a parsed Authorization header.
type login struct {
	name     string
	basic    bool
	password string // Basic only

	realm, nonce, uri, response string // Digest only
	sha256                      bool
}

// parseLogin reads the Authorization header of a request. It never panics.
func parseLogin(values []string) (login, error) {
	if len(values) != 1 {
		return login{}, fmt.Errorf("%d Authorization headers in one request", len(values))
	}
	if name, password, ok := basicAuth(values[0]); ok {
		return login{name: name, basic: true, password: password}, nil
	}
	var h headers.Authorization
	if err := h.Unmarshal(base.HeaderValue(values)); err != nil {
		return login{}, fmt.Errorf("unreadable login: %w", err)
	}
	if h.Method != headers.AuthMethodDigest {
		return login{}, errors.New("unreadable login: neither Basic nor Digest")
	}
	return login{
		name:     h.Username,
		realm:    h.Realm,
		nonce:    h.Nonce,
		uri:      h.URI,
		response: h.Response,
		sha256:   h.Algorithm != nil && *h.Algorithm == headers.AuthAlgorithmSHA256,
	}, nil
}

// basicAuth reads Basic the way HTTP does: unlike the RTSP library's parser it
// lets a password hold a colon (RFC 7617 §2).
func basicAuth(value string) (name, password string, ok bool) {
	r := http.Request{Header: http.Header{"Authorization": {value}}}
	return r.BasicAuth()
}

// verifyDigest computes the response of RFC 2617 §3.2.2.1 without qop, which is
// what RTSP clients send (RFC 2326 §D.1), with the stored hash in place of H(A1).
func (r *Rules) verifyDigest(l login, q Request) (ok bool, reason string) {
	switch {
	case l.realm != Realm:
		return false, fmt.Sprintf("the login is for realm %q", l.realm)
	case q.Nonce == "" || l.nonce != q.Nonce:
		return false, "the login answers another challenge"
	case !sameURL(l.uri, q.URL):
		return false, "the login is for another URL"
	}
	var stored string
	if u := r.users[l.name]; u != nil {
		stored = u.Digest.MD5
		if l.sha256 {
			stored = u.Digest.SHA256
		}
	}
	sum := hexMD5
	if l.sha256 {
		sum = hexSHA256
	}
	want := sum(strings.ToLower(stored) + ":" + l.nonce + ":" + sum(q.Method+":"+l.uri))
	match := subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(l.response))) == 1
	return match && stored != "", ""
}

// sameURL accepts, for a request's URL, that URL, its path alone, and what it
// begins with up to a slash: players sign the URL of the stream where they set up
// one of its tracks. A login is bound to one connection by its nonce, so this
// lets nobody reach another feed with it.
func sameURL(signed, requested string) bool {
	if signed == requested {
		return true
	}
	if signed == "" {
		return false
	}
	if strings.HasPrefix(signed, "/") {
		u, err := url.Parse(requested)
		if err != nil {
			return false
		}
		requested = u.RequestURI()
	}
	rest, ok := strings.CutPrefix(requested, strings.TrimSuffix(signed, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

// offers is which logins some user could make.
type offers struct{ sha256, md5, basic bool }

func (o *offers) add(u *User) {
	o.sha256 = o.sha256 || u.Digest.SHA256 != ""
	o.md5 = o.md5 || u.Digest.MD5 != ""
	o.basic = o.basic || u.Password != ""
}

// NewNonce makes the nonce for one connection's challenges.
func NewNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// Challenge is the list of WWW-Authenticate values that goes with a 401, the
// strongest first (RFC 7616 §3.7). The nonce is that of the connection, from
// NewNonce; Basic is offered where it is allowed.
func (r *Rules) Challenge(nonce string, tls bool) []string {
	var list []string
	digest := func(a headers.AuthAlgorithm) {
		h := headers.Authenticate{Method: headers.AuthMethodDigest, Realm: Realm, Nonce: nonce, Algorithm: &a}
		list = append(list, h.Marshal()...)
	}
	if r.offers.sha256 {
		digest(headers.AuthAlgorithmSHA256)
	}
	if r.offers.md5 {
		digest(headers.AuthAlgorithmMD5)
	}
	if r.offers.basic && (r.cfg.Basic || tls) {
		h := headers.Authenticate{Method: headers.AuthMethodBasic, Realm: Realm}
		list = append(list, h.Marshal()...)
	}
	return list
}
