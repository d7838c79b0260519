package console

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/access"
)

func TestEveryScreenIsTheOnePage(t *testing.T) {
	d := newDesk(t, access.Config{})
	for _, path := range []string{"/", "/classes", "/login", "/watch/room-101", "/watch/yinshan/class-3", "/talk/teacher"} {
		resp := d.ask(abroad, http.MethodGet, path)
		wants(t, resp, 200, "")
		if !strings.Contains(resp.Body, "pages") || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
			resp.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %v %s", path, resp.Header, resp.Body)
		}
		again := d.ask(abroad, http.MethodGet, path, header("If-None-Match", resp.Header.Get("ETag")))
		if again.Status != http.StatusNotModified || again.Body != "" {
			t.Errorf("%s: the same page is sent again: %d", path, again.Status)
		}
	}
}

func TestFilesAreServedAndNothingElse(t *testing.T) {
	d := newDesk(t, access.Config{})
	tests := []struct {
		name, path string
		status     int
		code, keep string
	}{
		{"an asset is kept for ever", "/assets/index-abc12.js", 200, "", "public, max-age=31536000, immutable"},
		{"the icon is asked for again", "/favicon.svg", 200, "", "no-cache"},
		{"an asset that is none", "/assets/gone.js", 404, codeNotFound, "no-store"},
		{"the folder of assets", "/assets/", 404, codeNotFound, "no-store"},
		{"a hidden file", "/.gitkeep", 404, codeNotFound, "no-store"},
		{"a file that is none", "/wp-login.php", 404, codeNotFound, "no-store"},
		{"a path that is none", "/api/v2/status", 404, codeNotFound, "no-store"},
		{"a path that climbs, in percent code", "/assets/..%2f..%2fserver.go", 404, codeNotFound, "no-store"},
		{"a path that climbs with backslashes", `/assets/..\..\server.go`, 404, codeNotFound, "no-store"},
		{"a file that climbs", "/%2e%2e%2fserver.go", 404, codeNotFound, "no-store"},
		{"an absolute file", "/%2fetc%2fpasswd", 404, codeNotFound, "no-store"},
		{"a script in a feed's name", "/watch/%3Cscript%3Ealert(1)%3C%2Fscript%3E", 404, codeUnknownFeed, "no-store"},
		{"a feed that climbs", "/watch/a%2f..%2fb", 404, codeUnknownFeed, "no-store"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := d.ask(abroad, http.MethodGet, tt.path)
			wants(t, resp, tt.status, tt.code)
			if got := resp.Header.Get("Cache-Control"); got != tt.keep {
				t.Errorf("Cache-Control %q, want %q", got, tt.keep)
			}
		})
	}
	if kind := d.ask(abroad, http.MethodGet, "/assets/index-abc12.js").Header.Get("Content-Type"); !strings.Contains(kind, "javascript") {
		t.Errorf("a script is sent as %s", kind)
	}
}

func TestWithoutPagesTheServerSaysHowToBuildThem(t *testing.T) {
	d := newDesk(t, access.Config{})
	var err error
	if d.Server, err = New(Config{HTTP: ":1"}, d.node, d.rulesNow, NewJournal(), zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	resp := d.ask(abroad, http.MethodGet, "/")
	if resp.Status != 200 || !strings.Contains(resp.Body, "make web") || strings.Contains(resp.Body, "<script") {
		t.Errorf("%d %s", resp.Status, resp.Body)
	}
	wants(t, d.ask(abroad, http.MethodGet, "/assets/x.js"), 404, codeNotFound)
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	d := newDesk(t, opened())
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; " +
			"media-src 'self' blob:; connect-src 'self' ws://node.school:8080; frame-ancestors 'none'; base-uri 'none'; " +
			"form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
		"X-Frame-Options":              "DENY",
		"Cross-Origin-Resource-Policy": "same-origin",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
	}
	for _, path := range []string{"/", "/assets/index-abc12.js", "/api/v1/status", "/api/v1/session", "/nothing"} {
		resp := d.ask(pupil, http.MethodGet, path)
		for name, value := range want {
			if got := resp.Header.Get(name); got != value {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if p := resp.Header.Get("Permissions-Policy"); !strings.Contains(p, "camera=(self)") ||
			!strings.Contains(p, "microphone=(self)") {
			t.Errorf("%s: Permissions-Policy %q", path, p)
		}
		if strings.HasPrefix(path, "/api/") && resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %s", path, resp.Header.Get("Cache-Control"))
		}
		if resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other sites may read it", path)
		}
	}
}

// The page of another site can make a visitor's browser send requests with his cookie
// and from his address.
func TestOtherSitesCannotActInAVisitorsName(t *testing.T) {
	d := newDesk(t, opened(), who("li"))
	token := withToken(d.token("li"))
	tests := []struct {
		name, from string
		change     []func(r *http.Request)
		status     int
	}{
		{"our own page", pupil, []func(*http.Request){token, header("Origin", "http://node.school:8080")}, 204},
		{"our own page, as new browsers say", pupil, one(header("Sec-Fetch-Site", "same-origin")), 204},
		{"a program", pupil, one(token), 204},
		{"another site", pupil, []func(*http.Request){token, header("Origin", "https://evil.example")}, 403},
		{"another site, as new browsers say", here, one(header("Sec-Fetch-Site", "cross-site")), 403},
		{"another port here", pupil, one(header("Origin", "http://node.school:9999")), 403},
		{"a page in a sandbox", pupil, one(header("Origin", "null")), 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code := ""
			if tt.status == 403 {
				code = codeCrossOrigin
			}
			wants(t, d.ask(tt.from, http.MethodPost, "/api/v1/logout", tt.change...), tt.status, code)
		})
	}
	// The players' paths are behind the same guard.
	d.Mux().HandleFunc("DELETE /whep-session/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
	})
	wants(t, d.ask(pupil, http.MethodDelete, "/whep-session/1", header("Origin", "https://evil.example")), 403, codeCrossOrigin)
	wants(t, d.ask(pupil, http.MethodDelete, "/whep-session/1"), 200, "")
}

func TestAddressesTakeOneMethodEach(t *testing.T) {
	d := newDesk(t, opened())
	for path, allow := range map[string]string{
		"/api/v1/status": "GET, HEAD", "/api/v1/login": "POST", "/api/v1/feeds/a/b": "GET, HEAD",
	} {
		resp := d.ask(pupil, http.MethodPut, path)
		wants(t, resp, 405, codeMethod)
		if got := resp.Header.Get("Allow"); got != allow {
			t.Errorf("%s allows %q", path, got)
		}
	}
}

func FuzzFeedNames(f *testing.F) {
	f.Add("room-101")
	f.Add("../../etc/passwd")
	f.Add("a%00b")
	f.Add("<svg onload=alert(1)>")
	f.Add("a//b")
	f.Fuzz(func(t *testing.T, name string) {
		d := newDesk(t, opened())
		for _, under := range []string{"/api/v1/feeds/", "/api/v1/snapshot/", "/api/v1/keyframe/", "/watch/"} {
			resp := d.ask(pupil, http.MethodGet, "/", func(r *http.Request) { r.URL.Path = under + name })
			if strings.Contains(resp.Header.Get("Content-Type"), "html") && strings.Contains(resp.Body, "<svg") {
				t.Errorf("%q came back as HTML", name)
			}
			if resp.Status >= 500 {
				t.Errorf("status %d for %q", resp.Status, name)
			}
		}
	})
}
