package relay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/probe"
	"github.com/classrelay/classrelay/relay/rights"
	"github.com/classrelay/classrelay/relay/route"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// table is what the node knows: its feeds, the routes to those of others, and
// the links. Its methods may be called from any goroutine and never wait, but for
// Watch. The classes' lock is taken before its own.
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
	// dismiss sends the viewers of a feed away, a server each, and tells how many; none
	// may call the table.
	dismiss []func(id media.FeedID) int
	self    identity.Member  // who this node is; set once, like refuse, before there are links
	refuse  refuser          // nil: nobody writes refusals down
	rights  *rights.Rights   // of peers
	desk    *probe.Desk      // who may probe; set once, before there are links
	journal *console.Journal // what changes, for the node's page; nil: there is none
	classes *classes         // who watches whom
	records *records         // what the county has planned; nil: this node keeps none

	watching watching
	hearing  hearing
	stir     chan struct{} // full: the directory is about to look; nil: there is none
}

func newTable(node string, log *zap.Logger) *table {
	t := &table{
		node:    node,
		log:     log,
		routes:  route.New(node),
		feeds:   make(map[media.FeedID]*feed),
		links:   make(map[string]*link),
		rules:   make(map[media.FeedID]feedRule),
		refused: make(map[media.FeedID]string),
		appear:  make(chan struct{}),

		withdrawn: make(map[media.FeedID]struct{}),
		rights:    rights.New(nil, nil),
	}
	t.classes = newClasses(t)
	return t
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
	select {
	case t.stir <- struct{}{}:
	default: // it looks anyway, or there is none
	}
}

// allFeeds lists the feeds that are known.
func (t *table) allFeeds() []media.FeedID {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.routes.Feeds()
}

// announcement is what to tell a peer of those feeds.
func (t *table) announcement(peer string, ids []media.FeedID) []control.Feed {
	t.mu.Lock()
	defer t.mu.Unlock()
	feeds, now := t.permitted(peer, t.routes.AnnounceOnly(peer, ids)), time.Now()
	for i := range feeds {
		if f := t.feeds[feeds[i].ID]; f != nil {
			w := f.wanted(now)
			feeds[i].Flowing = slices.Contains(w[:], true)
		}
	}
	return feeds
}

// learn takes a peer's announcement in.
func (t *table) learn(peer string, feeds []control.Feed, clockError time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed, refused := t.routes.SetPeer(peer, feeds, clockError.Microseconds())
	for _, r := range refused {
		if t.sayOnce(r.Feed, "feed refused", zap.String("peer", peer), zap.String("why", r.Why)) {
			t.note(console.Change{Code: console.FeedRefused, Link: peer, Feed: string(r.Feed), Why: r.Why})
		}
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
			what := "two nodes claim the same feed name; rename one of them"
			if t.sayOnce(id, what, zap.Strings("nodes", origins)) {
				t.note(console.Change{Code: console.NameTaken, Feed: string(id), Why: strings.Join(origins, ", ")})
			}
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
func (t *table) sayOnce(id media.FeedID, what string, fields ...zap.Field) (said bool) {
	if t.refused[id] == what {
		return false
	}
	t.refused[id] = what
	t.log.Warn(what, append(fields, zap.String("feed", string(id)))...)
	return true
}

// note takes a change down for the node's page.
func (t *table) note(c console.Change) { t.journal.Note(time.Now(), c) }

// noteDown says there that a link has ended, and why; ctx is the link's.
func (t *table) noteDown(ctx context.Context, peer string, err error) {
	c := console.Change{Code: console.LinkDown, Link: peer}
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil && !errors.Is(err, context.Canceled) { // that is: this node has ended it
		c.Why = err.Error()
	}
	t.note(c)
}

// mostLines bounds the links of one node, each over a line of its own: wired, mobile, and
// two to spare.
const mostLines = 4

// lines is how many links there are to a node. With mu held.
func (t *table) lines(node string) (n int) {
	for _, l := range t.links {
		if l.peer == node {
			n++
		}
	}
	return n
}

// addLink puts a link into use. It returns the one it replaces, to be closed, or
// the link itself when the one that is there stays.
func (t *table) addLink(l *link) (loser *link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch old := t.links[l.name]; {
	case old == nil && t.lines(l.peer) >= mostLines:
		return l
	case old != nil:
		loser = old
		// Both nodes dialled each other: both must keep the same one of the two
		// links, that of the node whose name sorts first.
		if old.dialled != l.dialled && l.dialled != (t.node < l.peer) {
			return l
		}
	}
	t.links[l.name] = l
	t.routes.SetParent(l.name, l.dialled)
	delete(t.hearing.peers, loser)
	for _, f := range t.feeds {
		t.reconcile(f)
	}
	return loser
}

// removeLink forgets a link and the routes that led over it.
func (t *table) removeLink(l *link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.links[l.name] != l {
		return
	}
	delete(t.links, l.name)
	delete(t.hearing.peers, l)
	t.rerouted(t.routes.RemovePeer(l.name))
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
