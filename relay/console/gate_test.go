package console

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/relay/access"
)

func basic(user, password string) func(r *http.Request) {
	return header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

func TestWhoMayWatch(t *testing.T) {
	d := newDesk(t, opened(), who("li"), who("recorder", access.RightPush))
	tests := []struct {
		name, from string
		change     []func(r *http.Request)
		status     int
		code       string
	}{
		{"this machine", here, nil, 200, ""},
		{"a network that access names", pupil, nil, 200, ""},
		{"another machine", abroad, nil, 401, codeLogin},
		{"a session's cookie", abroad, one(withToken(d.token("li"))), 200, ""},
		{"a session's token in a header", abroad, one(header("Authorization", "bearer "+d.token("li"))), 200, ""},
		{"a token that nobody has", abroad, one(withToken("0123456789abcdef0123456789abcdef")), 401, codeExpired},
		{"no token in the cookie", abroad, one(withToken("")), 401, codeExpired},
		{"a token that nobody has, from a named network", pupil, one(withToken("x")), 200, ""},
		{"a Basic login in clear", abroad, one(basic("li", secret)), 401, codeLogin},
		{"a Basic login over TLS", abroad, []func(*http.Request){basic("li", secret), overTLS}, 200, ""},
		{"a wrong Basic login over TLS", abroad, []func(*http.Request){basic("li", "x"), overTLS}, 401, codeLogin},
		{"a user who may only push", abroad, one(withToken(d.token("recorder"))), 403, codeForbidden},
		{"a user who may only push, from a named network", pupil, one(withToken(d.token("recorder"))), 200, ""},
		{"behind a web server here", here, one(header("X-Forwarded-For", "127.0.0.1, 192.0.2.7")), 401, codeLogin},
		{"behind a web server here, from a named network", here, one(header("X-Forwarded-For", "10.1.2.9")), 200, ""},
		{"behind one that says nonsense", here, one(header("X-Forwarded-For", "unknown")), 401, codeLogin},
		{"who claims to be this machine", abroad, one(header("X-Forwarded-For", "127.0.0.1")), 401, codeLogin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := d.ask(tt.from, http.MethodGet, "/api/v1/status", tt.change...)
			wants(t, resp, tt.status, tt.code)
			if asks := resp.Header.Get("WWW-Authenticate") != ""; asks != (tt.status == 401) {
				t.Errorf("asks for a login: %v", asks)
			}
		})
	}
}

func one(change func(r *http.Request)) []func(r *http.Request) {
	return []func(r *http.Request){change}
}

func TestWithoutUsersALoginIsOfNoUse(t *testing.T) {
	d := newDesk(t, access.Config{})
	wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status"), 403, codeForbidden)
	wants(t, d.ask(here, http.MethodGet, "/api/v1/status"), 200, "")
}

func TestTheGateOfPlayersAndPushers(t *testing.T) {
	d := newDesk(t, opened(), who("li"), who("recorder", access.RightPush))
	pass := func(from string, a access.Action, change ...func(r *http.Request)) (string, bool, int) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/whip/room-7", http.NoBody)
		r.RemoteAddr, r.Host = from, "node.school:8080"
		for _, c := range change {
			c(r)
		}
		w := httptest.NewRecorder()
		user, ok := d.Pass(w, r, "room-7", a)
		return user, ok, w.Code
	}
	tests := []struct {
		name, from string
		action     access.Action
		change     []func(r *http.Request)
		user       string
		status     int // 0: it passes
	}{
		{"a pusher who logged in", abroad, access.Push, one(withToken(d.token("recorder"))), "recorder", 0},
		{"a viewer who pushes", abroad, access.Push, one(withToken(d.token("li"))), "li", 403},
		{"a guest who watches", pupil, access.Watch, nil, "", 0},
		{"a guest who pushes", pupil, access.Push, nil, "", 401},
		{"a WebSocket of our own page", pupil, access.Watch, []func(*http.Request){
			header("Upgrade", "websocket"), header("Origin", "http://node.school:8080"),
		}, "", 0},
		{"a WebSocket of a program", pupil, access.Watch, one(header("Upgrade", "websocket")), "", 0},
		{"a WebSocket of another site's page", pupil, access.Watch, []func(*http.Request){
			header("Upgrade", "websocket"), header("Origin", "http://evil.example"),
		}, "", 403},
		{"a WebSocket of a page without an origin", pupil, access.Watch, []func(*http.Request){
			header("Upgrade", "WebSocket"), header("Origin", "null"),
		}, "", 403},
		{"a WebSocket of another port here", pupil, access.Watch, []func(*http.Request){
			header("Upgrade", "websocket"), header("Origin", "http://node.school:9000"),
		}, "", 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			user, ok, status := pass(tt.from, tt.action, tt.change...)
			if ok != (tt.status == 0) || user != tt.user || !ok && status != tt.status {
				t.Errorf("user %q, passes %v, status %d; want %q, %d", user, ok, status, tt.user, tt.status)
			}
		})
	}
}

func TestGuestsDoNotSeeWhoWatches(t *testing.T) {
	d := newDesk(t, opened(), who("li"))
	guest := read[Status](t, d.ask(pupil, http.MethodGet, "/api/v1/status"))
	if p := guest.Players[0]; p.Remote != "" || p.User != "" || p.Feed != "room-101" || p.Frames != 9 {
		t.Errorf("a guest sees %+v", p)
	}
	user := read[Status](t, d.ask(pupil, http.MethodGet, "/api/v1/status", withToken(d.token("li"))))
	if p := user.Players[0]; p.Remote != "10.1.2.9" || p.User != "li" {
		t.Errorf("a user sees %+v", p)
	}
}

func TestASessionEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(d *desk, token string)
	}{
		{"after twelve hours", func(*desk, string) { time.Sleep(sessionLasts) }},
		{"by logout", func(d *desk, token string) {
			wants(d.t, d.ask(abroad, http.MethodPost, "/api/v1/logout", withToken(token)), 204, "")
		}},
		{"by a reload that takes the user out", func(d *desk, _ string) { d.reload(access.Config{}, who("wang")) }},
		{"by a reload with another password", func(d *desk, _ string) {
			li := who("li")
			li.Password = access.HashUser("li", "another").Password
			d.reload(access.Config{}, li)
			d.reload(access.Config{}, li) // and stays ended
		}},
		{"by the next login of the same browser", func(d *desk, token string) {
			wants(d.t, d.login(abroad, "li", secret, withToken(token)), 204, "")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, access.Config{}, who("li"))
				token := d.token("li")
				time.Sleep(sessionLasts - time.Second)
				if tt.name != "after twelve hours" {
					token = d.token("li")
				}
				wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", withToken(token)), 200, "")
				tt.end(d, token)
				wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", withToken(token)), 401, codeExpired)
			})
		})
	}
}

func TestASessionOutlivesAReloadThatLeavesItsUser(t *testing.T) {
	d := newDesk(t, access.Config{}, who("li"))
	token := d.token("li")
	d.reload(access.Config{}, who("wang"), who("li", access.RightAdmin))
	wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", withToken(token)), 200, "")
}
