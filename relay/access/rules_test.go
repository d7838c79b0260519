package access

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

const (
	feedURL = "rtsp://branch:8554/room-101"
	secret  = "s3cret: with a colon"
)

// quick is HashUser at the lowest cost, for tests.
func quick(name, password string, may ...Right) User {
	a1 := name + ":" + Realm + ":" + password
	h := argonHash{memory: 8, time: 1, threads: 1, salt: []byte("0123456789abcdef")}
	h.tag = h.compute(password, tagLen)
	return User{
		Name: name, Password: h.String(), May: may,
		Digest: Digest{MD5: hexMD5(a1), SHA256: hexSHA256(a1)},
	}
}

func mustNew(t *testing.T, cfg Config, users ...User) *Rules {
	t.Helper()
	r, err := New(cfg, users)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func from(addr string) Request {
	return Request{Remote: netip.MustParseAddr(addr), Feed: "room-101", Method: "DESCRIBE", URL: feedURL, Nonce: "n1"}
}

func (q Request) to(a Action) Request {
	q.Action = a
	return q
}

// digest logs in as a client of the RTSP library does.
func (q Request) digest(t *testing.T, challenge []string, name, password string) Request {
	t.Helper()
	u, err := base.ParseURL(q.URL)
	if err != nil {
		t.Fatal(err)
	}
	req := &base.Request{Method: base.Method(q.Method), URL: u}
	s := &auth.Sender{WWWAuth: challenge, User: name, Pass: password}
	if err := s.Initialize(); err != nil {
		t.Fatal(err)
	}
	s.AddAuthorization(req)
	q.Authorization = req.Header["Authorization"]
	return q
}

func (q Request) basic(name, password string) Request {
	q.Authorization = []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))}
	return q
}

func TestWhoNeedsNoLogin(t *testing.T) {
	open := Config{
		Watch: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fe80::/10")},
		Push:  []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24")},
	}
	tests := []struct {
		name string
		cfg  Config
		q    Request
		want bool
	}{
		{"this machine watches", Config{}, from("127.0.0.1"), true},
		{"this machine pushes", Config{}, from("::1").to(Push), true},
		{"this machine, through an IPv6 socket", Config{}, from("::ffff:127.0.0.1"), true},
		{"another machine watches", Config{}, from("10.1.2.3"), false},
		{"a named network watches", open, from("10.1.9.9"), true},
		{"a named network, through an IPv6 socket", open, from("::ffff:10.1.9.9"), true},
		{"a link-local address with its zone", open, from("fe80::1%eth0"), true},
		{"a network that may watch pushes", open, from("10.1.9.9").to(Push), false},
		{"a network that may push pushes", open, from("10.1.2.9").to(Push), true},
		{"another network watches", open, from("10.2.0.1"), false},
		{"an address that is none", open, Request{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := mustNew(t, tt.cfg).Check(tt.q)
			if v.Allowed != tt.want {
				t.Errorf("verdict %+v, want allowed %v", v, tt.want)
			}
			if !v.Allowed && (v.Ask || v.Reason == "") {
				t.Errorf("verdict %+v: without users a login is asked for, or no reason is given", v)
			}
		})
	}
}

func TestDigestLogin(t *testing.T) {
	r := mustNew(t, Config{}, quick("li", secret), quick("cam", secret, RightPush), quick("boss", secret, RightAdmin))
	both := r.Challenge("n1", false)
	if len(both) != 2 || !strings.Contains(both[0], "SHA-256") || !strings.Contains(both[1], "MD5") {
		t.Fatalf("challenge %q, want SHA-256 and then MD5", both)
	}
	tests := []struct {
		name, user, password string
		action               Action
		allowed, ask         bool
	}{
		{"a viewer watches", "li", secret, Watch, true, false},
		{"a viewer pushes", "li", secret, Push, false, false},
		{"a pusher pushes", "cam", secret, Push, true, false},
		{"a pusher watches", "cam", secret, Watch, false, false},
		{"an admin does both", "boss", secret, Push, true, false},
		{"a wrong password", "li", "wrong", Watch, false, true},
		{"an unknown user", "wang", secret, Watch, false, true},
	}
	for _, tt := range tests {
		for i, algorithm := range []string{"SHA-256", "MD5"} {
			t.Run(tt.name+" with "+algorithm, func(t *testing.T) {
				q := from("10.0.0.9").to(tt.action).digest(t, both[i:i+1], tt.user, tt.password)
				v := r.Check(q)
				if v.Allowed != tt.allowed || v.Ask != tt.ask {
					t.Errorf("verdict %+v, want allowed %v, ask %v", v, tt.allowed, tt.ask)
				}
				if v.Allowed && v.User != tt.user {
					t.Errorf("logged in as %q, want %q", v.User, tt.user)
				}
			})
		}
	}
}

func TestDigestIsBoundToItsRequest(t *testing.T) {
	r := mustNew(t, Config{}, quick("li", secret))
	right := from("10.0.0.9").digest(t, r.Challenge("n1", false), "li", secret)
	tests := []struct {
		name   string
		change func(q *Request)
		want   bool
	}{
		{"as it was signed", func(*Request) {}, true},
		{"a track of the stream that was signed", func(q *Request) { q.URL = feedURL + "/trackID=0" }, true},
		{"another feed", func(q *Request) { q.URL = "rtsp://branch:8554/room-102" }, false},
		{"a feed whose name begins alike", func(q *Request) { q.URL = feedURL + "9" }, false},
		{"another method", func(q *Request) { q.Method = "ANNOUNCE" }, false},
		{"another connection", func(q *Request) { q.Nonce = "n2" }, false},
		{"a connection that was never asked", func(q *Request) { q.Nonce = "" }, false},
		{"two logins in one request", func(q *Request) {
			q.Authorization = append(q.Authorization[:1:1], q.Authorization...)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := right
			tt.change(&q)
			if v := r.Check(q); v.Allowed != tt.want || v.Allowed == v.Ask {
				t.Errorf("verdict %+v, want allowed %v", v, tt.want)
			}
		})
	}
}

func TestBasicLogin(t *testing.T) {
	users := []User{quick("li", secret), {Name: "md5only", Digest: quick("md5only", secret).Digest}}
	off, on := mustNew(t, Config{}, users...), mustNew(t, Config{Basic: true}, users...)
	remote := from("10.0.0.9")
	if v := off.Check(remote.basic("li", secret)); v.Allowed || !strings.Contains(v.Reason, "access.basic") {
		t.Errorf("Basic is not switched on: %+v", v)
	}
	tls := remote.basic("li", secret)
	tls.TLS = true
	if v := off.Check(tls); !v.Allowed {
		t.Errorf("Basic over TLS: %+v", v)
	}
	for range 2 { // the second time without argon2id
		if v := on.Check(remote.basic("li", secret)); !v.Allowed || v.User != "li" {
			t.Errorf("Basic is switched on: %+v", v)
		}
	}
	for name, q := range map[string]Request{
		"a wrong password after a right one": remote.basic("li", "wrong"),
		"an unknown user":                    remote.basic("wang", secret),
		"a user without a password hash":     remote.basic("md5only", secret),
	} {
		if v := on.Check(q); v.Allowed || !v.Ask {
			t.Errorf("%s: %+v", name, v)
		}
	}
	for _, c := range [][]string{off.Challenge("n", true), on.Challenge("n", false)} {
		if got := c[len(c)-1]; got != `Basic realm="classrelay"` {
			t.Errorf("the last challenge is %q, want Basic", got)
		}
	}
	if c := off.Challenge("n", false); len(c) != 2 {
		t.Errorf("challenge %q offers Basic", c)
	}
}

func TestUnreadableLoginsAreAskedAgain(t *testing.T) {
	r := mustNew(t, Config{Basic: true}, quick("li", secret))
	for _, header := range []string{"", "Basic", "Basic !!", "Bearer x", "Digest", `Digest username="li"`, "digest \x00"} {
		q := from("10.0.0.9")
		q.Authorization = []string{header}
		if v := r.Check(q); v.Allowed || !v.Ask || v.Reason == "" {
			t.Errorf("%q: %+v", header, v)
		}
	}
	if v := r.Check(from("10.0.0.9")); v.Allowed || !v.Ask {
		t.Errorf("no login: %+v", v)
	}
}

func TestAGuesserWaitsAndOthersDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := mustNew(t, Config{}, quick("li", secret))
		challenge := r.Challenge("n1", false)
		for i := range freeFailures {
			guess := from("10.0.0.9").digest(t, challenge, "li", fmt.Sprint("guess", i))
			if v := r.Check(guess); !v.Ask {
				t.Fatalf("a guess in the first five is not answered: %+v", v)
			}
		}
		right := from("10.0.0.9").digest(t, challenge, "li", secret)
		if v := r.Check(right); v.Allowed || v.Ask || !strings.Contains(v.Reason, "waits 20s more") {
			t.Errorf("after five guesses: %+v", v)
		}
		other := from("10.0.0.8").digest(t, challenge, "li", secret)
		if v := r.Check(other); !v.Allowed {
			t.Errorf("another address: %+v", v)
		}
		time.Sleep(forgetAfter)
		if v := r.Check(right); !v.Allowed {
			t.Errorf("after the wait: %+v", v)
		}
	})
}

func TestAPlayerThatRepeatsItsLoginIsNoGuesser(t *testing.T) {
	r := mustNew(t, Config{Basic: true}, quick("li", secret))
	for _, q := range []Request{
		from("10.0.0.9").digest(t, r.Challenge("n1", false), "li", "wrong"),
		from("10.0.0.9").basic("li", "wrong"),
	} {
		for range 3 * freeFailures {
			if v := r.Check(q); v.Allowed || !v.Ask {
				t.Fatalf("a repeated login: %+v", v)
			}
		}
	}
	if v := r.Check(from("10.0.0.9").basic("li", secret)); !v.Allowed {
		t.Errorf("the right login after it: %+v", v)
	}
}

func TestAFloodOfLoginsIsRefusedNotQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := mustNew(t, Config{Basic: true}, quick("li", secret))
		for range cap(r.slots) {
			r.slots <- struct{}{} // as if that many were being computed
		}
		start := time.Now()
		v := r.Check(from("10.0.0.9").basic("li", secret))
		if v.Allowed || !strings.Contains(v.Reason, "too many logins") || time.Since(start) != slotWait {
			t.Errorf("after %s: %+v", time.Since(start), v)
		}
		<-r.slots
		if v := r.Check(from("10.0.0.9").basic("li", secret)); !v.Allowed {
			t.Errorf("with a place free: %+v", v)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	r := mustNew(t, Config{Basic: true}, quick("li", secret))
	var wg sync.WaitGroup
	for i := range 16 {
		// Each ends by itself; Wait below waits for all.
		wg.Go(func() {
			q := from("10.0.0.9").basic("li", secret)
			if i%2 == 0 {
				q = from("10.0.0.9").digest(t, r.Challenge("n1", false), "li", secret)
			}
			if v := r.Check(q); !v.Allowed {
				t.Errorf("login %d: %+v", i, v)
			}
		})
	}
	wg.Wait()
}

func TestNewRefusesBadUsers(t *testing.T) {
	good := quick("li", secret)
	with := func(change func(u *User)) User {
		u := good
		change(&u)
		return u
	}
	tests := []struct {
		name  string
		users []User
		want  string
	}{
		{"no name", []User{with(func(u *User) { u.Name = "" })}, "users[0]: name: it is empty"},
		{"a colon", []User{with(func(u *User) { u.Name = "a:b" })}, "cannot be sent"},
		{"no password", []User{{Name: "li"}}, "classrelay user hash --name li"},
		{"a password in clear", []User{with(func(u *User) { u.Password = "geheim" })}, "not an argon2id hash"},
		{"a short MD5", []User{with(func(u *User) { u.Digest.MD5 = "ab" })}, "digest.md5: it is not 32"},
		{
			"a SHA-256 that is not hexadecimal",
			[]User{with(func(u *User) { u.Digest.SHA256 = strings.Repeat("x", 64) })},
			"digest.sha256: it is not 64",
		},
		{"an unknown right", []User{with(func(u *User) { u.May = []Right{"fly"} })}, `unknown right "fly"`},
		{"the same name twice", []User{good, good}, "users[1]: user li is named twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Config{}, tt.users)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
}

func FuzzAuthorization(f *testing.F) {
	f.Add("Basic bGk6eA==")
	f.Add(`Digest username="li", realm="classrelay", nonce="n1", uri="rtsp://branch:8554/room-101", response="00"`)
	f.Add(`Digest username="li",realm="classrelay",nonce="n1",uri="/",response="00",algorithm=SHA-256,opaque=""`)
	r, err := New(Config{Basic: true}, []User{quick("li", secret)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r.waits = penalties{}
		q := from("10.0.0.9")
		q.Authorization = []string{header}
		if v := r.Check(q); v.Allowed {
			t.Errorf("%q logs in as %s", header, v.User)
		}
	})
}
