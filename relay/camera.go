package relay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/ingest"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// camera is the source of a feed that this node pulls: a supervisor for the main
// stream and one for the sub stream. Both belong to one feed and share a time
// line.
type camera struct {
	name    string
	always  bool
	streams []*stream
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

type stream struct {
	layer media.Layer
	*ingest.Supervisor
}

// newCamera makes the supervisors of a configured feed; f is where they write.
func newCamera(id media.FeedID, cfg config.Feed, f ingest.Sink, net Network, log *zap.Logger) (*camera, error) {
	c := &camera{always: cfg.Always}
	epoch := time.Now()
	for _, s := range []struct {
		layer media.Layer
		url   string
	}{{media.LayerMain, cfg.Main}, {media.LayerSub, cfg.Sub}} {
		if s.url == "" {
			continue
		}
		if c.name == "" {
			c.name = "camera " + host(s.url)
		}
		sup, err := supervise(id, cfg, s.layer, s.url, epoch, f, net, log)
		if err != nil {
			return nil, err
		}
		c.streams = append(c.streams, &stream{s.layer, sup})
	}
	return c, nil
}

func supervise(
	id media.FeedID, cfg config.Feed, l media.Layer, url string, epoch time.Time, sink ingest.Sink, net Network,
	log *zap.Logger,
) (*ingest.Supervisor, error) {
	var transport ingest.Transport
	if err := transport.UnmarshalText([]byte(cfg.Transport)); err != nil {
		return nil, fmt.Errorf("feeds.%s.transport: %w", id, err)
	}
	pull, err := ingest.NewPull(ingest.PullConfig{
		Feed:         id,
		URL:          url,
		Layer:        l,
		SubAudio:     l == media.LayerSub && cfg.Main == "",
		Transport:    transport,
		AllowBasic:   cfg.BasicAuth,
		Output:       ingest.OutputConfig{Epoch: epoch},
		DialContext:  net.DialContext,
		ListenPacket: net.listenPacket(),
	}, sink, log)
	if err != nil {
		return nil, fmt.Errorf("feeds.%s.%s: %w", id, l, err)
	}
	rng := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // jitter only
	return ingest.NewSupervisor(ingest.SupervisorConfig{Always: cfg.Always}, pull, rng, log)
}

// start runs the supervisors until close.
func (c *camera) start(ctx context.Context) {
	ctx, c.stop = context.WithCancel(ctx)
	for _, s := range c.streams {
		c.wg.Go(func() { _ = s.Run(ctx) }) // ended by close; a supervisor never gives up by itself
	}
}

// close ends the supervisors and waits for them.
func (c *camera) close() {
	c.stop()
	c.wg.Wait()
}

// want implements source. The main stream brings the sound too.
func (c *camera) want(layers [media.NumLayers]bool) {
	for _, s := range c.streams {
		s.SetWanted(layers[s.layer] || layers[media.LayerAudio] && s == c.streams[0])
	}
}

// requestKeyFrame implements source.
func (c *camera) requestKeyFrame(l media.Layer) {
	for _, s := range c.streams {
		if s.layer == l {
			s.RequestKeyFrame()
		}
	}
}

// online implements source: a camera that is not pulled now counts as online,
// since it would be on demand.
func (c *camera) online() bool {
	for _, s := range c.streams {
		if p := s.State().Phase; p == ingest.PhaseRunning || p == ingest.PhaseIdle {
			return true
		}
	}
	return false
}

// layers implements source.
func (c *camera) layers() []media.Layer {
	out := []media.Layer{media.LayerAudio}
	for _, s := range c.streams {
		out = append(out, s.layer)
	}
	return out
}

// String implements source.
func (c *camera) String() string { return c.name }

func (c *camera) status() []CameraStatus {
	out := make([]CameraStatus, 0, len(c.streams))
	for _, s := range c.streams {
		out = append(out, CameraStatus{Layer: s.layer, State: s.State(), Stats: s.Stats()})
	}
	return out
}

// host is the camera's address without login and path.
func host(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Host != "" {
		return u.Host
	}
	return "with a bad URL"
}
