package relay

import (
	"fmt"
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// reconcile makes the feed's source, or the one link that leads to it, carry the
// layers that are wanted, and every other link not. With mu held.
func (t *table) reconcile(f *feed) {
	now := time.Now()
	wanted := f.wanted(now)
	peer, a, known := t.routes.Best(f.ID())
	if f.source != nil {
		f.source.want(wanted)
		peer = ""
	}
	if !slices.Contains(wanted[:], true) {
		t.holdTo(f, "", now)
	} else {
		t.holdTo(f, peer, now)
		if !known && f.source == nil {
			t.seek(f.ID())
		}
	}
	for name, link := range t.links {
		for l := range media.Layer(media.NumLayers) {
			here := known && (peer == name || t.twins(peer, link)) && wanted[l] && offers(&a, l)
			link.mail.want(target{f.ID(), l}, here, f.exact[l] > 0)
		}
	}
}

// twins tells whether what comes over the link of that name is to come over another one
// as well. With mu held.
func (t *table) twins(name string, other *link) bool {
	l := t.links[name]
	return l != nil && l != other && l.peer == other.peer && (l.leg.twice || other.leg.twice)
}

// offers tells whether a feed has a layer, or may have it for all we know.
func offers(a *control.Feed, l media.Layer) bool {
	return len(a.Layers) == 0 || slices.Contains(a.Layers, l) || a.Tracks[l] != nil
}

// subscribe opens a cursor that counts as interest.
func (t *table) subscribe(f *feed, l media.Layer, wake chan<- struct{}, exact bool) *subscription {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.interest[l]++
	if exact {
		f.exact[l]++
	}
	t.reconcile(f)
	f.Freshen(time.Now(), l)
	return &subscription{Subscription: f.Feed.Subscribe(l, wake), feed: f, exact: exact}
}

// release gives interest back. The layer lingers; tick gives it up later.
func (t *table) release(s *subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, l := s.feed, s.Layer()
	f.interest[l]--
	wait := linger
	if s.below {
		wait = lingerBelow
	}
	if until := time.Now().Add(wait); until.After(f.until[l]) {
		f.until[l] = until
	}
	if s.exact {
		f.exact[l]--
	}
}

// subscribePeer opens a cursor for a peer that asked for it. It refuses what only
// that peer itself could give, what comes from one parent to another, and what the peer
// has no right to.
func (t *table) subscribePeer(peer string, want target, wake chan<- struct{}) (*subscription, error) {
	t.mu.Lock()
	if err := t.forbids(peer, want.feed); err != nil {
		t.mu.Unlock()
		return nil, err // also where there is no such feed: that is not for the peer to know
	}
	by, a, ok := t.routes.Best(want.feed)
	if !ok {
		t.mu.Unlock()
		return nil, fmt.Errorf("feed %s: %w", want.feed, rtsp.ErrUnknownFeed)
	}
	if why := t.routes.Withholds(peer, by, &a); why != "" {
		t.mu.Unlock()
		return nil, fmt.Errorf("feed %s: %s", want.feed, why)
	}
	f := t.open(want.feed)
	if by != "" {
		f.learn(by, &a)
	}
	t.mu.Unlock()
	// The link to that peer may have to fall back on the sub stream at any time,
	// and begins with its cached group of pictures then.
	return t.subscribe(f, want.layer, wake, want.layer == media.LayerSub), nil
}

// requestKeyFrame asks the source, or the peer the feed comes from, for a key
// frame; at most every half second per layer.
func (t *table) requestKeyFrame(f *feed, l media.Layer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if now.Sub(f.asked[l]) < keyFrameEvery {
		return
	}
	f.asked[l] = now
	if f.source != nil {
		f.source.requestKeyFrame(l)
		return
	}
	if peer, _, ok := t.routes.Best(f.ID()); ok && t.links[peer] != nil {
		t.links[peer].mail.askKeyFrame(target{f.ID(), l})
	}
}

// tracks returns what a peer's feed is encoded with, as far as known.
func (t *table) tracks(id media.FeedID) (tracks [media.NumLayers]*media.Track) {
	t.mu.Lock()
	f := t.feeds[id]
	t.mu.Unlock()
	if f != nil {
		return f.Tracks()
	}
	return tracks
}

// writer returns where packets of a feed go.
func (t *table) writer(id media.FeedID) media.Writer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open(id).Feed
}

// tick gives up layers that have lingered long enough and tells the peers of
// sources that came or went. To be called about once a second.
func (t *table) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.feeds {
		t.reconcile(f)
		if f.source == nil {
			continue
		}
		if _, a, ok := t.routes.Best(f.ID()); !ok || a.Online != f.source.online() {
			t.own(f)
		}
	}
}
