package console

import (
	"encoding/json"
	"mime"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/access"
)

const (
	// loginBody bounds what a login may hold, in bytes: two short texts.
	loginBody = 4 << 10
	// loginWithin bounds how long it may take to come.
	loginWithin = 10 * time.Second
)

// credentials is what the login page sends.
type credentials struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// login opens a session.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	c, ok := readLogin(w, r)
	if !ok {
		return
	}
	rules, remote := s.rules(), access.RemoteOf(r)
	e := rules.Enter(access.SignIn{Remote: remote, TLS: encrypted(r), Name: c.User, Password: c.Password})
	if !e.Allowed {
		s.log.Info("login refused", zap.String("remote", remote.String()), zap.String("reason", e.Reason))
		s.refuseLogin(w, e)
		return
	}
	stamp, _ := rules.StampOf(c.User) // Enter has found the user
	token, old := newToken(), s.whoIs(rules, r).token
	s.mu.Lock()
	if old != "" {
		s.sessions.end(old)
	}
	s.sessions.begin(time.Now(), token, c.User, stamp)
	s.mu.Unlock()
	s.log.Info("login", zap.String("remote", remote.String()), zap.String("user", c.User))
	http.SetCookie(w, cookie(r, token, int(sessionLasts/time.Second)))
	w.WriteHeader(http.StatusNoContent)
}

// readLogin reads the body of a login; a page of another site cannot send one as JSON.
func readLogin(w http.ResponseWriter, r *http.Request) (c credentials, ok bool) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, codeBadRequest, "a login is sent as application/json")
		return c, false
	}
	// A transport without deadlines is one of a test.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(loginWithin))
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, loginBody)).Decode(&c); err != nil {
		refuse(w, http.StatusBadRequest, codeBadRequest, `a login is {"user":"…","password":"…"}`)
		return c, false
	}
	return c, true
}

func (s *Server) refuseLogin(w http.ResponseWriter, e access.Entrance) {
	switch {
	case e.Plain:
		refuse(w, http.StatusForbidden, codePlainLogin, "the password would be sent in clear: open this page over https, "+
			"or allow it with access.basic: true")
	case e.Wait > 0:
		refuseFor(w, e.Wait, http.StatusTooManyRequests, codeTooMany, "too many failed logins from your address")
	case e.Busy:
		refuseFor(w, time.Second, http.StatusServiceUnavailable, codeBusy, "too many logins at once")
	default: // the same for a name that nobody has
		refuse(w, http.StatusUnauthorized, codeWrongLogin, "wrong name or password")
	}
}

// cookie is the session's. Scripts cannot read it, and no other site's page makes a
// browser send it.
func cookie(r *http.Request, token string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: cookieNameFor(r), Value: token, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: encrypted(r),
	}
}

// logout ends the session, if there is one.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	if v := s.whoIs(s.rules(), r); v.token != "" {
		s.mu.Lock()
		s.sessions.end(v.token)
		s.mu.Unlock()
		s.log.Info("logout", zap.String("remote", access.RemoteOf(r).String()), zap.String("user", v.user))
	}
	http.SetCookie(w, cookie(r, "", -1))
	w.WriteHeader(http.StatusNoContent)
}

// Session is who a page is open for, and what he may do.
type Session struct {
	User  string `json:"user"`  // empty: nobody has logged in
	Guest bool   `json:"guest"` // may do something without a login
	May   May    `json:"may"`
	// HTTPSPort is where the same pages are encrypted; null: nowhere.
	HTTPSPort *int `json:"https_port"`
}

// May is what somebody may do.
type May struct {
	Watch bool `json:"watch"`
	Push  bool `json:"push"`
}

// session tells a page who it is open for. Everybody may ask that.
func (s *Server) session(w http.ResponseWriter, r *http.Request) {
	v, watch := s.ask(r, "", access.Watch)
	_, push := s.ask(r, "", access.Push)
	answer(w, Session{
		User:      v.user,
		Guest:     v.user == "" && (watch.Allowed || push.Allowed),
		May:       May{Watch: watch.Allowed, Push: push.Allowed},
		HTTPSPort: s.httpsPort,
	})
}
