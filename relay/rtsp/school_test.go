package rtsp

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/internal/mediatest"
	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

var h264 = &media.Track{
	Codec: media.H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000",
	FMTP: map[string]string{"packetization-mode": "1"},
}

var pcma = &media.Track{Codec: media.G711, PayloadType: 8, ClockRate: 8000, RTPMap: "PCMA/8000"}

// school is a server in a network in memory.
type school struct {
	*hub
	net    *testnet.Network
	server *Server
	seen   *observer.ObservedLogs
}

// teach runs f with a server at 10.0.0.1, in virtual time.
func teach(t *testing.T, rules access.Config, users []access.User, f func(t *testing.T, s *school)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &school{hub: newHub(t), net: testnet.New(1)}
		defer s.net.Close()
		r, err := access.New(rules, users)
		if err != nil {
			t.Fatal(err)
		}
		core, seen := observer.New(zapcore.InfoLevel)
		s.seen = seen
		s.server, err = New(Config{
			Listen: "10.0.0.1:8554", ListenTCP: s.net.Host("10.0.0.1").Listen,
		}, s.hub, r, zap.New(core))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.server.Run(ctx) }()
		synctest.Wait()
		f(t, s)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// client makes an RTSP client at an address of the school's network.
func (s *school) client(t *testing.T, host string) *gortsplib.Client {
	t.Helper()
	tcp := gortsplib.TransportTCP
	c := &gortsplib.Client{
		Transport:   &tcp,
		DialContext: s.net.Host(host).DialContext,
	}
	return c
}

func parse(t *testing.T, s string) *base.URL {
	t.Helper()
	u, err := base.ParseURL(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// take is what a client got of the picture.
type take struct {
	mu      sync.Mutex
	packets []rtp.Packet
	at      []time.Time
	reports []rtcp.SenderReport
	cname   string
}

func (k *take) rtp(p *rtp.Packet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.packets = append(k.packets, *p)
	k.at = append(k.at, time.Now())
}

func (k *take) rtcp(p rtcp.Packet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch p := p.(type) {
	case *rtcp.SenderReport:
		k.reports = append(k.reports, *p)
	case *rtcp.SourceDescription:
		k.cname = p.Chunks[0].Items[0].Text
	}
}

// watch opens a URL and plays; the session ends with the test.
func (s *school) watch(t *testing.T, host, url string) (*gortsplib.Client, *take, *description.Session) {
	t.Helper()
	u := parse(t, url)
	c := s.client(t, host)
	c.Scheme, c.Host = u.Scheme, u.Host
	if err := c.Start2(); err != nil {
		t.Fatal(err)
	}
	desc, _, err := c.Describe(u)
	if err != nil {
		c.Close()
		t.Fatal(err)
	}
	if err := c.SetupAll(desc.BaseURL, desc.Medias); err != nil {
		c.Close()
		t.Fatal(err)
	}
	k := &take{}
	c.OnPacketRTP(desc.Medias[0], desc.Medias[0].Formats[0], k.rtp)
	c.OnPacketRTCP(desc.Medias[0], k.rtcp)
	if _, err := c.Play(nil); err != nil {
		c.Close()
		t.Fatal(err)
	}
	return c, k, desc
}

// camera writes frames of two packets into a feed every 40 ms, each 25th a key
// frame, as if captured 5 ms before.
type camera struct {
	t    *testing.T
	feed *fanout.Feed
	ssrc uint32
	seq  uint16
	made int
	fill int // bytes added to each packet
	more int // packets per frame beyond two
}

func (c *camera) film(frames int) {
	c.t.Helper()
	for range frames {
		capture := time.Now().Add(-5 * time.Millisecond)
		frame := mediatest.Frame(c.made%25 == 0, 2+c.more)
		for i, payload := range frame {
			c.write(payload, i == len(frame)-1, capture)
		}
		c.made++
		time.Sleep(40 * time.Millisecond)
	}
}

func (c *camera) write(payload []byte, marker bool, capture time.Time) {
	c.t.Helper()
	c.feed.WritePacket(mediatest.Packet(c.t, media.LayerMain, media.H264, time.Now(), capture, &rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: marker, PayloadType: 96, SequenceNumber: c.seq,
			Timestamp: uint32(capture.UnixMilli() * 90), SSRC: c.ssrc,
		},
		Payload: append(payload, make([]byte, c.fill)...),
	}))
	c.seq++
}
