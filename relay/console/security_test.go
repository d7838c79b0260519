package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/classrelay/classrelay/relay/access"
)

// hostile are names that want to be more than a name.
func hostile() []string {
	return []string{
		`<img src=x onerror=alert(1)>`, `"><script>alert(1)</script>`, `' onload='x`, "../../etc/passwd", "..%2f..%2fx",
		"a\nevent: status\ndata: {}\n\n", "a\r\nSet-Cookie: classrelay=x\r\n\r\n", "a\x00b", "\u202egnp.exe", "\u2066x\u2069",
		"a\u2028b", strings.Repeat("x", 4000), "a//b", "a/../b", "a//<img src=x onerror=alert(1)>", "//evil.example/..", "?layer=sub", "#top", "javascript:alert(1)", "\xff\xfe", "教室",
	}
}

// isRedirect is what net/http answers to a path that it has to put in order.
var isRedirect = regexp.MustCompile(`^<a href="/[^"<>]*">(Temporary|Permanent) Redirect</a>\.\n\n$`)

// looksActive tells whether a text could be taken for markup, or for two lines.
func looksActive(s string) bool { return strings.ContainsAny(s, "<>\r") || strings.Contains(s, "\n") }

func TestANameIsNeverMoreThanAName(t *testing.T) {
	d := newDesk(t, opened())
	for _, name := range hostile() {
		for _, under := range []string{"/watch/", "/talk/", "/api/v1/feeds/", "/api/v1/snapshot/", "/api/v1/keyframe/", "/"} {
			resp := d.ask(pupil, http.MethodGet, "/", func(r *http.Request) { r.URL = &url.URL{Path: under + name} })
			if resp.Status < 300 || resp.Status >= 500 {
				t.Errorf("%s%q answers %d", under, name, resp.Status)
			}
			if looksActive(resp.Body) && !isRedirect.MatchString(resp.Body) {
				t.Errorf("%s%q comes back in %q", under, name, resp.Body)
			}
			if to := resp.Header.Get("Location"); strings.HasPrefix(to, "//") || to != "" && to[0] != '/' {
				t.Errorf("%s%q leads to %s", under, name, to)
			}
			for key, values := range resp.Header {
				if slices.ContainsFunc(values, looksActive) {
					t.Errorf("%s%q comes back in %s: %q", under, name, key, values)
				}
			}
			if kind := resp.Header.Get("Content-Type"); resp.Status >= 400 && kind != "application/problem+json" {
				t.Errorf("%s%q is answered as %s", under, name, kind)
			}
		}
	}
}

// What is not there is not repeated, so that nobody is shown another's text under our name.
func TestWhatIsNotThereIsNotReflected(t *testing.T) {
	d := newDesk(t, opened())
	for _, path := range []string{"/call-0900-1234", "/api/v1/call-0900-1234", "/assets/call-0900-1234", "/api/v1/feeds/call-0900-1234"} {
		resp := d.ask(pupil, http.MethodGet, path)
		if resp.Status != 404 || strings.Contains(resp.Body, "0900") {
			t.Errorf("%s: %d %s", path, resp.Status, resp.Body)
		}
	}
}

// Names of other nodes' feeds pass the page by as JSON, and as one event each.
func TestNamesInEventsForgeNone(t *testing.T) {
	var out bytes.Buffer
	e := &stream{w: discard{&out}}
	for _, name := range hostile() {
		c := Change{Code: NameTaken, Feed: name, Link: name, Why: name}
		e.changes([]Line{c.line(time.Unix(1e9, 0))}, 1)
		st := &Status{Node: name, Feeds: []Feed{{ID: name, Path: []string{name}, Problem: &Trouble{name, Text{name, name}}}}}
		e.event("status", "", marshal(st))
	}
	var events []event
	got := make(chan event, 1000)
	scan(bytes.NewReader(e.buf.Bytes()), got)
	close(got)
	for e := range got {
		events = append(events, e)
		if e.name != "change" && e.name != "status" {
			t.Errorf("an event %q", e.name)
		}
		if !json.Valid([]byte(e.data)) || looksActive(e.data) {
			t.Errorf("%s", e.data)
		}
	}
	if want := 2 * len(hostile()); len(events) != want {
		t.Errorf("%d events of %d", len(events), want)
	}
}

// discard is a ResponseWriter that keeps what is written.
type discard struct{ *bytes.Buffer }

func (discard) Header() http.Header { return http.Header{} }

func (discard) WriteHeader(int) {}

// A line of the log is one line, and reads from left to right.
func TestNamesInLogLinesForgeNone(t *testing.T) {
	var out bytes.Buffer
	for _, encoder := range []zapcore.Encoder{
		zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
	} {
		d := newDesk(t, access.Config{}, who("li"))
		d.log = zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), zap.DebugLevel))
		for i, name := range hostile() {
			out.Reset()
			from := "192.0.2." + string(rune('0'+i%10)) + ":1" // each guesses a few times only
			d.login(from, name, "guess")
			d.ask(from, http.MethodGet, "/api/v1/feeds/x", func(r *http.Request) { r.URL = &url.URL{Path: "/api/v1/feeds/" + name} })
			line := strings.TrimSuffix(out.String(), "\n")
			if line == "" {
				t.Fatalf("a refused login of %q is not in the log", name)
			}
			for _, c := range line {
				if c != '\t' && !unicode.IsPrint(c) && c != unicode.ReplacementChar {
					t.Errorf("%q in the line of %q: %q", c, name, line)
				}
			}
		}
	}
}

func TestThePolicyNamesThisHostAndNothingElse(t *testing.T) {
	d := newDesk(t, opened())
	for host, want := range map[string]string{
		"node.school:8080":          "connect-src 'self' ws://node.school:8080;",
		"[fd00::1]:8080":            "connect-src 'self' ws://[fd00::1]:8080;",
		"10.1.0.1":                  "connect-src 'self' ws://10.1.0.1;",
		"x; script-src *":           "connect-src 'self';",
		"a,b":                       "connect-src 'self';",
		"evil.example 'unsafe-eval": "connect-src 'self';",
		"*":                         "connect-src 'self';",
	} {
		resp := d.ask(abroad, http.MethodGet, "/", func(r *http.Request) { r.Host = host })
		if got := resp.Header.Get("Content-Security-Policy"); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
			t.Errorf("%q: %s", host, got)
		}
	}
	secure := d.ask(abroad, http.MethodGet, "/", overTLS)
	if got := secure.Header.Get("Content-Security-Policy"); !strings.Contains(got, "'self' wss://node.school:8080;") {
		t.Error(got)
	}
	if got := secure.Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("%q shuts the panels' plain page", got) // docs/decisions/0011
	}
}

// A page of somebody else can have its own name pointed at this node.
func TestAnotherNameLetsNoGuestIn(t *testing.T) {
	d := newDesk(t, opened(), who("li"))
	for host, known := range map[string]bool{
		"node.school:8080": true, "NODE.school": true, "node.school.": true, "10.1.0.1:8080": true, "[fd00::1]:8080": true,
		"[fd00::1]": true, "localhost:8080": true, "yinshan": true, "yinshan.local:80": true, "node.lan": true, "": true,
		"evil.example": false, "evil.example:8080": false, "node.school.evil.example": false, "10.1.0.1.evil.example": false,
		"xnode.school": false, "local.evil.example:8080": false,
	} {
		named := func(r *http.Request) { r.Host = host }
		for _, from := range []string{here, pupil} {
			status, code := 200, ""
			if !known {
				status, code = 403, codeUnknownName
			}
			wants(t, d.ask(from, http.MethodGet, "/api/v1/status", named), status, code)
		}
		if s := read[Session](t, d.ask(pupil, http.MethodGet, "/api/v1/session", named)); s.Guest != known || s.May.Watch != known {
			t.Errorf("%q: %+v", host, s)
		}
		// Who has logged in under that name did so on our page.
		wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", named, withToken(d.token("li"))), 200, "")
		wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", named), 401, codeLogin)
		wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", named, overTLS, basic("li", secret)), 200, "")
	}
}

// Somebody who can put a cookie into a visitor's browser must not know his session.
func TestALoginTakesNoTokenThatItWasGiven(t *testing.T) {
	d := newDesk(t, access.Config{Basic: true}, who("li"))
	const planted = "0123456789abcdef0123456789abcdef"
	resp := d.login(abroad, "li", secret, withToken(planted))
	wants(t, resp, 204, "")
	if resp.Cookie.Value == planted {
		t.Error("the login took the planted token")
	}
	wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", withToken(planted)), 401, codeExpired)

	// Over https a cookie that a page in clear, or another port, has set counts for nothing.
	inClear := header("Cookie", cookieName+"="+d.token("li"))
	wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", overTLS, inClear), 401, codeLogin)
	wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", overTLS, withToken(d.token("li"))), 200, "")
}

func TestMethodsAreNotConfused(t *testing.T) {
	d := newDesk(t, opened(), who("li"))
	override := header("X-HTTP-Method-Override", "POST")
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/api/v1/logout", 405},
		{"GET", "/api/v1/login", 405},
		{"DELETE", "/api/v1/logout", 405},
		{"TRACE", "/api/v1/status", 405},
		{"PROPFIND", "/api/v1/feeds/room-101", 405},
		{"POST", "/api/v1/events", 405},
		{"CONNECT", "/api/v1/status", 405},
		{"get", "/api/v1/status", 405},
		{"TRACE", "/", 404},
		{"POST", "/", 404},
		{"PUT", "/watch/room-101", 404},
		{"DELETE", "/assets/index-abc12.js", 404},
		{"HEAD", "/api/v1/status", 200},
		{"HEAD", "/", 200},
	} {
		token := d.token("li")
		resp := d.ask(pupil, tt.method, tt.path, override, withToken(token))
		if resp.Status != tt.status {
			t.Errorf("%s %s answers %d, want %d", tt.method, tt.path, resp.Status, tt.status)
		}
		if strings.Contains(resp.Body, token) {
			t.Errorf("%s %s shows the token", tt.method, tt.path)
		}
		wants(t, d.ask(abroad, http.MethodGet, "/api/v1/status", withToken(token)), 200, "") // nobody was logged out
	}
}

// Answers about this moment, and about this visitor, are in no cache.
func TestWhatAnswersKeep(t *testing.T) {
	d := newDesk(t, opened(), who("li"))
	for _, r := range d.api() {
		if strings.Contains(r.path, "events") {
			continue
		}
		path := strings.NewReplacer("{feed...}", "room-101", "{class}", "maths").Replace(r.path)
		for _, from := range []string{pupil, abroad} {
			resp := d.ask(from, r.method, path, asJSON(`{}`))
			if got := resp.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s %s: %d may be kept: %q", r.method, path, resp.Status, got)
			}
		}
	}
	if got := d.login(abroad, "li", secret).Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a login may be kept: %q", got)
	}
}
