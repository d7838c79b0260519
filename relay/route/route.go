// Package route knows which link leads to which feed. It takes the announcements
// of all peers, refuses loops, picks the shortest path for each feed, and says
// what to announce to each peer in turn.
//
// A feed that is watched is held to the link it comes by, so that nothing changes
// in a lesson but what has to: when that link falls silent, or the peer behind it
// says that it hears nothing from further up, the feed goes over to the next best
// way and is held there.
//
// Table is a core: no lock, no clock; the node guards it.
package route

import (
	"cmp"
	"maps"
	"slices"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
)

// Table is one node's view of the feeds it can get and give.
type Table struct {
	node   string
	own    map[media.FeedID]control.Feed
	peers  map[string]map[media.FeedID]control.Feed
	offers map[media.FeedID]map[string]struct{} // the peers that offer a feed
	held   map[media.FeedID]string              // by which peer a watched feed comes
	silent map[string]Silence
	upper  map[string]bool // the peers that this node has dialled: its parents

	meetings map[media.FeedID]Meeting
}

// New returns an empty table for the node of this name.
func New(node string) *Table {
	return &Table{
		node:   node,
		own:    make(map[media.FeedID]control.Feed),
		peers:  make(map[string]map[media.FeedID]control.Feed),
		offers: make(map[media.FeedID]map[string]struct{}),
		held:   make(map[media.FeedID]string),
		silent: make(map[string]Silence),
		upper:  make(map[string]bool),
	}
}

// SetOwn offers a feed whose source is at this node, or says how it has changed.
func (t *Table) SetOwn(f control.Feed) {
	f.Path = []string{t.node}
	t.own[f.ID] = f
}

// RemoveOwn takes a feed of this node back.
func (t *Table) RemoveOwn(id media.FeedID) { delete(t.own, id) }

// SetParent says whether a peer is further up the tree. What comes from one parent is not
// given to another one: a school between two hubs is no road for others.
func (t *Table) SetParent(peer string, up bool) { t.upper[peer] = up }

// Refusal is a feed of an announcement that was not taken, and why.
type Refusal struct {
	Feed media.FeedID
	Why  string
}

// SetPeer replaces everything a peer announced. It returns the feeds whose best
// route or whose description may have changed, in order, and what was refused:
// a feed that has crossed this node already would go round in a circle.
func (t *Table) SetPeer(peer string, feeds []control.Feed, errorUs int64) (changed []media.FeedID, refused []Refusal) {
	before := t.peers[peer]
	after := make(map[media.FeedID]control.Feed, len(feeds))
	for _, f := range feeds {
		if why := t.refuse(peer, &f); why != "" {
			refused = append(refused, Refusal{Feed: f.ID, Why: why})
			continue
		}
		f.ClockErrorUs += errorUs
		after[f.ID] = f
	}
	t.peers[peer] = after
	t.offer(peer, before, after)
	ids := make(map[media.FeedID]struct{})
	for id, f := range after {
		if old, ok := before[id]; !ok || !same(&old, &f) {
			ids[id] = struct{}{}
		}
	}
	for id := range before {
		if _, ok := after[id]; !ok {
			ids[id] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(ids)), refused
}

// offer notes who offers what, so that nobody looks through all peers for a feed.
func (t *Table) offer(peer string, before, after map[media.FeedID]control.Feed) {
	for id := range before {
		if _, still := after[id]; still {
			continue
		}
		delete(t.offers[id], peer)
		if len(t.offers[id]) == 0 {
			delete(t.offers, id)
		}
	}
	for id := range after {
		if t.offers[id] == nil {
			t.offers[id] = make(map[string]struct{})
		}
		t.offers[id][peer] = struct{}{}
	}
}

// RemovePeer forgets a peer whose link is down, and returns the feeds it had.
func (t *Table) RemovePeer(peer string) []media.FeedID {
	ids := slices.Sorted(maps.Keys(t.peers[peer]))
	t.offer(peer, t.peers[peer], nil)
	delete(t.peers, peer)
	delete(t.silent, peer)
	delete(t.upper, peer)
	return ids
}

func (t *Table) refuse(peer string, f *control.Feed) string {
	switch {
	case slices.Contains(f.Path, t.node):
		return "it has come through this node already"
	case len(f.Path) >= control.MaxHops:
		return "its path is too long"
	case f.Path[len(f.Path)-1] != NodeOf(peer):
		return "the last node of its path is not the peer that announced it"
	}
	return ""
}

// Origins returns the nodes that claim to be the origin of a feed. More than one
// means that two schools gave different rooms the same name.
func (t *Table) Origins(id media.FeedID) []string {
	var origins []string
	if _, ok := t.own[id]; ok {
		origins = append(origins, t.node)
	}
	for peer := range t.offers[id] {
		if f := t.peers[peer][id]; !slices.Contains(origins, f.Path[0]) {
			origins = append(origins, f.Path[0])
		}
	}
	slices.Sort(origins)
	return origins
}

// Withholds tells why a peer is not given a feed that comes by another; empty: it is.
func (t *Table) Withholds(peer, by string, f *control.Feed) string {
	switch {
	case by == "":
	case NodeOf(by) == NodeOf(peer) || slices.Contains(f.Path, NodeOf(peer)):
		return "it comes from " + NodeOf(peer) + " itself"
	case t.upper[by] && t.upper[peer]:
		return "it comes from " + by + ", a parent as " + peer + " is: this node is no road between them"
	}
	return ""
}

// Announce lists what to tell a peer: every feed this node can get by a path that
// does not lead through that peer, with this node's name added to the path.
func (t *Table) Announce(peer string) []control.Feed { return t.AnnounceOnly(peer, t.Feeds()) }

// AnnounceOnly is Announce of those feeds only that the peer wants to hear of.
func (t *Table) AnnounceOnly(peer string, ids []media.FeedID) []control.Feed {
	var out []control.Feed
	for _, id := range ids {
		by, f, ok := t.Best(id)
		if !ok || t.Withholds(peer, by, &f) != "" {
			continue
		}
		f.Flowing = false // what the peer said; the node knows better
		if by != "" {
			f.Path = append(slices.Clone(f.Path), t.node)
			if len(f.Path) > control.MaxHops {
				continue
			}
			f.Silent = f.Silent || t.silent[by] == Told
		}
		out = append(out, f)
	}
	return out
}

// Feeds lists every feed this node knows, in order.
func (t *Table) Feeds() []media.FeedID {
	ids := make([]media.FeedID, 0, len(t.own)+len(t.offers))
	for id := range t.offers {
		ids = append(ids, id)
	}
	for id := range t.own {
		if t.offers[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Own lists the feeds whose source is at this node, in order.
func (t *Table) Own() []control.Feed {
	out := make([]control.Feed, 0, len(t.own))
	for _, id := range slices.Sorted(maps.Keys(t.own)) {
		out = append(out, t.own[id])
	}
	return out
}

// same tells whether two announcements of a feed mean the same to a reader. The
// clock error moves a little every second and is no reason to announce anew.
func same(a, b *control.Feed) bool {
	return a.Online == b.Online && a.Silent == b.Silent &&
		slices.Equal(a.Path, b.Path) && slices.Equal(a.Layers, b.Layers) &&
		maps.EqualFunc(a.Tracks, b.Tracks, (*media.Track).Equal) && cmp.Compare(a.ID, b.ID) == 0
}
