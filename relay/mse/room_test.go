package mse

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/internal/mediatest"
	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/rtsp"
)

var (
	h264 = &media.Track{Codec: media.H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000"}
	h265 = &media.Track{Codec: media.H265, PayloadType: 96, ClockRate: 90000, RTPMap: "H265/90000"}
	pcma = &media.Track{Codec: media.G711, PayloadType: 8, ClockRate: 8000, RTPMap: "PCMA/8000"}
	opus = &media.Track{Codec: media.Opus, PayloadType: 97, ClockRate: 48000, RTPMap: "opus/48000/2"}
)

// gate lets everybody in but those whose request says otherwise.
type gate struct{}

func (gate) Pass(w http.ResponseWriter, r *http.Request, _ media.FeedID, _ access.Action) (string, bool) {
	status, code := http.StatusUnauthorized, "expired"
	switch r.URL.Query().Get("as") {
	case "":
		return "teacher", true
	case "stranger":
		status, code = http.StatusForbidden, "forbidden"
	case "silent": // no body
		w.WriteHeader(http.StatusForbidden)
		return "", false
	}
	w.Header().Set("WWW-Authenticate", "Basic")
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%q}`, code)
	return "", false
}

// node knows one feed, room/1.
type node struct {
	feed *fanout.Feed

	mu      sync.Mutex
	offline bool
	asked   []media.Layer
}

func (n *node) Watch(ctx context.Context, id media.FeedID) (playout.Source, error) {
	n.mu.Lock()
	offline := n.offline
	n.mu.Unlock()
	if id != n.feed.ID() {
		<-ctx.Done() // as relay does: it may yet appear
		return nil, fmt.Errorf("feed %s: %w", id, rtsp.ErrUnknownFeed)
	}
	if offline {
		<-ctx.Done()
		return nil, fmt.Errorf("feed %s: %w", id, rtsp.ErrOffline)
	}
	return source{n.feed, n}, nil
}

type source struct {
	*fanout.Feed
	node *node
}

func (s source) Subscribe(l media.Layer, wake chan<- struct{}) playout.Subscription {
	return s.Feed.Subscribe(l, wake)
}

// wanted is how often a key frame was asked for.
func (n *node) wanted() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.asked)
}

func (s source) RequestKeyFrame(l media.Layer) {
	s.node.mu.Lock()
	defer s.node.mu.Unlock()
	s.node.asked = append(s.node.asked, l)
}

// room is a server with one feed and a camera that shows the clip of the bench.
type room struct {
	*node
	t      *testing.T
	server *Server
	client *http.Client
	clip   *camera.Clip
	stop   func()

	layer    media.Layer
	shown    uint64
	seq      [media.NumLayers]uint16
	soundSeq uint16
	ssrc     uint32
}

// newRoom runs a server until the test ends.
func newRoom(t *testing.T) *room {
	t.Helper()
	clip, err := camera.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	n := &node{feed: fanout.NewFeed("room/1")}
	r := &room{node: n, t: t, server: New(Config{}, n, gate{}, zap.NewNop()), clip: clip, ssrc: 1}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.server.Run(ctx) }() // ends with cancel
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// bubble runs f in virtual time, over a network in memory.
func bubble(t *testing.T, f func(t *testing.T, r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		const address = "10.0.0.1:80"
		network := testnet.New(1)
		l, err := network.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		r := newRoom(t)
		web := &http.Server{Handler: r.mux()}
		go func() { _ = web.Serve(l) }() // ends with Close below
		transport := &http.Transport{DialContext: func(ctx context.Context, proto, _ string) (net.Conn, error) {
			return network.DialContext(ctx, proto, address)
		}}
		r.client = &http.Client{Transport: transport}
		f(t, r)
		r.stop()
		_ = web.Close()
		transport.CloseIdleConnections()
		network.Close()
	})
}

// mux is what a web server serves of the room.
func (r *room) mux() http.Handler {
	mux := http.NewServeMux()
	r.server.Register(mux)
	return mux
}

// film shows pictures, one every 40 ms; they arrive 5 ms after they were taken.
func (r *room) film(n int) {
	r.t.Helper()
	for range n {
		r.picture()
		time.Sleep(40 * time.Millisecond)
	}
}

func (r *room) picture() {
	r.t.Helper()
	e := &rtph264.Encoder{
		PayloadType: 96, PayloadMaxSize: 1200, InitialSequenceNumber: &r.seq[r.layer], PacketizationMode: 1, SSRC: &r.ssrc,
	}
	if err := e.Init(); err != nil {
		r.t.Fatal(err)
	}
	packets, err := e.Encode(r.clip.Picture(r.layer, r.shown).NALs)
	if err != nil {
		r.t.Fatal(err)
	}
	r.shown++
	r.seq[r.layer] += uint16(len(packets))
	now := time.Now() // once: a picture has one timestamp, also where the clock is real
	for _, p := range packets {
		r.write(now, r.layer, media.H264, 90, p)
	}
}

// sound sends 20 ms of Opus.
func (r *room) sound() {
	r.write(time.Now(), media.LayerAudio, media.Opus, 48, &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: 97, SequenceNumber: r.soundSeq, SSRC: r.ssrc},
		Payload: []byte{0xfc, 1, 2, 3},
	})
	r.soundSeq++
}

func (r *room) write(now time.Time, l media.Layer, c media.Codec, perMs int64, p *rtp.Packet) {
	taken := now.Add(-5 * time.Millisecond)
	p.Timestamp = uint32(taken.UnixMilli() * perMs)
	r.feed.WritePacket(mediatest.Packet(r.t, l, c, now, taken, p))
}
