package relay

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/probe"
	"github.com/classrelay/classrelay/relay/route"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// table is what the node knows: its feeds, the routes to those of others, and
// the links. Its methods may be called from any goroutine and never wait, but for
// Watch.
type table struct {
	node string
	log  *zap.Logger

	mu      sync.Mutex
	routes  *route.Table
	feeds   map[media.FeedID]*feed
	links   map[string]*link
	rules   map[media.FeedID]feedRule
	refused map[media.FeedID]string // what was last logged about a feed, said once
	appear  chan struct{}           // closed and made anew when a feed becomes known
	// withdrawn are feeds that an operator has taken out, here or further up.
	withdrawn map[media.FeedID]struct{}
	// dismiss sends the viewers of a feed away and tells how many; it must not call
	// the table. Nil before there is a server for them.
	dismiss func(id media.FeedID) int
	desk    *probe.Desk // who may probe; set once, before there are links
}

func newTable(node string, log *zap.Logger) *table {
	return &table{
		node:    node,
		log:     log,
		routes:  route.New(node),
		feeds:   make(map[media.FeedID]*feed),
		links:   make(map[string]*link),
		rules:   make(map[media.FeedID]feedRule),
		refused: make(map[media.FeedID]string),
		appear:  make(chan struct{}),

		withdrawn: make(map[media.FeedID]struct{}),
	}
}

// open returns the feed of that name, made if need be. With mu held.
func (t *table) open(id media.FeedID) *feed {
	f := t.feeds[id]
	if f == nil {
		f = &feed{Feed: fanout.NewFeed(id), table: t, changed: make(chan struct{})}
		t.feeds[id] = f
	}
	return f
}

// reserve returns the feed a source is to be made for, if it has none yet.
func (t *table) reserve(id media.FeedID) (*feed, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.open(id)
	if f.source != nil {
		return nil, fmt.Errorf("feed %s: %w by %s", id, rtsp.ErrTaken, f.source)
	}
	return f, nil
}

// attach gives a feed its source at this node. It fails when it has one already.
func (t *table) attach(id media.FeedID, s source) (*feed, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.open(id)
	if f.source != nil {
		return nil, fmt.Errorf("feed %s: %w by %s", id, rtsp.ErrTaken, f.source)
	}
	f.source = s
	t.own(f)
	return f, nil
}

// detach takes the source s away again. The feed stays, so that its viewers do.
func (t *table) detach(f *feed, s source) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.source != s {
		return
	}
	f.source = nil
	t.routes.RemoveOwn(f.ID())
	t.reconcile(f)
	t.announce()
}

// ownChanged tells the peers what has changed about a feed of this node.
func (t *table) ownChanged(f *feed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.source != nil {
		t.own(f)
	}
}

// own puts a feed of this node into the routes and tells everybody. With mu held.
func (t *table) own(f *feed) {
	a := f.announcement()
	a.Role = t.rules[f.ID()].role
	delete(t.withdrawn, f.ID())
	t.routes.SetOwn(a)
	t.reconcile(f)
	f.signal()
	t.news()
	t.announce()
}

// news wakes those who wait for a feed that was not known.
func (t *table) news() {
	close(t.appear)
	t.appear = make(chan struct{})
}

// announce makes every link tell its peer what there is. With mu held.
func (t *table) announce() {
	for _, l := range t.links {
		l.mail.announce()
	}
}

// announcement is what to tell a peer.
func (t *table) announcement(peer string) []control.Feed {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.routes.Announce(peer)
}

// learn takes a peer's announcement in.
func (t *table) learn(peer string, feeds []control.Feed, clockError time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed, refused := t.routes.SetPeer(peer, feeds, clockError.Microseconds())
	for _, r := range refused {
		t.sayOnce(r.Feed, "feed refused", zap.String("peer", peer), zap.String("why", r.Why))
	}
	t.rerouted(changed)
}

// rerouted acts on feeds whose best route may have changed. With mu held.
func (t *table) rerouted(changed []media.FeedID) {
	if len(changed) == 0 {
		return
	}
	for _, id := range changed {
		if origins := t.routes.Origins(id); len(origins) > 1 {
			t.sayOnce(id, "two nodes claim the same feed name; rename one of them", zap.Strings("nodes", origins))
		}
		f := t.feeds[id]
		peer, a, ok := t.routes.Best(id)
		if ok {
			delete(t.withdrawn, id)
		}
		if f == nil {
			continue
		}
		if ok && peer != "" {
			f.learn(peer, &a)
		}
		t.reconcile(f)
		f.signal()
	}
	t.news()
	t.announce()
}

// sayOnce logs something about a feed unless it was the last thing said of it.
func (t *table) sayOnce(id media.FeedID, what string, fields ...zap.Field) {
	if t.refused[id] == what {
		return
	}
	t.refused[id] = what
	t.log.Warn(what, append(fields, zap.String("feed", string(id)))...)
}

// addLink puts a link into use. It returns the one it replaces, to be closed, or
// the link itself when the one that is there stays.
func (t *table) addLink(l *link) (loser *link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.links[l.peer]; old != nil {
		loser = old
		// Both nodes dialled each other: both must keep the same one of the two
		// links, that of the node whose name sorts first.
		if old.dialled != l.dialled && l.dialled != (t.node < l.peer) {
			return l
		}
	}
	t.links[l.peer] = l
	for _, f := range t.feeds {
		t.reconcile(f)
	}
	return loser
}

// removeLink forgets a link and the routes that led over it.
func (t *table) removeLink(l *link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.links[l.peer] != l {
		return
	}
	delete(t.links, l.peer)
	t.rerouted(t.routes.RemovePeer(l.peer))
}

// peers lists the links in order of their peers' names.
func (t *table) peers() []*link {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]*link, 0, len(t.links))
	for _, name := range slices.Sorted(maps.Keys(t.links)) {
		out = append(out, t.links[name])
	}
	return out
}

// all lists the feeds in order of their names.
func (t *table) all() []*feed {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]*feed, 0, len(t.feeds))
	for _, id := range slices.Sorted(maps.Keys(t.feeds)) {
		out = append(out, t.feeds[id])
	}
	return out
}

// reconcile makes the feed's source, or the one link that leads to it, carry the
// layers that are wanted, and every other link not. With mu held.
func (t *table) reconcile(f *feed) {
	wanted := f.wanted(time.Now())
	peer, a, known := t.routes.Best(f.ID())
	if f.source != nil {
		f.source.want(wanted)
		peer = ""
	}
	for name, link := range t.links {
		for l := range media.Layer(media.NumLayers) {
			here := known && peer == name && wanted[l] && offers(&a, l)
			link.mail.want(target{f.ID(), l}, here, f.exact[l] > 0)
		}
	}
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
	f.idle[l] = time.Now()
	if s.exact {
		f.exact[l]--
	}
}

// subscribePeer opens a cursor for a peer that asked for it. It refuses what only
// that peer itself could give.
func (t *table) subscribePeer(peer string, want target, wake chan<- struct{}) (*subscription, error) {
	t.mu.Lock()
	by, a, ok := t.routes.Best(want.feed)
	if !ok {
		t.mu.Unlock()
		return nil, fmt.Errorf("feed %s: %w", want.feed, rtsp.ErrUnknownFeed)
	}
	if by == peer || slices.Contains(a.Path, peer) {
		t.mu.Unlock()
		return nil, fmt.Errorf("feed %s: it comes from %s itself", want.feed, peer)
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
	now := time.Now()
	for l := range f.idle {
		f.idle[l] = now
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

// feedRule is what the configuration says about a feed on every link.
type feedRule struct {
	role  string
	fixed string
}

// setRules takes over what the configuration says about feeds.
func (t *table) setRules(feeds map[media.FeedID]config.Feed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.rules)
	for id, f := range feeds {
		t.rules[id] = feedRule{role: string(f.Role), fixed: f.FixedLayer}
	}
}

// options says how a flow that a peer asks for is to be treated.
func (t *table) options(m *control.Subscribe) fanout.FlowOptions {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := fanout.FlowOptions{Always: m.Always}
	if l, err := media.ParseLayer(t.rules[m.Feed].fixed); err == nil {
		o.Fixed, o.FixedAt = true, l
	}
	_, a, _ := t.routes.Best(m.Feed)
	switch a.Role {
	case string(config.RoleTeacher):
		o.Importance = layer.Teacher
	case string(config.RoleBoard):
		o.Importance = layer.Board
	}
	return o
}
