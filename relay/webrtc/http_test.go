package webrtc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/problem"
)

func TestRefusalsSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, method, path, typ, body string
		status                        int
		code, says                    string
	}{
		{"access is refused", "POST", "/whep/closed", sdpType, "", 403, "forbidden", "not for you"},
		{"pushing is refused", "POST", "/whip/closed", sdpType, "", 403, "forbidden", "not for you"},
		{"nobody knows the feed", "POST", "/whep/nowhere", sdpType, "OFFER", 404, "unknown-feed", "nowhere"},
		{"the name is none", "POST", "/whep/a%20b", sdpType, "OFFER", 404, "unknown-feed", "not a letter"},
		{"the name is empty", "POST", "/whip/", sdpType, "OFFER", 404, "unknown-feed", "empty"},
		{"the camera is away", "POST", "/whep/asleep", sdpType, "OFFER", 503, "offline", "nothing came"},
		{"the body is no offer", "POST", "/whep/room-1", sdpType, "hello", 400, "bad-offer", "bad offer"},
		{"the offer is empty", "POST", "/whep/room-1", sdpType, "", 400, "bad-offer", "bad offer"},
		{"the offer has no ICE", "POST", "/whep/room-1", sdpType, bareOffer, 400, "bad-offer", "bad offer"},
		{"the body is JSON", "POST", "/whep/room-1", "application/json", "OFFER", 415, "bad-offer", sdpType},
		{"the offer is too large", "POST", "/whep/room-1", sdpType, strings.Repeat("x", maxOffer+1), 413, "bad-offer", "64 kB"},
		{"a feed is not got", "GET", "/whep/room-1", "", "", 405, "method", "POST"},
		{"a session is not patched", "PATCH", "/whep-session/0123", "", "", 405, "method", "DELETE"},
		{"the session has ended", "DELETE", "/whip-session/0123", "", "", 404, "unknown-session", "ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			teach(t, Config{}, func(t *testing.T, s *school) {
				t.Helper()
				s.feed(room, h264)
				s.feed("asleep")
				p := s.page(t, pageIP, browser()...).receive()
				defer p.close()
				if c.body == "OFFER" {
					c.body = p.offer()
				}
				res := s.ask(t, c.method, c.path, c.typ, c.body)
				var got problem.Problem
				if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
					t.Fatal(err)
				}
				if res.Code != c.status || got.Status != c.status || got.Code != c.code ||
					got.Type != "/problems/"+c.code || !strings.Contains(got.Detail, c.says) {
					t.Errorf("%d %+v, want %d %s with %q", res.Code, got, c.status, c.code, c.says)
				}
				if typ := res.Header().Get("Content-Type"); typ != "application/problem+json" {
					t.Errorf("the body is %s", typ)
				}
				if c.status == 503 && res.Header().Get("Retry-After") == "" {
					t.Error("nothing says when to come again")
				}
				if n := len(s.server.Players()); n != 0 {
					t.Errorf("%d players are counted", n)
				}
			})
		})
	}
}

// bareOffer has what we read and not what pion asks for.
const bareOffer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n" +
	"a=mid:0\r\na=recvonly\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"

func TestOptionsSayWhatIsTaken(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		res := s.ask(t, http.MethodOptions, "/whep/room-1", "", "")
		if res.Code != http.StatusNoContent || res.Header().Get("Accept-Post") != sdpType {
			t.Errorf("%d %v", res.Code, res.Header())
		}
	})
}

func TestPageGetsWhatItCanDecode(t *testing.T) {
	modern := append(browser(), "video/H265")
	for _, c := range []struct {
		name             string
		main, sub, audio *media.Track
		browser          []string
		query            string
		status           int
		video, sound     string // the formats in the answer
		warning          string // how it begins
		codec            string // of the problem
	}{
		{"H.264 and Opus", h264, nil, opus, browser(), "", 201, "H264", "opus", "", ""},
		{"H.265 where the browser knows it", h265, nil, pcma, modern, "", 201, "H265", "PCMA", "", ""},
		{"AAC: without the sound", h264, nil, aac, browser(), "", 201, "H264", "", "no-sound; ", ""},
		{"H.265 with a sub stream in H.264", h265, h264, pcma, browser(), "", 201, "H264", "PCMA", "sub-stream; H265; ", ""},
		{"H.265 with a sub stream in H.265", h265, h265, pcma, browser(), "", 406, "", "", "", "H265"},
		{"H.265 alone", h265, nil, pcma, browser(), "", 406, "", "", "", "H265"},
		{"the main stream in H.265 and no other", h265, h264, nil, browser(), "?layer=main", 406, "", "", "", "H265"},
		{"the sub stream is asked for", h265, h264, nil, browser(), "?layer=sub", 201, "H264", "", "", ""},
		{"sound alone", nil, nil, opus, browser(), "", 201, "", "opus", "", ""},
		{"AAC alone", nil, nil, aac, browser(), "", 406, "", "", "", "MPEG4-GENERIC"},
		{"a browser without H.264", h264, nil, opus, []string{"video/VP8", "audio/opus"}, "", 406, "", "", "", "H264"},
	} {
		t.Run(c.name, func(t *testing.T) {
			teach(t, Config{}, func(t *testing.T, s *school) {
				t.Helper()
				s.feed(room, c.main, c.sub, c.audio)
				p := s.page(t, pageIP, c.browser...).receive()
				defer p.close()
				res := s.ask(t, http.MethodPost, "/whep/room-1"+c.query, sdpType, p.offer())
				text := res.Body.String()
				if res.Code != c.status {
					t.Fatalf("%d %s", res.Code, text)
				}
				if !strings.HasPrefix(res.Header().Get("X-Classrelay-Warning"), c.warning) {
					t.Errorf("warning %q", res.Header().Get("X-Classrelay-Warning"))
				}
				if c.status != http.StatusCreated {
					var got problem.Problem
					if err := json.Unmarshal([]byte(text), &got); err != nil || got.Codec != c.codec || got.Code != "codec" {
						t.Errorf("%v in %s", err, text)
					}
					return
				}
				o, err := readOffer(text)
				if err != nil {
					t.Fatal(err)
				}
				if v, a := names(o.video), names(o.audio); v != strings.ToUpper(c.video) || a != strings.ToUpper(c.sound) {
					t.Errorf("the answer has %q and %q, want %q and %q\n%s", v, a, c.video, c.sound, text)
				}
			})
		})
	}
}

// names lists formats of media that are not refused.
func names(list []codec) string {
	out := make([]string, 0, len(list))
	for _, c := range list {
		out = append(out, c.name)
	}
	return strings.Join(out, " ")
}

func TestSubStreamThatComesAMomentLaterIsWaitedFor(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		f := s.feed(room, h265)
		s.wants = func(l media.Layer) {
			if l == media.LayerSub {
				time.AfterFunc(time.Second, func() {
					f.SetTrack(media.LayerSub, h264)
					(&camera{t: t, feed: f, layer: media.LayerSub}).film(1)
				})
			}
		}
		p := s.page(t, pageIP, browser()...).receive()
		defer p.close()
		if res := p.post("/whep/room-1"); res.Code != http.StatusCreated {
			t.Errorf("%d %s", res.Code, res.Body)
		}
		time.Sleep(time.Second) // the camera's last frame
	})
}

func TestAPageBehindAWebServerOfTheNodeGoesByItsOwnAddress(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		s.feed(room, h264)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/whep/room-1", strings.NewReader(crlf(chromium)))
		r.RemoteAddr = "127.0.0.1:40000"
		r.Header.Set("Content-Type", sdpType)
		r.Header.Set("X-Forwarded-For", pageIP)
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, r)
		if list := s.server.Players(); len(list) != 1 || list[0].Remote.String() != pageIP {
			t.Errorf("%d %s: players: %+v", w.Code, w.Body, list)
		}
	})
}
