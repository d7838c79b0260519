package relay

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// Watch implements rtsp.Watcher: it waits until the feed is known and so are its
// tracks, or ctx is done.
func (t *table) Watch(ctx context.Context, id media.FeedID) (playout.Source, error) {
	f, err := t.find(ctx, id)
	if err != nil {
		return nil, err
	}
	var settled <-chan time.Time
	for {
		t.mu.Lock()
		t.touch(f)
		changed := f.changed
		t.mu.Unlock()
		tracks := f.Tracks()
		if ready(tracks, t.layersOf(f)) && (tracks[media.LayerAudio] != nil || settled != nil) {
			return &watched{feed: f}, nil
		}
		if ready(tracks, t.layersOf(f)) {
			settled = time.After(settle)
		}
		select {
		case <-changed:
		case <-settled:
			return &watched{feed: f}, nil
		case <-ctx.Done():
			if f.Tracks() != [media.NumLayers]*media.Track{} {
				return &watched{feed: f}, nil // some of it is better than nothing
			}
			return nil, fmt.Errorf("feed %s: %w: nothing came from %s", id, rtsp.ErrOffline, t.whence(f))
		}
	}
}

// find waits until a feed is known at this node.
func (t *table) find(ctx context.Context, id media.FeedID) (*feed, error) {
	for {
		t.mu.Lock()
		peer, a, ok := t.routes.Best(id)
		f := t.feeds[id]
		if ok {
			f = t.open(id)
			if f.source == nil {
				f.learn(peer, &a)
			}
		}
		if !ok {
			t.seek(id)
		}
		_, withdrawn := t.withdrawn[id]
		appear := t.appear
		t.mu.Unlock()
		if withdrawn {
			return nil, fmt.Errorf("feed %s: %w at %s any more: it was taken out of the configuration",
				id, rtsp.ErrUnknownFeed, t.node)
		}
		if f != nil {
			return f, nil
		}
		select {
		case <-appear:
		case <-ctx.Done():
			return nil, fmt.Errorf("feed %s: %w at %s: neither its cameras nor its peers have it",
				id, rtsp.ErrUnknownFeed, t.node)
		}
	}
}

// touch makes all layers of a feed wanted for the linger time. With mu held.
func (t *table) touch(f *feed) {
	until := time.Now().Add(linger)
	for l := range f.until {
		f.until[l] = until
	}
	t.reconcile(f)
}

// layersOf lists the layers a feed is set up to have.
func (t *table) layersOf(f *feed) []media.Layer {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.source != nil {
		return f.source.layers()
	}
	_, a, _ := t.routes.Best(f.ID())
	return a.Layers
}

// whence says in words where a feed comes from.
func (t *table) whence(f *feed) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.source != nil {
		return f.source.String()
	}
	if peer, _, ok := t.routes.Best(f.ID()); ok {
		return "node " + peer
	}
	return "anywhere, since no link leads to it now"
}

// settle is how long a feed with a picture may take to show that it has sound
// too: a source makes its tracks known one after the other.
const settle = 50 * time.Millisecond

// ready tells whether enough is known to describe the feed to a player: a
// picture, main if the feed has it.
func ready(tracks [media.NumLayers]*media.Track, layers []media.Layer) bool {
	if tracks[media.LayerMain] != nil {
		return true
	}
	return tracks[media.LayerSub] != nil && !slices.Contains(layers, media.LayerMain)
}
