package playout

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
)

// room is a feed as relay would show it, with a camera to play.
type room struct {
	*fanout.Feed
	t *testing.T

	mu     sync.Mutex
	asked  []media.Layer
	opened [media.NumLayers]int // subscriptions open now
}

func newRoom(t *testing.T, layers ...media.Layer) *room {
	t.Helper()
	r := &room{Feed: fanout.NewFeed("room-1"), t: t}
	for _, l := range layers {
		if l.IsVideo() {
			r.SetTrack(l, h264)
		} else {
			r.SetTrack(l, opus)
		}
	}
	return r
}

type counted struct {
	*fanout.Subscription
	room *room
}

func (r *room) Subscribe(l media.Layer, wake chan<- struct{}) Subscription {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened[l]++
	return counted{r.Feed.Subscribe(l, wake), r}
}

func (c counted) Close() {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	c.room.opened[c.Layer()]--
	c.Subscription.Close()
}

func (r *room) RequestKeyFrame(l media.Layer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, l)
}

func (r *room) open(l media.Layer) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened[l]
}

// film writes frames every 40 ms of virtual time until n are there; each 25th is a
// key frame. Capture is 5 ms before.
func (r *room) film(c *clip, n int) {
	for range n {
		now := time.Now()
		at := float64(now.Sub(epoch))/1e6 - 5
		for _, p := range c.frame(at, 4, c.made%25 == 0, false).packets {
			p.Arrival = now
			r.WritePacket(p)
		}
		c.made++
		time.Sleep(40 * time.Millisecond)
	}
}

// player is a session that notes what it gets. With room set, it takes no more
// than so many packets until drained.
type player struct {
	mu     sync.Mutex
	limit  int
	queued int
	got    []got
	sr     []rtcp.SenderReport
	srAt   []time.Time
}

func (p *player) WritePacketRTP(_ *description.Media, pkt *rtp.Packet) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit > 0 && p.queued == p.limit {
		return liberrors.ErrServerWriteQueueFull{}
	}
	p.queued++
	pkt.SSRC = 0xcafe
	p.got = append(p.got, got{time.Now(), *pkt})
	return nil
}

func (p *player) WritePacketRTCP(_ *description.Media, pkt rtcp.Packet) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := *pkt.(*rtcp.CompoundPacket)
	if _, err := c.Marshal(); err != nil {
		return err
	}
	p.sr = append(p.sr, *c[0].(*rtcp.SenderReport))
	p.srAt = append(p.srAt, time.Now())
	return nil
}

// frames groups packets by marker.
func (p *player) frames() [][]got {
	p.mu.Lock()
	defer p.mu.Unlock()
	var frames [][]got
	begin := true
	for _, g := range p.got {
		if begin {
			frames = append(frames, nil)
		}
		frames[len(frames)-1] = append(frames[len(frames)-1], g)
		begin = g.out.Marker
	}
	return frames
}

// watch runs a viewer until stop is called, which returns Run's error.
func watch(t *testing.T, cfg Config, src Source, choice Choice, p *player, paced bool) (v *Viewer, stop func() error) {
	t.Helper()
	offer, err := NewOffer(src, choice)
	if err != nil {
		t.Fatal(err)
	}
	v = NewViewer(cfg, offer, zap.NewNop())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx, Session{Writer: p, Medias: offer.Desc.Medias, Paced: paced}) }()
	return v, func() error {
		cancel()
		return <-done
	}
}

// watched is a room with a main stream and a player that watches it until stop.
func watched(t *testing.T) (r *room, p *player, v *Viewer, stop func()) {
	t.Helper()
	r, p = newRoom(t, media.LayerMain), &player{}
	v, end := watch(t, Config{}, r, ChooseAuto, p, false)
	return r, p, v, func() {
		t.Helper()
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
}

// bubble runs f in virtual time, with the clips' epoch at its beginning.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(epoch))
		f(t)
	})
}
