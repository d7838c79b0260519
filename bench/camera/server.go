package camera

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// writeQueue is how many packets wait for a slow client before it is thrown out:
// a power of two above several key frames.
const writeQueue = 2048

// server is the camera's RTSP server. gortsplib calls it from its goroutines.
type server struct {
	cfg     *Config
	askKey  func(media.Layer)
	rtsp    *gortsplib.Server
	streams [media.LayerAudio]*gortsplib.ServerStream // main and sub

	mu    sync.Mutex
	conns map[*gortsplib.ServerConn]struct{}
}

func newServer(cfg *Config, askKey func(media.Layer)) (*server, error) {
	s := &server{cfg: cfg, askKey: askKey, conns: make(map[*gortsplib.ServerConn]struct{})}
	s.rtsp = &gortsplib.Server{
		Handler:        s,
		RTSPAddress:    cfg.Listen,
		WriteQueueSize: writeQueue,
		AuthMethods:    []auth.VerifyMethod{auth.VerifyMethodDigestMD5},
		Listen:         cfg.ListenTCP,
	}
	if cfg.UDPPort != 0 {
		s.rtsp.UDPRTPAddress = fmt.Sprintf(":%d", cfg.UDPPort)
		s.rtsp.UDPRTCPAddress = fmt.Sprintf(":%d", cfg.UDPPort+1)
	}
	// Requests that come before the streams are there get "not found".
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.rtsp.Start(); err != nil {
		return nil, fmt.Errorf("serve RTSP at %s: %w", cfg.Listen, err)
	}
	for layer := range s.streams {
		st := &gortsplib.ServerStream{Server: s.rtsp, Desc: newSession(cfg, media.Layer(layer))}
		if err := st.Initialize(); err != nil {
			s.rtsp.Close()
			return nil, fmt.Errorf("serve RTSP at %s: %w", cfg.Listen, err)
		}
		s.streams[layer] = st
	}
	return s, nil
}

// close ends the server, all connections and the goroutines of gortsplib.
func (s *server) close() {
	for _, st := range s.streams {
		st.Close()
	}
	s.rtsp.Close()
}

func (s *server) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

// write hands the packets to gortsplib, which copies them for each client. A
// client that is too slow is gortsplib's to throw out.
func (s *server) write(layer media.Layer, packets []*rtp.Packet, ntp time.Time) {
	for i, st := range s.streams {
		m := mediaOf(st.Desc, media.Layer(i), layer)
		if m == nil {
			continue
		}
		for _, p := range packets {
			_ = st.WritePacketRTPWithNTP(m, p, ntp) // fails only when the stream is closed
		}
	}
}

// layerOf is what a path names; LayerAudio, which has no path, when nothing.
func layerOf(path string) media.Layer {
	switch strings.Trim(path, "/") {
	case "main":
		return media.LayerMain
	case "sub":
		return media.LayerSub
	}
	return media.LayerAudio
}

// stream finds what a path names.
func (s *server) stream(path string) *gortsplib.ServerStream {
	layer := layerOf(path)
	if !layer.IsVideo() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[layer]
}

// asksForKey tells whether a client wants a key picture (RFC 4585 §6.3.1, RFC 5104
// §4.3.1).
func asksForKey(p rtcp.Packet) bool {
	switch p.(type) {
	case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
		return true
	}
	return false
}

var errNoStream = errors.New("no such stream: a camera has /main and /sub")

// open answers a request that names a stream.
func (s *server) open(
	conn *gortsplib.ServerConn, req *base.Request, path string,
) (*base.Response, *gortsplib.ServerStream, error) {
	if s.cfg.User != "" && !conn.VerifyCredentials(req, s.cfg.User, s.cfg.Password) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	st := s.stream(path)
	if st == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, errNoStream
	}
	return &base.Response{StatusCode: base.StatusOK}, st, nil
}

// OnConnOpen is for gortsplib only.
func (s *server) OnConnOpen(ctx *gortsplib.ServerHandlerOnConnOpenCtx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[ctx.Conn] = struct{}{}
}

// OnConnClose is for gortsplib only.
func (s *server) OnConnClose(ctx *gortsplib.ServerHandlerOnConnCloseCtx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, ctx.Conn)
}

// OnDescribe is for gortsplib only.
func (s *server) OnDescribe(
	ctx *gortsplib.ServerHandlerOnDescribeCtx,
) (*base.Response, *gortsplib.ServerStream, error) {
	return s.open(ctx.Conn, ctx.Request, ctx.Path)
}

// OnSetup is for gortsplib only.
func (s *server) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return s.open(ctx.Conn, ctx.Request, ctx.Path)
}

// OnPlay is for gortsplib only. As with a camera, a session begins with a key
// picture, and there is another one when the client asks for it.
func (s *server) OnPlay(ctx *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	layer := layerOf(ctx.Path)
	ctx.Session.OnPacketRTCPAny(func(_ *description.Media, p rtcp.Packet) {
		if asksForKey(p) {
			s.askKey(layer)
		}
	})
	s.askKey(layer)
	return &base.Response{StatusCode: base.StatusOK}, nil
}
