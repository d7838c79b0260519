package relay

import (
	"context"
	"encoding/binary"
	"net/netip"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/internal/quantile"
	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

// county is a network of nodes in memory, with one CA.
type county struct {
	t     *testing.T
	net   *testnet.Network
	pki   string
	nodes map[string]*running
	log   *zap.Logger // of nodes that start from now on; nil = the test's
	// lookUp is the resolver of nodes that start from now on; nil = the system's.
	lookUp func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

type running struct {
	*Node
	stop context.CancelFunc
	done chan error
}

func newCounty(t *testing.T) *county {
	t.Helper()
	c := &county{t: t, net: testnet.New(1), pki: t.TempDir(), nodes: make(map[string]*running)}
	if err := identity.InitCA(c.pki); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.net.Close)
	return c
}

// start runs a node at an address with the parents given.
func (c *county) start(name, ip string, parents ...string) *running {
	c.t.Helper()
	cfg := &config.Config{Listen: config.Listen{QUIC: ":4433"}}
	for _, p := range parents {
		cfg.Parents = append(cfg.Parents, config.Parent{Address: p + ":4433"})
	}
	return c.run(name, ip, cfg)
}

// run runs a node with a configuration of its own.
func (c *county) run(name, ip string, cfg *config.Config) *running {
	c.t.Helper()
	cfg.Node = name
	if _, known := c.nodes[name]; !known {
		if err := identity.Issue(c.pki, name); err != nil {
			c.t.Fatal(err)
		}
	}
	id, err := identity.Load(filepath.Join(c.pki, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return c.runAs(id, ip, cfg)
}

// runAs runs a node that has its identity already.
func (c *county) runAs(id *identity.Identity, ip string, cfg *config.Config) *running {
	c.t.Helper()
	cfg.Node = id.Name()
	host := c.net.Host(ip)
	log := zap.NewNop()
	if c.log != nil {
		log = c.log
	} else if testing.Verbose() {
		log = zaptest.NewLogger(c.t)
	}
	n, err := New(cfg, id, log, Options{Network: Network{
		ListenPacket: host.ListenPacket,
		Listen:       host.Listen,
		DialContext:  host.DialContext,
		LookUp:       c.lookUp,
	}})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(c.t.Context())
	r := &running{Node: n, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- n.Run(ctx) }() // ended by close
	c.nodes[cfg.Node] = r
	return r
}

// close stops a node and waits for it.
func (c *county) close(names ...string) {
	c.t.Helper()
	for _, name := range names {
		c.nodes[name].stop()
	}
	for _, name := range names {
		if err := <-c.nodes[name].done; err != nil {
			c.t.Errorf("node %s: %v", name, err)
		}
	}
}

func (c *county) link(a, b string, p netem.Profile) {
	c.t.Helper()
	if err := c.net.Link(a, b, p, p); err != nil {
		c.t.Fatal(err)
	}
}

// clip is a source that writes frames while it is wanted: 25 a second, five
// packets each, a key frame every two seconds. Each frame carries its time.
type clip struct {
	feed   *feed
	wanted chan bool
	stop   chan struct{}
	frames int
	quiet  atomic.Bool // no frame comes, as of a camera that hangs
	away   atomic.Bool // and its node knows
}

func startClip(t *testing.T, n *Node, id media.FeedID) *clip {
	t.Helper()
	s := &clip{wanted: make(chan bool, 16), stop: make(chan struct{})}
	f, err := n.table.attach(id, s)
	if err != nil {
		t.Fatal(err)
	}
	s.feed = f
	f.SetTrack(media.LayerMain, &media.Track{
		Codec: media.H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000",
	})
	return s
}

// run writes frames until end.
func (s *clip) run() {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	var seq uint16
	ssrc := uint32(time.Now().UnixMilli()) // another one after a restart, as of any source
	for n := 0; ; n++ {
		now := time.Now()
		for i := range 5 {
			if s.quiet.Load() {
				break
			}
			payload := make([]byte, 1200)
			payload[0] = 0x41
			if n%50 == 0 && i == 0 {
				payload[0] = 0x65
			}
			binary.BigEndian.PutUint64(payload[1:], uint64(now.UnixNano()))
			raw, _ := (&rtp.Packet{
				Header: rtp.Header{
					Version: 2, PayloadType: 96, SequenceNumber: seq, Timestamp: uint32(n * 3600), SSRC: ssrc, Marker: i == 4,
				},
				Payload: payload,
			}).Marshal()
			p, _ := media.Parse(raw, media.LayerMain, media.H264, now)
			p.Capture = now
			s.feed.WritePacket(p)
			seq++
		}
		s.frames++
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
	}
}

func (s *clip) want(layers [media.NumLayers]bool) {
	select {
	case s.wanted <- layers[media.LayerMain]:
	default:
	}
}
func (s *clip) requestKeyFrame(media.Layer) {}
func (s *clip) online() bool                { return !s.away.Load() }
func (s *clip) layers() []media.Layer       { return []media.Layer{media.LayerMain} }
func (s *clip) String() string              { return "clip" }

// watch subscribes at a node and collects for how long each frame took.
func watch(t *testing.T, n *Node, id media.FeedID, d time.Duration) (latencies []time.Duration, frames int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	src, err := n.table.Watch(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	wake := make(chan struct{}, 1)
	sub := src.Subscribe(media.LayerMain, wake)
	defer sub.Close()
	joined := time.Now()
	end := time.After(d)
	var batch []*media.Packet
	for {
		select {
		case <-wake:
		case <-end:
			return latencies, frames
		}
		batch = sub.Read(batch[:0])
		for _, p := range batch {
			sent := time.Unix(0, int64(binary.BigEndian.Uint64(p.Payload()[1:])))
			if !p.Marker || sent.Before(joined) {
				continue
			}
			frames++
			latencies = append(latencies, p.Arrival.Sub(sent))
			if d := p.Capture.Sub(sent).Abs(); !p.Capture.IsZero() && d > time.Millisecond {
				t.Errorf("the capture time is %v off", d)
			}
		}
	}
}

func percentile(d []time.Duration, p int) time.Duration {
	slices.Sort(d)
	return quantile.Of(d, p)
}

func TestAFeedCrossesOneLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link("10.0.0.1", "10.0.0.2", netem.Profile{Rate: 100e6, Delay: 15 * time.Millisecond})
		hub := c.start("hub", "10.0.0.1")
		branch := c.start("branch", "10.0.0.2", "10.0.0.1")
		s := startClip(t, hub.Node, "room")
		go s.run() // ended below
		lat, frames := watch(t, branch.Node, "room", 10*time.Second)
		if frames < 245 {
			t.Errorf("%d of about 250 frames", frames)
		}
		t.Logf("%d frames, p50 %v, p99 %v", frames, percentile(lat, 50), percentile(lat, 99))
		if p := percentile(lat, 99); p > 25*time.Millisecond {
			t.Errorf("p99 %v over a wire of 15 ms", p)
		}
		close(s.stop)
		c.close("branch", "hub")
	})
}
