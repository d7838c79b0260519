package console

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/zap"
	"golang.org/x/crypto/argon2"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/problem"
)

const secret = "s3cret: 密码"

// who makes a user at the lowest cost of argon2id, for tests.
func who(name string, may ...access.Right) access.User {
	salt := []byte("0123456789abcdef")
	tag := argon2.IDKey([]byte(secret), salt, 1, 8, 1, 32)
	enc := base64.RawStdEncoding
	return access.User{Name: name, May: may, Password: fmt.Sprintf("$argon2id$v=19$m=8,t=1,p=1$%s$%s",
		enc.EncodeToString(salt), enc.EncodeToString(tag))}
}

// school is a node as the server sees it.
type school struct {
	mu      sync.Mutex
	feeds   []Feed
	links   []Link
	players []Player
	camera  string // where room-101 gives its picture
	basic   bool
	turned  []string // what was asked of the class
}

func (n *school) Status(now time.Time) *Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	return &Status{
		Version: 1, Node: "yinshan", Software: "v0.3", Since: time.Unix(1e9, 0).UTC(), Now: now.UTC(),
		Feeds: append([]Feed{}, n.feeds...), Links: append([]Link{}, n.links...), Players: append([]Player{}, n.players...),
	}
}

func (n *school) Classes() []Class {
	return []Class{{
		ID: "maths", Feed: "class/maths", Main: "yinshan", Rooms: []Room{
			{Node: "banpo", Feed: "banpo/room", Shows: "yinshan/room", Online: true, MayMain: true, MayFloor: true},
			{Node: "yinshan", Feed: "yinshan/room"},
		},
	}}
}

func (n *school) Turn(class, main, floor string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if class != "maths" {
		return fmt.Errorf("there is no class %q", class)
	}
	n.turned = append(n.turned, main+" "+floor)
	return nil
}

func (n *school) Camera(feed media.FeedID) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if feed != "room-101" {
		return "", false
	}
	return n.camera, n.basic
}

// set changes the feed room-101.
func (n *school) set(change func(f *Feed)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(&n.feeds[0])
}

// lesson is a school in which everything is known.
func lesson() *school {
	since := time.Unix(1e9+60, 0).UTC()
	width, height := 1920, 1080
	return &school{
		feeds: []Feed{{
			ID: "room-101", Source: "camera 10.1.2.3", Path: []string{}, Online: true, Viewers: 2,
			LatencyMS: new(58.2), LatencyErrorMS: new(1.5),
			Layers: []Layer{{
				Name: "main", Codec: "H264", Width: &width, Height: &height, Rate: new(4e6), Interest: 2, Packets: 100,
				KeyFrameAgeMS: new(800.0),
			}},
		}, {ID: "yinshan/class-3", Source: "node hub", Path: []string{"hub"}, Online: true, Layers: []Layer{}}},
		links: []Link{{
			Peer: "hub", Remote: "10.77.0.1:4433", Up: true, Dialled: true, Since: &since, RTTMS: new(41.1), Loss: new(0.02),
			LatencyMS: &Latency{42, 71, 96}, Repaired: new(uint64(7)),
			Flows: []Flow{{Feed: "room-101", Layer: "main", Direction: "in", Active: true, Since: &since}},
		}, {Peer: "city", Remote: "city.example:4433", Dialled: true, Flows: []Flow{}, Facts: LinkFacts{Why: Text{"nothing answers", "没有应答"}}}},
		players: []Player{{
			Feed: "room-101", Kind: "rtsp", Remote: "10.1.2.9", User: "li", Since: &since, Layer: "main", Frames: 9,
		}},
	}
}

// desk is a server, and a way to ask it.
type desk struct {
	*Server
	t     *testing.T
	node  *school
	mu    sync.Mutex
	given *access.Rules
}

// itsName is the name under which the tests ask.
func itsName() []string { return []string{"node.school"} }

// opened lets the network of the pupils watch.
func opened() access.Config {
	return access.Config{Watch: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
}

func newDesk(t *testing.T, cfg access.Config, users ...access.User) *desk {
	t.Helper()
	d := &desk{t: t, node: lesson()}
	d.reload(cfg, users...)
	pages := fstest.MapFS{
		"index.html":            {Data: []byte("<!doctype html><title>pages</title>")},
		"favicon.svg":           {Data: []byte("<svg/>")},
		".gitkeep":              {},
		"assets/index-abc12.js": {Data: []byte("let page")},
	}
	var err error
	d.Server, err = New(Config{HTTP: ":8080", Pages: pages, Names: itsName}, d.node, d.rulesNow, NewJournal(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) rulesNow() *access.Rules {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.given
}

// reload gives the server other rules.
func (d *desk) reload(cfg access.Config, users ...access.User) {
	d.t.Helper()
	rules, err := access.New(cfg, users)
	if err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.given = rules
}

// The addresses that ask.
const (
	here   = "127.0.0.1:40000"
	pupil  = "10.1.2.9:40000" // of the network that opened names
	abroad = "192.0.2.7:40000"
)

// ask sends a request; each of change may change it.
func (d *desk) ask(from, method, path string, change ...func(r *http.Request)) *reply {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), method, path, http.NoBody)
	r.RemoteAddr, r.Host = from, "node.school:8080"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	cookies, _ := http.ParseSetCookie(w.Header().Get("Set-Cookie"))
	return &reply{Status: w.Code, Header: w.Header(), Body: w.Body.String(), Cookie: cookies}
}

// reply is an answer, read to its end.
type reply struct {
	Status int
	Header http.Header
	Body   string
	Cookie *http.Cookie // nil: none was set
}

func header(name, value string) func(r *http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func asJSON(body string) func(r *http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Body = io.NopCloser(strings.NewReader(body))
	}
}

// overTLS makes a request one that came by https.
func overTLS(r *http.Request) {
	tls := httptest.NewRequestWithContext(r.Context(), http.MethodGet, "https://node.school/", http.NoBody)
	r.TLS = tls.TLS
}

// login logs in and returns the answer.
func (d *desk) login(from, user, password string, change ...func(r *http.Request)) *reply {
	d.t.Helper()
	body, err := json.Marshal(credentials{user, password})
	if err != nil {
		d.t.Fatal(err)
	}
	change = append([]func(r *http.Request){asJSON(string(body)), overTLS}, change...)
	return d.ask(from, http.MethodPost, "/api/v1/login", change...)
}

// token logs in from abroad and returns the session's token.
func (d *desk) token(user string) string {
	d.t.Helper()
	resp := d.login(abroad, user, secret)
	if resp.Status != http.StatusNoContent || resp.Cookie == nil {
		d.t.Fatalf("login of %s: %d %s", user, resp.Status, resp.Body)
	}
	return resp.Cookie.Value
}

// withToken sends a session's cookie, under the name that it has on that way.
func withToken(token string) func(r *http.Request) {
	return func(r *http.Request) { r.Header.Add("Cookie", cookieNameFor(r)+"="+token) }
}

// wants checks a status and, of a problem, its code.
func wants(t *testing.T, resp *reply, status int, code string) {
	t.Helper()
	if resp.Status != status {
		t.Errorf("status %d, want %d: %s", resp.Status, status, resp.Body)
		return
	}
	if code == "" {
		return
	}
	var p problem.Problem
	if err := json.Unmarshal([]byte(resp.Body), &p); err != nil || p.Code != code || p.Status != status ||
		p.Type != "/problems/"+code || p.Title == "" {
		t.Errorf("problem %s, want %s (%v)", resp.Body, code, err)
	}
	if kind := resp.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("a problem is sent as %s", kind)
	}
}

func read[T any](t *testing.T, resp *reply) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(resp.Body), &v); err != nil {
		t.Fatalf("%v in %s", err, resp.Body)
	}
	return v
}
