package ingest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// lan is a network with one host on it, for a bubble: connections are net.Pipes.
type lan struct {
	mu     sync.Mutex
	accept chan net.Conn // nil: nobody listens
}

func (l *lan) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	l.mu.Lock()
	accept := l.accept
	l.mu.Unlock()
	if accept == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	near, far := net.Pipe()
	select {
	case accept <- pipeConn{far, 5000, make(chan struct{}, 1)}:
		return pipeConn{near, 554, make(chan struct{}, 1)}, nil
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
}

func (l *lan) listen(string, string) (net.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accept = make(chan net.Conn)
	return &pipeListener{l, l.accept, make(chan struct{}), sync.Once{}}, nil
}

type pipeListener struct {
	lan    *lan
	accept chan net.Conn
	done   chan struct{}
	once   sync.Once
}

func (p *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipeListener) Close() error {
	p.once.Do(func() {
		close(p.done)
		p.lan.mu.Lock()
		defer p.lan.mu.Unlock()
		if p.lan.accept == p.accept {
			p.lan.accept = nil
		}
	})
	return nil
}

func (p *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9), Port: 554} }

// pipeConn has the addresses that gortsplib wants to see. Two writers at a time
// wait for each other in a channel: in net.Pipe they do so in a mutex, which holds
// the clock of a bubble, and with it the deadline of the one that writes.
type pipeConn struct {
	net.Conn
	port    int
	writing chan struct{}
}

func (c pipeConn) Write(b []byte) (int, error) {
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	return c.Conn.Write(b)
}

func (c pipeConn) LocalAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 5554 - c.port}
}
func (c pipeConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9), Port: c.port} }

// camera is a gortsplib server that behaves like one.
type camera struct {
	t      testing.TB
	lan    *lan
	server *gortsplib.Server
	stream *gortsplib.ServerStream
	desc   *description.Session
	user   string
	pass   string
	ppm    float64

	mu     sync.Mutex
	silent map[int]bool // tracks that send nothing
	jump   uint32       // of the clock of the picture
	plis   int
	// tcpOnly makes silent tracks speak once somebody plays over TCP.
	tcpOnly bool

	stop chan struct{}
	wg   sync.WaitGroup
}

func (c *camera) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (
	*base.Response, *gortsplib.ServerStream, error,
) {
	if c.user != "" && !ctx.Conn.VerifyCredentials(ctx.Request, c.user, c.pass) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, errAuth
	}
	if ctx.Path != "/stream" {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *camera) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *camera) OnPlay(ctx *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	ctx.Session.OnPacketRTCPAny(func(_ *description.Media, p rtcp.Packet) {
		if _, ok := p.(*rtcp.PictureLossIndication); ok {
			c.mu.Lock()
			c.plis++
			c.mu.Unlock()
		}
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tcpOnly && *ctx.Session.SetuppedTransport() == gortsplib.TransportTCP {
		clear(c.silent)
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// start brings the camera up, sending.
func (c *camera) start() {
	c.t.Helper()
	if c.lan != nil {
		c.server = &gortsplib.Server{
			Handler: c, RTSPAddress: ":554", Listen: c.lan.listen,
			AuthMethods: []auth.VerifyMethod{auth.VerifyMethodDigestMD5, auth.VerifyMethodDigestSHA256},
		}
	}
	if err := c.server.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.stream = &gortsplib.ServerStream{Server: c.server, Desc: c.desc}
	if err := c.stream.Initialize(); err != nil {
		c.t.Fatal(err)
	}
	c.stop = make(chan struct{})
	for i := range c.desc.Medias {
		c.wg.Go(func() { c.send(i) }) // until halt
	}
}

// halt takes the camera off the network.
func (c *camera) halt() {
	close(c.stop)
	c.wg.Wait()
	c.stream.Close()
	c.server.Close()
}

// send is one track: a picture of 25 frames per second with a key frame each second,
// or a sound of 50 packets per second.
func (c *camera) send(track int) {
	m := c.desc.Medias[track]
	f := m.Formats[0]
	rng := rand.New(rand.NewPCG(uint64(track), 30))
	period, step := 20*time.Millisecond, uint32(160)
	if m.Type == description.MediaTypeVideo {
		period, step = 40*time.Millisecond, 3600
	}
	every := time.Duration(float64(period) / (1 + c.ppm/1e6))
	began := time.Now()
	ts, seq := rng.Uint32(), uint16(rng.Uint32())
	for n := 0; ; n++ {
		t := time.NewTimer(time.Until(began.Add(time.Duration(n) * every)))
		select {
		case <-c.stop:
			t.Stop()
			return
		case <-t.C:
		}
		ts += step
		c.mu.Lock()
		silent, jump := c.silent[track], uint32(0)
		if track == 0 {
			jump = c.jump
		}
		c.mu.Unlock()
		if silent {
			continue
		}
		for _, p := range c.packets(rng, f, n) {
			p.SequenceNumber, p.Timestamp, p.PayloadType = seq, ts+jump, f.PayloadType()
			seq++
			_ = c.stream.WritePacketRTP(m, p)
		}
	}
}

func (c *camera) packets(rng *rand.Rand, f format.Format, n int) []*rtp.Packet {
	if f.ClockRate() != 90000 {
		return []*rtp.Packet{{Header: rtp.Header{Version: 2}, Payload: make([]byte, 160)}}
	}
	units := [][]byte{slice(rng, ref264, true, 2000)}
	if n%25 == 0 {
		units = [][]byte{h264SPS(20), h264PPS(0), slice(rng, idr264, true, 5000)}
	}
	return cut(c.t, media.H264, 1400, units)
}

func (c *camera) silence(track int, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent[track] = on
}

func newCamera(t testing.TB) *camera {
	return &camera{
		t: t, lan: &lan{}, silent: map[int]bool{},
		desc: &description.Session{Medias: []*description.Media{
			{Type: description.MediaTypeVideo, Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}}},
			{Type: description.MediaTypeAudio, Formats: []format.Format{&format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}}},
		}},
	}
}
