package route

import (
	"maps"
	"math"
	"slices"

	"github.com/classrelay/classrelay/internal/rendezvous"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
)

// Silence is what is known of a link that brings nothing.
type Silence int

const (
	// Heard is the zero value: there is no silence, or none that matters.
	Heard Silence = iota
	// Quiet means that nothing came for so long that what is wanted of the peer is to be had
	// from another, if there is one.
	Quiet
	// Told means that it lasts, and that those behind this node shall look for another way, too.
	Told
)

// SetSilence says how it stands with every peer that is not heard; those left out
// are. It returns the feeds whose best route or whose description may have changed,
// in order.
func (t *Table) SetSilence(now map[string]Silence) (changed []media.FeedID) {
	ids := make(map[media.FeedID]struct{})
	for peer, feeds := range t.peers {
		if t.silent[peer] == now[peer] {
			continue
		}
		for id := range feeds {
			ids[id] = struct{}{}
		}
	}
	t.silent = maps.Clone(now)
	return slices.Sorted(maps.Keys(ids))
}

// Meeting is the class that a feed belongs to, and the machine it has chosen to meet on;
// empty: none yet.
type Meeting struct{ Class, At string }

// SetMeetings says which feeds belong to classes. Of several hubs that are as good, all the
// feeds of a class come by the same one, and the classes spread over them. It returns the
// feeds for which that has changed, in order.
func (t *Table) SetMeetings(now map[media.FeedID]Meeting) (changed []media.FeedID) {
	for id := range t.offers {
		if t.meetings[id] != now[id] {
			changed = append(changed, id)
		}
	}
	t.meetings = now
	slices.Sort(changed)
	return changed
}

// Hold keeps a feed that is watched on the peer it comes by. An empty name lets go
// of it: nobody watches, and the next one begins with the best way again.
func (t *Table) Hold(id media.FeedID, peer string) {
	if peer == "" {
		delete(t.held, id)
		return
	}
	t.held[id] = peer
}

// Held is the peer that a feed is held on; empty: it is not.
func (t *Table) Held(id media.FeedID) string { return t.held[id] }

// Peers are those that offer a feed, in order.
func (t *Table) Peers(id media.FeedID) []string { return slices.Sorted(maps.Keys(t.offers[id])) }

// Best returns how to get a feed: from this node itself (peer is ""), else by the
// best way there is. A way that is silent, here or further up, comes after all
// others; then an online source comes first, the peer that the feed is held on, the
// shortest path, a peer that gets the feed anyway, so that it leaves its school once
// and not once for each hub, the peer that it meets the other feeds of its class at (see
// SetMeetings), and the first by name, so that every run and every node decide alike.
func (t *Table) Best(id media.FeedID) (peer string, f control.Feed, ok bool) {
	if f, ok = t.own[id]; ok {
		return "", f, true
	}
	var best way
	held := t.way(t.held[id], id)
	for p := range t.offers[id] {
		w := t.way(p, id)
		// Whether the source is there is the origin's word, and of two ways to one
		// origin the difference is only which word is older: a camera that goes away
		// is no reason to change the way.
		if held.known && !held.silent && w.feed.Path[0] == held.feed.Path[0] {
			w.online = held.online
		}
		w.held = held.known && p == held.peer
		if !best.known || w.before(&best) {
			best = w
		}
	}
	return best.peer, best.feed, best.known
}

// way is a peer and what it says of a feed; the zero value is none.
type way struct {
	peer                        string
	feed                        control.Feed
	known, silent, online, held bool
	rank                        float64 // how much its class would rather meet there
}

func (t *Table) way(peer string, id media.FeedID) way {
	f, ok := t.peers[peer][id]
	if !ok {
		return way{}
	}
	return way{
		peer: peer, feed: f, known: true, silent: f.Silent || t.silent[peer] != Heard, online: f.Online,
		rank: t.rank(id, NodeOf(peer)),
	}
}

// rank is how much the class of a feed would rather meet at a node; 0: it is in none.
func (t *Table) rank(id media.FeedID, node string) float64 {
	switch m, is := t.meetings[id]; {
	case !is:
		return 0
	case m.At == node:
		return math.Inf(1)
	default:
		return rendezvous.Rank(m.Class, node)
	}
}

// before tells which of two ways to a feed is the better one.
func (w *way) before(o *way) bool {
	switch {
	case w.silent != o.silent:
		return o.silent
	case w.online != o.online:
		return w.online
	case w.held != o.held:
		return w.held
	case len(w.feed.Path) != len(o.feed.Path):
		return len(w.feed.Path) < len(o.feed.Path)
	case w.feed.Flowing != o.feed.Flowing:
		return w.feed.Flowing
	case w.rank != o.rank:
		return w.rank > o.rank
	}
	return w.peer < o.peer
}
