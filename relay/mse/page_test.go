package mse

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/coder/websocket"
)

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
	rate   float64       // bytes a second that it reads; 0: all there is
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
		if rate := p.rate; rate > 0 {
			p.mu.Unlock()
			time.Sleep(time.Duration(float64(len(b)) / rate * float64(time.Second)))
			p.mu.Lock()
		}
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
