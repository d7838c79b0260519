package mse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/coder/websocket"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/fanout"
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

// pipes is a network in memory: it works in a bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 8080} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p.conns <- there
	return here, nil
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

// bubble runs f in virtual time.
func bubble(t *testing.T, f func(t *testing.T, r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		clip, err := camera.Embedded()
		if err != nil {
			t.Fatal(err)
		}
		n := &node{feed: fanout.NewFeed("room/1")}
		server := New(Config{}, n, gate{}, zap.NewNop())
		mux := http.NewServeMux()
		server.Register(mux)
		network := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		web := &http.Server{Handler: mux}
		go func() { _ = web.Serve(network) }() // ends with Close below
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- server.Run(ctx) }() // ends with cancel
		var once sync.Once
		stop := func() {
			once.Do(func() {
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		}
		transport := &http.Transport{DialContext: network.dial}
		f(t, &room{
			node: n, t: t, server: server, clip: clip, stop: stop, ssrc: 1,
			client: &http.Client{Transport: transport},
		})
		stop()
		_ = web.Close()
		transport.CloseIdleConnections()
	})
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
	raw, err := p.Marshal()
	if err != nil {
		r.t.Fatal(err)
	}
	m, err := media.Parse(raw, l, c, now)
	if err != nil {
		r.t.Fatal(err)
	}
	m.Capture = taken
	r.feed.WritePacket(m)
}

// page is a browser's page that watches.
type page struct {
	t    *testing.T
	conn *websocket.Conn
	http *http.Response
	err  error // of the dial

	mu     sync.Mutex
	seen   seen
	init   bool // the next binary message is an init segment
	closed chan struct{}
	end    error
	hold   chan struct{} // while not nil, it reads nothing until it is closed
}

// seen is what came to a page.
type seen struct {
	starts []startMessage
	states []stateMessage
	clocks []clockMessage
	parts  []part
	stream []byte
}

// saw is what has come so far.
func (p *page) saw() seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// part is a fragment as it came.
type part struct {
	at    time.Time
	pts   []int64 // of its pictures
	key   bool
	sound int // units
}

// dial opens a WebSocket as a page does, or as a program without a page.
func (r *room) dial(path, origin string) *page {
	r.t.Helper()
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	p := &page{t: r.t, closed: make(chan struct{})}
	p.conn, p.http, p.err = websocket.Dial(r.t.Context(), "ws://node/mse/"+path, //nolint:bodyclose // has none to close
		&websocket.DialOptions{HTTPClient: r.client, HTTPHeader: header})
	if p.err == nil {
		p.conn.SetReadLimit(8 << 20)
	}
	return p
}

// open is dial for a page that reads on until it ends.
func (r *room) open(path string) *page {
	r.t.Helper()
	p := r.dial(path, "http://node")
	if p.err != nil {
		r.t.Fatal(p.err)
	}
	go p.read() // ends with the connection
	return p
}

func (p *page) read() {
	defer close(p.closed)
	for {
		p.mu.Lock()
		hold := p.hold
		p.mu.Unlock()
		if hold != nil {
			<-hold
		}
		kind, b, err := p.conn.Read(context.Background())
		p.mu.Lock()
		if err != nil {
			p.end = err
			p.mu.Unlock()
			return
		}
		p.take(kind, b)
		p.mu.Unlock()
	}
}

func (p *page) take(kind websocket.MessageType, b []byte) {
	var head struct{ Type string }
	if kind == websocket.MessageText {
		if err := json.Unmarshal(b, &head); err != nil {
			p.t.Errorf("%s: %v", b, err)
		}
	}
	switch {
	case head.Type == "start":
		p.seen.starts, p.init = append(p.seen.starts, into[startMessage](p.t, b)), true
	case head.Type == "state":
		p.seen.states = append(p.seen.states, into[stateMessage](p.t, b))
	case head.Type == "clock":
		p.seen.clocks = append(p.seen.clocks, into[clockMessage](p.t, b))
	case kind == websocket.MessageText:
		p.t.Errorf("unknown message %s", b)
	case p.init:
		p.seen.stream = append(p.seen.stream, b...)
		p.init = false
		var in fmp4.Init
		if err := in.Unmarshal(bytes.NewReader(b)); err != nil {
			p.t.Errorf("init segment: %v", err)
		}
	default:
		p.seen.stream = append(p.seen.stream, b...)
		p.fragment(b)
	}
}

func into[T any](t *testing.T, b []byte) (v T) {
	if err := json.Unmarshal(b, &v); err != nil {
		t.Errorf("%s: %v", b, err)
	}
	return v
}

func (p *page) fragment(b []byte) {
	var parts fmp4.Parts
	if err := parts.Unmarshal(b); err != nil || len(parts) != 1 || len(p.seen.starts) == 0 {
		p.t.Errorf("fragment behind %d starts: %v", len(p.seen.starts), err)
		return
	}
	got := part{at: time.Now()}
	for _, tr := range parts[0].Tracks {
		for _, s := range tr.Samples {
			if tr.ID == 1 {
				got.pts = append(got.pts, int64(tr.BaseTime)+int64(s.PTSOffset))
				got.key = !s.IsNonSyncSample
			} else {
				got.sound++
			}
		}
	}
	p.seen.parts = append(p.seen.parts, got)
}

// leave closes the page.
func (p *page) leave() {
	_ = p.conn.CloseNow()
	<-p.closed
}

// pictures are the fragments that have one.
func (p *page) pictures() (out []part) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.seen.parts {
		if len(f.pts) == 1 {
			out = append(out, f)
		}
	}
	return out
}

func (p *page) closedWith(code websocket.StatusCode, reason string) {
	p.t.Helper()
	<-p.closed
	var c websocket.CloseError
	if e, ok := p.end.(websocket.CloseError); ok { //nolint:errorlint // asked for below
		c = e
	}
	if websocket.CloseStatus(p.end) != code {
		p.t.Errorf("closed with %v, want %d %s", p.end, code, reason)
	}
	if c.Reason != "" && reason != "" && c.Reason != reason {
		p.t.Errorf("the reason is %q, want %q", c.Reason, reason)
	}
}
