package rtsp

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/ingest"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
)

// hub is a node with nothing but feeds that are pushed to it.
type hub struct {
	log *zap.Logger

	mu    sync.Mutex
	feeds map[media.FeedID]*fanout.Feed
	held  map[media.FeedID]string
}

func newHub(t *testing.T) *hub {
	t.Helper()
	return &hub{log: zap.NewNop(), feeds: make(map[media.FeedID]*fanout.Feed), held: make(map[media.FeedID]string)}
}

// feed makes a feed known.
func (h *hub) feed(id media.FeedID) *fanout.Feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.feeds[id] == nil {
		h.feeds[id] = fanout.NewFeed(id)
	}
	return h.feeds[id]
}

// seen is a feed as a viewer sees it.
type seen struct{ *fanout.Feed }

func (s seen) Subscribe(l media.Layer, wake chan<- struct{}) playout.Subscription {
	return s.Feed.Subscribe(l, wake)
}

func (s seen) RequestKeyFrame(media.Layer) {}

// Watch waits for the tracks as the real node does.
func (h *hub) Watch(ctx context.Context, id media.FeedID) (playout.Source, error) {
	h.mu.Lock()
	f := h.feeds[id]
	h.mu.Unlock()
	if f == nil {
		return nil, fmt.Errorf("feed %s: %w", id, ErrUnknownFeed)
	}
	// The sound may be known a little after the picture.
	for patience := 20; patience > 0; {
		t := f.Tracks()
		if t[media.LayerMain] != nil && t[media.LayerAudio] != nil {
			break
		}
		if t[media.LayerMain] != nil {
			patience--
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("feed %s: %w: nothing came", id, ErrOffline)
		}
	}
	return seen{f}, nil
}

func (h *hub) Publish(p Pushed) (*ingest.Push, func(), error) {
	f := h.feed(p.Feed)
	h.mu.Lock()
	defer h.mu.Unlock()
	if by := h.held[p.Feed]; by != "" {
		return nil, nil, fmt.Errorf("feed %s: %w by %s", p.Feed, ErrTaken, by)
	}
	push, err := ingest.NewPush(ingest.PushConfig{Feed: p.Feed, Layer: p.Layer}, p.Desc, f, h.log)
	if err != nil {
		return nil, nil, err
	}
	h.held[p.Feed] = p.Remote
	return push, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.held, p.Feed)
	}, nil
}

// anywhere opens a server to everybody.
var anywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
