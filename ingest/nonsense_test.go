package ingest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// scripted is a camera that answers every method with a given text, and notes what
// it was told.
type scripted struct {
	lan     *lan
	answers map[string]string // by method; "": no answer. CSeq is added

	mu   sync.Mutex
	told strings.Builder
	wg   sync.WaitGroup
	stop func()
}

func (s *scripted) start(t *testing.T) {
	t.Helper()
	s.lan = &lan{}
	l, err := s.lan.listen("", "")
	if err != nil {
		t.Fatal(err)
	}
	s.stop = func() { _ = l.Close(); s.wg.Wait() }
	s.wg.Go(func() { // until the listener is closed
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() { s.serve(c) }) // until the other side hangs up
		}
	})
}

func (s *scripted) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		method, cseq := "", ""
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			s.mu.Lock()
			s.told.WriteString(line)
			s.mu.Unlock()
			line = strings.TrimSpace(line)
			if line == "" {
				break
			}
			if method == "" {
				method, _, _ = strings.Cut(line, " ")
			}
			if v, ok := strings.CutPrefix(line, "CSeq: "); ok {
				cseq = v
			}
		}
		answer, known := s.answers[method]
		switch {
		case !known:
			answer = "RTSP/1.0 200 OK\r\n\r\n"
		case answer == "":
			continue
		}
		first, rest, _ := strings.Cut(answer, "\r\n")
		if _, err := fmt.Fprintf(c, "%s\r\nCSeq: %s\r\n%s", first, cseq, rest); err != nil {
			return
		}
	}
}

func (s *scripted) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.told.String()
}

func withSDP(body string) string {
	return fmt.Sprintf("RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func TestCamerasThatSpeakNonsense(t *testing.T) {
	const describe = "DESCRIBE"
	for _, ca := range []struct {
		name    string
		answers map[string]string
		want    error
		says    string
	}{
		{
			"no answer to OPTIONS",
			map[string]string{"OPTIONS": ""},
			ErrUnreachable, "does not answer within 5s",
		},
		{
			"a web server",
			map[string]string{"OPTIONS": "HTTP/1.1 400 Bad Request\r\n\r\n"},
			ErrUnreachable, "does not answer within 5s",
		},
		{
			"a description that is a web page",
			map[string]string{describe: "RTSP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"},
			ErrNonsense, "Content-Type",
		},
		{
			"a description of noise",
			map[string]string{describe: withSDP("\x00\x01\x02garbage\nmore")},
			ErrNonsense, "SDP",
		},
		{
			"no description at all",
			map[string]string{describe: "RTSP/1.0 200 OK\r\n\r\n"},
			ErrNonsense, "Content-Type",
		},
		{
			"nothing that we can carry",
			map[string]string{describe: withSDP(sdpHead + "m=video 0 RTP/AVP 26\r\na=control:1\r\n")},
			ErrNoTrack, "track 1 (video M-JPEG): unknown codec",
		},
		{
			"a codec without a name here",
			map[string]string{describe: withSDP(sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 SVQ3/90000\r\na=control:1\r\n")},
			ErrNoTrack, `track 1 (video "SVQ3"): unknown codec`,
		},
		{
			"a control attribute that makes no URL",
			map[string]string{describe: withSDP(sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:%zz\r\n")},
			ErrNonsense, "control attribute",
		},
		{
			"SETUP without a transport",
			map[string]string{describe: withSDP(sdpHead + sdpH264)},
			ErrNonsense, "transport header",
		},
		{
			"SETUP that is refused",
			map[string]string{describe: withSDP(sdpHead + sdpH264), "SETUP": "RTSP/1.0 461 Unsupported Transport\r\n\r\n"},
			ErrNonsense, "461",
		},
		{
			"a broken track beside a good one, which is asked for",
			map[string]string{
				describe: withSDP(sdpHead + sdpH264 + "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/x\r\n"),
				"SETUP":  "RTSP/1.0 453 Not Enough Bandwidth\r\n\r\n",
			},
			ErrNonsense, "453",
		},
		{
			"an error of its own",
			map[string]string{describe: "RTSP/1.0 551 Option s3cr3t not supported\r\n\r\n"},
			ErrNonsense, "551",
		},
		{
			"redirects without end",
			map[string]string{describe: "RTSP/1.0 302 Found\r\nLocation: rtsp://camera/stream\r\n\r\n"},
			ErrNonsense, "from one URL to the next",
		},
		{
			"a login method that nobody knows",
			map[string]string{describe: "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"x\"\r\n\r\n"},
			ErrPassword, "no login method",
		},
	} {
		t.Run(ca.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cam := &scripted{answers: ca.answers}
				cam.start(t)
				defer cam.stop()
				err := runFor(pullFrom(t, &camera{lan: cam.lan}, newRecorder(t), func(c *PullConfig) {
					c.URL = "rtsp://admin:s3cr3t@camera/stream"
				}), time.Minute)
				checkError(t, err, ca.want, ca.says)
			})
		})
	}
}

func TestAPasswordNeverLeavesInClearUnasked(t *testing.T) {
	const basic = `Basic realm="cam"`
	const digest = `Digest realm="cam", nonce="abc"`
	token := base64.StdEncoding.EncodeToString([]byte("admin:s3cr3t"))
	for _, ca := range []struct {
		name       string
		challenges []string
		allow      bool
		want       error
		says       string
		sends      string // what the camera must have been told
	}{
		{"Basic only", []string{basic}, false, ErrBasicOnly, "set basic_auth", ""},
		{"basic in small letters", []string{`basic realm="cam"`}, false, ErrBasicOnly, "set basic_auth", ""},
		{"Basic and Digest", []string{basic, digest}, false, ErrPassword, "check user name", "Authorization: Digest"},
		{"both in one line", []string{basic + ", " + digest}, false, ErrBasicOnly, "set basic_auth", ""},
		{"Basic, allowed", []string{basic}, true, ErrPassword, "check user name", "Authorization: Basic " + token},
		{
			"the strongest first",
			[]string{digest + `, algorithm="MD5"`, digest + `, algorithm="SHA-256"`, basic},
			true, ErrPassword, "check user name", `algorithm="SHA-256"`,
		},
	} {
		t.Run(ca.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const each = "\r\nWWW-Authenticate: "
				refuse := "RTSP/1.0 401 Unauthorized" + each + strings.Join(ca.challenges, each) + "\r\n\r\n"
				cam := &scripted{answers: map[string]string{"DESCRIBE": refuse}}
				cam.start(t)
				defer cam.stop()
				err := runFor(pullFrom(t, &camera{lan: cam.lan}, newRecorder(t), func(c *PullConfig) {
					c.URL = "rtsp://admin:s3cr3t@camera/stream"
					c.AllowBasic = ca.allow
				}), time.Minute)
				checkError(t, err, ca.want, ca.says)
				told := cam.heard()
				if strings.Contains(told, "s3cr3t") || !ca.allow && strings.Contains(told, token) {
					t.Fatalf("the camera was told the password:\n%s", told)
				}
				if !strings.Contains(told, ca.sends) {
					t.Fatalf("the camera was not told %q:\n%s", ca.sends, told)
				}
			})
		})
	}
}

func TestBadURLs(t *testing.T) {
	for _, url := range []string{
		"", "camera", "http://admin:s3cr3t@camera/", "rtsp://", "rtsp://admin:s3cr3t#1@camera/stream",
		"rtsp://admin:s3cr3t/1@camera/stream", "rtsp://admin:s3cr3t@camera:notaport/stream",
	} {
		_, err := NewPull(PullConfig{Feed: "room-101", URL: url}, discard{}, nil)
		checkError(t, err, ErrURL, "")
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := PullConfig{Feed: "a", URL: "rtsp://camera/1"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*PullConfig){
		"feed":              func(c *PullConfig) { c.Feed = "" },
		"layer audio":       func(c *PullConfig) { c.Layer = 2 },
		"transport9":        func(c *PullConfig) { c.Transport = 9 },
		"timeouts":          func(c *PullConfig) { c.DialTimeout = -1 },
		"patience":          func(c *PullConfig) { c.Patience.Silence = -1 },
		"max packet size 9": func(c *PullConfig) { c.Output.MaxPacketSize = 9 },
	} {
		bad := good
		change(&bad)
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	var tr Transport
	for _, s := range []string{"auto", "udp", "tcp"} {
		if err := tr.UnmarshalText([]byte(s)); err != nil || tr.String() != s {
			t.Errorf("%s: %v, %v", s, tr, err)
		}
	}
	if tr.UnmarshalText([]byte("sctp")) == nil {
		t.Error("sctp was taken")
	}
}

// FuzzChallenge: whatever a camera asks for, the password does not leave in clear.
func FuzzChallenge(f *testing.F) {
	f.Add(`Basic realm="cam"`, `Digest realm="cam", nonce="abc"`)
	f.Add(` Basic realm="cam"`, `Digest realm="cam", nonce="abc", algorithm="SHA-256"`)
	f.Add(`Digest Basic realm=""`, "digest")
	token := base64.StdEncoding.EncodeToString([]byte("admin:s3cr3t"))
	f.Fuzz(func(t *testing.T, a, b string) {
		res := &base.Response{
			StatusCode: base.StatusUnauthorized,
			Header:     base.Header{"WWW-Authenticate": base.HeaderValue{a, b}},
		}
		(&answers{}).look(res)
		s := &auth.Sender{WWWAuth: res.Header["WWW-Authenticate"], User: "admin", Pass: "s3cr3t"}
		if s.Initialize() != nil {
			return
		}
		req := &base.Request{Method: base.Describe, URL: &base.URL{Scheme: "rtsp", Host: "camera", Path: "/stream"}}
		s.AddAuthorization(req)
		if v := strings.Join(req.Header["Authorization"], ""); strings.Contains(v, token) || strings.Contains(v, "s3cr3t") {
			t.Fatalf("%q and %q got %q", a, b, v)
		}
	})
}
