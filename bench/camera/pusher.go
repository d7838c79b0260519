package camera

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
)

// pushAgain is the pause before a lost connection is made again.
const pushAgain = time.Second

// pusher sends one layer, and with main the sound, to a URL.
type pusher struct {
	cfg    *Config
	layer  media.Layer
	url    string
	askKey func(media.Layer)
	log    *zap.Logger

	mu      sync.Mutex
	client  *gortsplib.Client // nil while there is no connection
	session *description.Session
}

func newPusher(
	cfg *Config, layer media.Layer, url string, askKey func(media.Layer), log *zap.Logger,
) *pusher {
	return &pusher{cfg: cfg, layer: layer, url: url, askKey: askKey, log: log.With(zap.Stringer("layer", layer))}
}

// run keeps the connection until ctx ends.
func (p *pusher) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := p.connection(ctx); err != nil {
			p.log.Warn("push failed, trying again", zap.Error(err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(pushAgain):
		}
	}
}

// connection makes one and waits until it is lost or ctx ends.
func (p *pusher) connection(ctx context.Context) error {
	transport := gortsplib.TransportTCP
	client := &gortsplib.Client{
		Transport:      &transport,
		DialContext:    p.cfg.DialContext,
		WriteQueueSize: writeQueue,
	}
	session := newSession(p.cfg, p.layer)
	if err := client.StartRecording(p.url, session); err != nil {
		return fmt.Errorf("push %s to its recorder: %w", p.layer, err)
	}
	client.OnPacketRTCPAny(func(_ *description.Media, packet rtcp.Packet) {
		if asksForKey(packet) {
			p.askKey(p.layer)
		}
	})
	p.use(client, session)
	p.askKey(p.layer) // a recorder that comes in the middle of a group wants to begin too
	defer p.use(nil, nil)
	// Closes the client when ctx ends; stop waits until it cannot any more.
	stop := context.AfterFunc(ctx, client.Close)
	defer stop()
	err := client.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("push %s to its recorder: %w", p.layer, err)
}

func (p *pusher) use(client *gortsplib.Client, session *description.Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client, p.session = client, session
}

func (p *pusher) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client != nil {
		p.client.Close()
	}
}

// write sends the packets, or drops them while there is no connection.
func (p *pusher) write(layer media.Layer, packets []*rtp.Packet, ntp time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client == nil {
		return
	}
	m := mediaOf(p.session, p.layer, layer)
	if m == nil {
		return
	}
	for _, packet := range packets {
		_ = p.client.WritePacketRTPWithNTP(m, packet, ntp) // a lost connection shows in Wait
	}
}
