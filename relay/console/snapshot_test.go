package console

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icholy/digest"

	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

// photo begins and ends as a JPEG does.
var photo = []byte("\xff\xd8\xff\xe0 a classroom \xff\xd9")

// still is a camera that gives pictures.
type still struct {
	*httptest.Server
	asked atomic.Int64
	sent  sync.Map // Authorization values
}

// newStill makes one that answers with serve; serve may be nil.
func newStill(t *testing.T, serve func(w http.ResponseWriter, r *http.Request)) *still {
	t.Helper()
	c := &still{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.asked.Add(1)
		c.sent.Store(r.Header.Get("Authorization"), true)
		if serve != nil {
			serve(w, r)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(photo)
	}))
	t.Cleanup(c.Close)
	return c
}

// at is the camera's URL with a login.
func (c *still) at(login string) string {
	return strings.Replace(c.URL, "http://", "http://"+login, 1) + "/shot.jpg"
}

func (d *desk) camera(url string, basic bool) {
	d.node.mu.Lock()
	defer d.node.mu.Unlock()
	d.node.camera, d.node.basic = url, basic
}

const snapshotPath = "/api/v1/snapshot/room-101"

func TestACamerasPictureIsPassedOn(t *testing.T) {
	d := newDesk(t, opened())
	c := newStill(t, nil)
	d.camera(c.at(""), false)
	resp := d.ask(pupil, http.MethodGet, snapshotPath)
	if resp.Status != 200 || resp.Body != string(photo) || resp.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%d %v %q", resp.Status, resp.Header, resp.Body)
	}
	wants(t, d.ask(abroad, http.MethodGet, snapshotPath), 403, codeForbidden)
	wants(t, d.ask(pupil, http.MethodGet, "/api/v1/snapshot/room-102"), 404, codeNoSnapshot)
	d.camera("", false)
	wants(t, d.ask(pupil, http.MethodGet, snapshotPath), 404, codeNoSnapshot)
}

// challenge answers those without a login that is right.
func challenge(asks string, good func(r *http.Request) bool) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if !good(r) {
			w.Header().Set("WWW-Authenticate", asks)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(photo)
	}
}

func TestTheCameraGetsItsLogin(t *testing.T) {
	digestOf := func(password string) func(r *http.Request) bool {
		return func(r *http.Request) bool {
			got, err := digest.ParseCredentials(r.Header.Get("Authorization"))
			if err != nil {
				return false
			}
			want, err := digest.Digest(&digest.Challenge{Realm: "cam", Nonce: "n1", QOP: []string{"auth"}, Algorithm: "MD5"},
				digest.Options{Method: "GET", URI: "/shot.jpg", Username: "li", Password: password, Cnonce: got.Cnonce, Count: got.Nc})
			return err == nil && got.Response == want.Response
		}
	}
	basicOf := func(r *http.Request) bool { _, p, _ := r.BasicAuth(); return p == "s/3" }
	const asksDigest = `Digest realm="cam", nonce="n1", qop="auth", algorithm=MD5`
	tests := []struct {
		name, login, asks string
		good              func(r *http.Request) bool
		basic, ok         bool
	}{
		{"by Digest", "li:s%2F3@", asksDigest, digestOf("s/3"), false, true},
		{"a wrong password", "li:guess@", asksDigest, digestOf("s/3"), false, false},
		{"no login at all", "", asksDigest, digestOf("s/3"), false, false},
		{"Basic, where it is allowed", "li:s%2F3@", `Basic realm="cam"`, basicOf, true, true},
		{"Basic, where it is not", "li:s%2F3@", `Basic realm="cam"`, basicOf, false, false},
		{"a login nobody knows", "li:s%2F3@", `Negotiate`, basicOf, false, false},
		{"an algorithm nobody knows", "li:s%2F3@", `Digest realm="cam", nonce="n1", algorithm=CRC32`, basicOf, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, opened())
			c := newStill(t, challenge(tt.asks, tt.good))
			d.camera(c.at(tt.login), tt.basic)
			resp := d.ask(pupil, http.MethodGet, snapshotPath)
			if tt.ok != (resp.Status == 200) {
				t.Errorf("%d %s", resp.Status, resp.Body)
			}
			if !tt.ok {
				wants(t, resp, 502, codeSnapshotLogin)
			}
			if strings.Contains(resp.Body, "s/3") || strings.Contains(resp.Body, "s%2F3") {
				t.Errorf("the password is shown: %s", resp.Body)
			}
			c.sent.Range(func(k, _ any) bool {
				if strings.HasPrefix(k.(string), "Basic") && !tt.basic {
					t.Error("the password was sent in clear")
				}
				return true
			})
		})
	}
}

func TestWhatIsNoPictureIsNotPassedOn(t *testing.T) {
	send := func(status int, kind string, body []byte) func(w http.ResponseWriter, r *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	other := newStill(t, nil)
	tests := []struct {
		name, detail string
		serve        func(w http.ResponseWriter, r *http.Request)
	}{
		{"a page", "not image/jpeg", send(200, "text/html", []byte("<script>"))},
		{"a page that says it is a picture", "no JPEG", send(200, "image/jpeg", []byte("<script>alert(1)</script>"))},
		{"nothing", "no JPEG", send(200, "image/jpeg", nil)},
		{"an SVG", "not image/jpeg", send(200, "image/svg+xml", photo)},
		{"an error", "answers 500", send(500, "image/jpeg", photo)},
		{"three megabytes", "more than", send(200, "image/jpeg", append(bytes.Clone(photo), make([]byte, 3<<20)...))},
		{"a way to somewhere else", "answers 302", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.at(""), http.StatusFound)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, opened())
			d.camera(newStill(t, tt.serve).at(""), false)
			resp := d.ask(pupil, http.MethodGet, snapshotPath)
			wants(t, resp, 502, codeSnapshotWrong)
			if !strings.Contains(resp.Body, tt.detail) || strings.Contains(resp.Body, "script") {
				t.Errorf("%s", resp.Body)
			}
		})
	}
	if n := other.asked.Load(); n != 0 {
		t.Errorf("the other place was asked %d times", n)
	}
}

// Twenty open pages ask each second; the camera is asked once.
func TestACameraIsAskedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testnet.New(1)
		defer network.Close()
		listener, err := network.Host("10.1.2.3").Listen("tcp", ":80")
		if err != nil {
			t.Fatal(err)
		}
		var asked atomic.Int64
		camera := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(300 * time.Millisecond)
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = fmt.Fprintf(w, "%s%d", photo, asked.Add(1))
		})}
		go func() { _ = camera.Serve(listener) }() // ends by Close below
		d := newDesk(t, access.Config{})
		d.pictures = newPictures(network.Host("10.1.0.1").DialContext, d.node)
		d.camera("http://10.1.2.3/shot.jpg", false)
		for second := range 3 {
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					resp := d.ask(here, http.MethodGet, snapshotPath)
					if want := fmt.Sprintf("%s%d", photo, second+1); resp.Status != 200 || resp.Body != want {
						t.Errorf("%d %q, want %q", resp.Status, resp.Body, want)
					}
				})
			}
			wg.Wait()
			if n := asked.Load(); n != int64(second+1) {
				t.Errorf("the camera was asked %d times in %d rounds", n, second+1)
			}
			time.Sleep(pictureFresh)
		}
		d.pictures.client.CloseIdleConnections()
		_ = camera.Close()
	})
}

func TestACameraThatDoesNotAnswerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testnet.New(1)
		defer network.Close()
		if _, err := network.Host("10.1.2.3").Listen("tcp", ":80"); err != nil { // and accepts nothing
			t.Fatal(err)
		}
		d := newDesk(t, access.Config{})
		d.pictures = newPictures(network.Host("10.1.0.1").DialContext, d.node)
		d.camera("http://li:s3@10.1.2.3/shot.jpg", false)
		began := time.Now()
		resp := d.ask(here, http.MethodGet, snapshotPath)
		wants(t, resp, 502, codeSnapshotSilent)
		if d := time.Since(began); d > pictureWithin {
			t.Errorf("it took %v", d)
		}
		if strings.Contains(resp.Body, "s3") {
			t.Errorf("%s", resp.Body)
		}
	})
}

func TestAnErrorOfTheClientHoldsNoURL(t *testing.T) {
	err := cause(&url.Error{Op: "Get", URL: "http://li:s3@h/", Err: http.ErrHandlerTimeout})
	if strings.Contains(err.Error(), "s3") {
		t.Error(err)
	}
}

func TestAKeyFrameIsGivenWhereThereIsOne(t *testing.T) {
	const path, mime = "/api/v1/keyframe/room-101", `video/mp4; codecs="avc1.64001f"`
	d := newDesk(t, opened())
	wants(t, d.ask(pupil, http.MethodGet, path), 404, codeNoKeyFrame)
	d.cfg.KeyFrame = func(feed media.FeedID) (string, []byte, error) {
		if feed != "room-101" {
			return "", nil, errors.New("nobody watches it now")
		}
		return mime, []byte("ftyp"), nil
	}
	resp := d.ask(pupil, http.MethodGet, path)
	if resp.Status != 200 || resp.Body != "ftyp" || resp.Header.Get("Content-Type") != mime {
		t.Errorf("%d %v", resp.Status, resp.Header)
	}
	wants(t, d.ask(pupil, http.MethodGet, "/api/v1/keyframe/room-102"), 404, codeNoKeyFrame)
	wants(t, d.ask(abroad, http.MethodGet, path), 403, codeForbidden)
}
