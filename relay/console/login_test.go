package console

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/relay/access"
)

func TestTheCookieOfASession(t *testing.T) {
	d := newDesk(t, access.Config{Basic: true}, who("li"))
	for name, tls := range map[string]bool{"over https": true, "over http": false} {
		t.Run(name, func(t *testing.T) {
			resp := d.login(abroad, "li", secret, func(r *http.Request) {
				if !tls {
					r.TLS = nil
				}
			})
			wants(t, resp, 204, "")
			c := resp.Cookie
			if c.Name != map[bool]string{true: "__Host-classrelay", false: "classrelay"}[tls] || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" ||
				c.Secure != tls || c.MaxAge != 12*60*60 || c.Domain != "" {
				t.Errorf("cookie %s", resp.Header.Get("Set-Cookie"))
			}
			if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(c.Value) {
				t.Errorf("the token is not 128 bits: %q", c.Value)
			}
		})
	}
	if one, two := d.token("li"), d.token("li"); one == two {
		t.Error("two sessions have one token")
	}
}

func TestLogoutTakesTheCookieAway(t *testing.T) {
	d := newDesk(t, access.Config{}, who("li"))
	resp := d.ask(abroad, http.MethodPost, "/api/v1/logout", withToken(d.token("li")))
	if c := resp.Cookie; c.MaxAge >= 0 || c.Value != "" || c.Name != cookieName {
		t.Errorf("cookie %s", resp.Header.Get("Set-Cookie"))
	}
	wants(t, d.ask(abroad, http.MethodPost, "/api/v1/logout"), 204, "")
}

func TestLoginsThatAreRefused(t *testing.T) {
	noTLS := func(r *http.Request) { r.TLS = nil }
	d := newDesk(t, access.Config{}, who("li"))
	tests := []struct {
		name   string
		resp   *reply
		status int
		code   string
	}{
		{"a wrong password", d.login(abroad, "li", "guess"), 401, codeWrongLogin},
		{"a name that nobody has", d.login(abroad, "wang", secret), 401, codeWrongLogin},
		{"a password in clear", d.login(abroad, "li", secret, noTLS), 403, codePlainLogin},
		{"no JSON", d.ask(abroad, http.MethodPost, "/api/v1/login", asJSON("user=li")), 400, codeBadRequest},
		{"nothing", d.ask(abroad, http.MethodPost, "/api/v1/login", asJSON("")), 400, codeBadRequest},
		{"a form", d.ask(abroad, http.MethodPost, "/api/v1/login",
			asJSON("user=li"), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), 415, codeBadRequest},
		{"five kilobytes", d.login(abroad, strings.Repeat("a", 5000), ""), 400, codeBadRequest},
		{"by GET", d.ask(abroad, http.MethodGet, "/api/v1/login"), 405, codeMethod},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wants(t, tt.resp, tt.status, tt.code)
			if tt.resp.Cookie != nil {
				t.Error("a cookie was set")
			}
		})
	}
	if a, b := d.login(abroad, "li", "g").Body, d.login(abroad, "wang", "g").Body; a != b {
		t.Errorf("a wrong password answers %s, a wrong name %s", a, b)
	}
}

// An unknown name is compared with a hash as well: it takes as long. That is a matter
// of access; here it is only that both go the same way, which the waiting shows.
func TestGuessesWaitWhateverTheName(t *testing.T) {
	for _, name := range []string{"li", "wang"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, access.Config{}, who("li"))
				for _, guess := range []string{"a", "b", "c", "d", "e"} {
					wants(t, d.login(abroad, name, guess), 401, codeWrongLogin)
				}
				resp := d.login(abroad, "li", secret)
				wants(t, resp, 429, codeTooMany)
				wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
				if err != nil || wait < 1 || wait > 20 {
					t.Fatalf("Retry-After %q", resp.Header.Get("Retry-After"))
				}
				wants(t, d.login("192.0.2.8:1", "li", secret), 204, "")
				time.Sleep(time.Duration(wait) * time.Second)
				wants(t, d.login(abroad, "li", secret), 204, "")
			})
		})
	}
}

func TestTheSessionOfAVisitor(t *testing.T) {
	d := newDesk(t, opened(), who("li"), who("cam", access.RightPush), who("boss", access.RightAdmin))
	tests := []struct {
		name, from string
		change     []func(r *http.Request)
		want       Session
	}{
		{"nobody", abroad, nil, Session{}},
		{"a guest", pupil, nil, Session{Guest: true, May: May{Watch: true}}},
		{"this machine", here, nil, Session{Guest: true, May: May{true, true}}},
		{"a viewer", abroad, one(withToken(d.token("li"))), Session{User: "li", May: May{Watch: true}}},
		{"a pusher", abroad, one(withToken(d.token("cam"))), Session{User: "cam", May: May{Push: true}}},
		{"an admin", abroad, one(withToken(d.token("boss"))), Session{User: "boss", May: May{true, true}}},
		{"whose session is over", abroad, one(withToken("x")), Session{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := d.ask(tt.from, http.MethodGet, "/api/v1/session", tt.change...)
			wants(t, resp, 200, "")
			if got := read[Session](t, resp); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestSessionsAreBounded(t *testing.T) {
	var s sessions
	now := time.Unix(1e9, 0)
	for i := range sessionsMost + 10 {
		s.begin(now.Add(time.Duration(i)), strconv.Itoa(i), "li", access.Stamp{})
	}
	if n := len(s.open); n != sessionsMost {
		t.Errorf("%d sessions", n)
	}
	if _, _, ok := s.user(now, "9"); ok {
		t.Error("one of the oldest is still there")
	}
	if user, _, ok := s.user(now, "10"); !ok || user != "li" {
		t.Error("a newer one is gone")
	}
	s.begin(now.Add(sessionLasts*2), "late", "li", access.Stamp{})
	if n := len(s.open); n != 1 {
		t.Errorf("%d sessions when all others are over", n)
	}
}

func FuzzLogin(f *testing.F) {
	f.Add("application/json", `{"user":"li","password":"x"}`)
	f.Add("application/json; charset=utf-8", `{"user":["li"]}`)
	f.Add("text/plain", `{`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		d := newDesk(t, access.Config{}, who("li"))
		resp := d.ask(abroad, http.MethodPost, "/api/v1/login", asJSON(body), overTLS, func(r *http.Request) {
			r.Header["Content-Type"] = []string{kind}
		})
		switch resp.Status {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusUnsupportedMediaType:
			if resp.Cookie != nil {
				t.Errorf("a cookie for %q", body)
			}
		default:
			t.Errorf("status %d for %q as %q", resp.Status, body, kind)
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add("classrelay=x; classrelay=y", "Bearer")
	f.Add("classrelay=", "Basic !!!")
	f.Add("a", `Digest username="li"`)
	f.Fuzz(func(t *testing.T, cookie, authorization string) {
		d := newDesk(t, access.Config{}, who("li"))
		resp := d.ask(abroad, http.MethodGet, "/api/v1/status", func(r *http.Request) {
			r.Header["Cookie"], r.Header["Authorization"] = []string{cookie}, []string{authorization}
		})
		if resp.Status != http.StatusUnauthorized {
			t.Errorf("status %d for %q and %q", resp.Status, cookie, authorization)
		}
	})
}
