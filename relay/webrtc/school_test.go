package webrtc

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/media"
)

const (
	nodeIP = "10.0.0.1"
	pageIP = "10.0.0.9"
)

// school is a server in a network in memory.
type school struct {
	*hub
	net    *testnet.Network
	server *Server
	mux    *http.ServeMux
	seen   *observer.ObservedLogs
	stop   func()
}

// teach runs f with a server at 10.0.0.1, in virtual time.
func teach(t *testing.T, cfg Config, f func(t *testing.T, s *school)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &school{hub: newHub(), net: testnet.New(1)}
		defer s.net.Close()
		host := s.net.Host(nodeIP)
		cfg.Listen, cfg.ListenPacket, cfg.ListenTCP = nodeIP+":8189", host.ListenPacket, host.Listen
		core, seen := observer.New(zapcore.InfoLevel)
		s.seen = seen
		s.server, s.mux = opened(t, cfg, s.hub, zap.New(core))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.server.Run(ctx) }()
		s.stop = sync.OnceFunc(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		f(t, s)
		s.stop()
	})
}

// opened is a server whose ports are open, and what its web server serves.
func opened(t *testing.T, cfg Config, h *hub, log *zap.Logger) (*Server, *http.ServeMux) {
	t.Helper()
	s, err := New(cfg, h, open{}, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.Register(mux)
	return s, mux
}

// ask makes an HTTP request of a page.
func (s *school) ask(t *testing.T, method, path, typ, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr = pageIP + ":40000"
	if typ != "" {
		r.Header.Set("Content-Type", typ)
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// page is a browser's connection.
type page struct {
	t      *testing.T
	school *school
	pc     *pion.PeerConnection
	socket ice.UDPMux

	mu      sync.Mutex
	packets []rtp.Packet // of the picture
	at      []time.Time
	sound   []rtp.Packet
	reports []rtcp.SenderReport
	tracks  []*pion.TrackRemote
	asked   int // requests for key frames

	connected chan struct{} // closed when it first is
}

// browser is what most browsers can do.
func browser() []string { return []string{"video/VP8", "video/H264", "audio/opus", "audio/PCMA"} }

// page opens a browser that knows the codecs given.
func (s *school) page(t *testing.T, host string, codecs ...string) *page {
	t.Helper()
	conn, err := s.net.Host(host).ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, school: s, socket: ice.NewUDPMuxDefault(ice.UDPMuxParams{
		UDPConn: conn, Logger: pionLogs{zap.NewNop()}.NewLogger(""),
	})}
	e := pion.SettingEngine{LoggerFactory: pionLogs{zap.NewNop()}}
	e.SetICEUDPMux(p.socket)
	e.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4})
	p.connect(e, codecs)
	return p
}

func (p *page) connect(e pion.SettingEngine, codecs []string) {
	p.t.Helper()
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	m, chain := &pion.MediaEngine{}, &interceptor.Registry{}
	number := pion.PayloadType(100)
	for _, c := range codecs {
		for _, cap := range capabilities(c, number) {
			kind := pion.RTPCodecTypeAudio
			if strings.HasPrefix(c, "video") {
				kind = pion.RTPCodecTypeVideo
			}
			if err := m.RegisterCodec(pion.RTPCodecParameters{RTPCodecCapability: cap, PayloadType: number}, kind); err != nil {
				p.t.Fatal(err)
			}
			number++
		}
	}
	for _, x := range written(true) {
		if err := m.RegisterHeaderExtension(pion.RTPHeaderExtensionCapability{URI: x.uri}, x.kind); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := pion.RegisterDefaultInterceptors(m, chain); err != nil {
		p.t.Fatal(err)
	}
	var err error
	p.pc, err = pion.NewAPI(pion.WithMediaEngine(m), pion.WithSettingEngine(e),
		pion.WithInterceptorRegistry(chain)).NewPeerConnection(pion.Configuration{})
	if err != nil {
		p.t.Fatal(err)
	}
	// pion tells each state in a goroutine of its own, so "connecting" may be told after
	// "connected": what was told last says nothing.
	p.connected = make(chan struct{})
	once := sync.OnceFunc(func() { close(p.connected) })
	p.pc.OnConnectionStateChange(func(state pion.PeerConnectionState) {
		if state == pion.PeerConnectionStateConnected {
			once()
		}
	})
	p.pc.OnTrack(p.take)
}

// capabilities are a codec and its retransmissions.
func capabilities(mime string, number pion.PayloadType) []pion.RTPCodecCapability {
	rtx := pion.RTPCodecCapability{MimeType: "video/rtx", ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", number)}
	switch mime {
	case "video/H264":
		return []pion.RTPCodecCapability{{
			MimeType: mime, ClockRate: 90000,
			SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		}, rtx}
	case "audio/opus":
		return []pion.RTPCodecCapability{{MimeType: mime, ClockRate: 48000, Channels: 2}}
	case "audio/PCMA":
		return []pion.RTPCodecCapability{{MimeType: mime, ClockRate: 8000}}
	}
	return []pion.RTPCodecCapability{{MimeType: mime, ClockRate: 90000}, rtx}
}

// take notes what comes.
func (p *page) take(track *pion.TrackRemote, receiver *pion.RTPReceiver) {
	p.mu.Lock()
	p.tracks = append(p.tracks, track)
	p.mu.Unlock()
	go func() { // ends with the connection
		for {
			packets, _, err := receiver.ReadRTCP()
			if err != nil {
				return
			}
			p.mu.Lock()
			for _, r := range packets {
				if sr, ok := r.(*rtcp.SenderReport); ok && track.Kind() == pion.RTPCodecTypeVideo {
					p.reports = append(p.reports, *sr)
				}
			}
			p.mu.Unlock()
		}
	}()
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		p.mu.Lock()
		if track.Kind() == pion.RTPCodecTypeVideo {
			p.packets, p.at = append(p.packets, *packet), append(p.at, time.Now())
		} else {
			p.sound = append(p.sound, *packet)
		}
		p.mu.Unlock()
	}
}

// offer makes the page's offer.
func (p *page) offer() string {
	p.t.Helper()
	o, err := p.pc.CreateOffer(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	gathered := pion.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(o); err != nil {
		p.t.Fatal(err)
	}
	<-gathered
	return p.pc.LocalDescription().SDP
}

// receive adds what a page that watches offers: a picture and a sound.
func (p *page) receive() *page {
	p.t.Helper()
	for _, kind := range []pion.RTPCodecType{pion.RTPCodecTypeVideo, pion.RTPCodecTypeAudio} {
		_, err := p.pc.AddTransceiverFromKind(kind, pion.RTPTransceiverInit{Direction: pion.RTPTransceiverDirectionRecvonly})
		if err != nil {
			p.t.Fatal(err)
		}
	}
	return p
}

// post offers, takes the answer and returns the response.
func (p *page) post(path string) *httptest.ResponseRecorder {
	p.t.Helper()
	res := p.school.ask(p.t, http.MethodPost, path, "application/sdp", p.offer())
	if res.Code == http.StatusCreated {
		answer := res.Body.String()
		if err := p.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer}); err != nil {
			p.t.Fatalf("%v in answer:\n%s", err, answer)
		}
	}
	return res
}

// watch opens a feed and returns the session's location.
func (s *school) watch(t *testing.T, host, path string) (*page, string) {
	t.Helper()
	p := s.page(t, host, browser()...).receive()
	res := p.post(path)
	if res.Code != http.StatusCreated {
		t.Fatalf("%s: %d %s", path, res.Code, res.Body)
	}
	return p, res.Header().Get("Location")
}

// close ends the page as a browser does.
func (p *page) close() {
	p.t.Helper()
	if err := p.pc.GracefulClose(); err != nil {
		p.t.Error(err)
	}
	p.vanish()
}

// vanish cuts the page's cable.
func (p *page) vanish() { p.socket.Close() }

// picture returns what has come so far.
func (p *page) picture() []rtp.Packet {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]rtp.Packet(nil), p.packets...)
}

const room = media.FeedID("room-1")
