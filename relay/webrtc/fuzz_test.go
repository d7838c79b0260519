package webrtc

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/testnet"
)

// chromium is an offer as Chromium 156 makes it, shortened to a few formats.
const chromium = `v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlZR
a=ice-options:trickle
a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:toffset
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=recvonly
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rtcp-fb:103 ccm fir
a=rtcp-fb:103 nack
a=rtcp-fb:103 nack pli
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:107 H264/90000
a=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
a=rtpmap:108 rtx/90000
a=fmtp:108 apt=107
m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlZR
a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08
a=setup:actpass
a=mid:1
a=recvonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
`

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// FuzzOffer reads whatever a page may send and looks for a format in it.
func FuzzOffer(f *testing.F) {
	f.Add(crlf(chromium))
	f.Add(bareOffer)
	f.Add("v=0\r\no=- 1 1 IN IP4 0\r\ns=-\r\nt=0 0\r\nm=audio 9 X 0 8 300 x\r\na=rtpmap:0\r\na=rtpmap:8 /\r\na=fmtp:8\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := readOffer(text)
		if err != nil {
			return
		}
		for _, c := range append(append([]codec{}, o.video...), o.audio...) {
			if c.name == "" || c.clock == 0 || c.payload > 127 {
				t.Fatalf("a format that is none: %+v", c)
			}
			if c.rtx != nil && c.rtx.name != "RTX" {
				t.Fatalf("retransmissions in %+v", c.rtx)
			}
		}
		match(encoding{name: "H264", clock: 90000}, o.video)
		chosen(o)
		_ = arrange(text, netip.MustParseAddr(nodeIP), netip.MustParseAddr(pageIP), nil)
	})
}

// FuzzPost sends whatever to both endpoints: there is an answer, and no panic.
func FuzzPost(f *testing.F) {
	f.Add(crlf(chromium), true)
	f.Add(crlf(chromium), false)
	f.Add(bareOffer, true)
	f.Add(strings.Replace(crlf(chromium), "a=group:BUNDLE 0 1\r\n", "", 1), true)
	f.Add(strings.ReplaceAll(crlf(chromium), "a=mid:1\r\n", "a=mid:0\r\n"), false)
	f.Fuzz(func(t *testing.T, text string, watch bool) {
		net := testnet.New(1)
		defer net.Close()
		host := net.Host(nodeIP)
		h := newHub()
		h.feed(room, h264, nil, opus)
		s, mux := opened(t, Config{
			Listen: nodeIP + ":8189", ListenPacket: host.ListenPacket, ListenTCP: host.Listen,
		}, h, zap.NewNop())
		path := "/whip/room-2"
		if watch {
			path = "/whep/room-1"
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(text))
		r.Header.Set("Content-Type", sdpType)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code != http.StatusCreated && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		s.stop(errShutdown)
		s.runs.Wait()
		s.sockets.close()
		if n := len(s.sessions); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

func TestAnOfferOfChromiumIsAnswered(t *testing.T) {
	teach(t, Config{}, func(t *testing.T, s *school) {
		t.Helper()
		s.feed(room, h264, nil, pcma)
		res := s.ask(t, http.MethodPost, "/whep/room-1", sdpType, crlf(chromium))
		text := res.Body.String()
		if res.Code != http.StatusCreated {
			t.Fatalf("%d %s", res.Code, text)
		}
		for _, line := range []string{
			"a=ice-lite", "m=video 9 UDP/TLS/RTP/SAVPF 103 104", "m=audio 9 UDP/TLS/RTP/SAVPF 8", "a=sendonly",
			"a=extmap:5 " + playoutDelayURI, "a=rtcp-fb:103 nack pli", "a=rtcp-fb:103 ccm fir", "a=fmtp:104 apt=103",
			"a=candidate:1 1 udp 2130706431 10.0.0.1 8189 typ host", "a=end-of-candidates",
		} {
			if !strings.Contains(text, line+"\r\n") {
				t.Errorf("the answer lacks %q", line)
			}
		}
		if t.Failed() {
			t.Log(text)
		}
	})
}
