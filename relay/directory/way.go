package directory

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/classrelay/classrelay/internal/rendezvous"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

// Way is how to get a feed.
type Way struct {
	Feed   media.FeedID `json:"feed"`
	County string       `json:"county"` // of the node that has it
	Online bool         `json:"online"`
	// Path names the nodes the feed would come through, its own first. The last is the
	// one to ask; there is none when this node has the feed itself.
	Path []string `json:"path"`
	// Cost is the sum of the round trips along it, in milliseconds.
	Cost int `json:"cost"`
	// Open tells that links lead all the way. Without, the last node of the path has no
	// link to this one, and one would have to be made.
	Open bool `json:"open"`
}

// Where lists the ways to a feed, best first: those that are open, those that are online,
// fewest hops, least cost, and among equals a stable hash, so that not all take the same.
func (t *Table) Where(id media.FeedID) []Way {
	var ways []Way
	if f, ok := feedOf(&t.own, id); ok {
		ways = append(ways, Way{Feed: id, County: t.self.County, Online: f.Online, Open: true})
	}
	for node := range t.feeds[id] {
		k := t.nodes[node]
		f, ok := feedOf(&k.best, id)
		if !ok {
			continue
		}
		for _, h := range k.ways {
			if w, ok := t.way(k, &h); ok {
				w.Feed, w.Online = id, f.Online
				ways = append(ways, w)
			}
		}
	}
	slices.SortFunc(ways, func(a, b Way) int { return t.compare(&a, &b) })
	return slices.CompactFunc(ways, func(a, b Way) bool { return a.County == b.County && slices.Equal(a.Path, b.Path) })
}

func feedOf(n *Node, id media.FeedID) (Feed, bool) {
	for _, f := range n.Feeds {
		if f.ID == id {
			return f, true
		}
	}
	return Feed{}, false
}

// way is the one that a list came, with the links that are still missing to this node.
// A list that came over a link its node has no more is no way.
func (t *Table) way(k *known, h *heard) (Way, bool) {
	if len(h.Hops) > 1 && len(k.best.Links) > 0 &&
		!slices.ContainsFunc(k.best.Links, func(l Link) bool { return l.To == h.Hops[1] }) {
		return Way{}, false
	}
	w := Way{County: h.County, Path: slices.Clone(h.Hops), Cost: h.Cost}
	rest, cost, ok := t.join(w.Path)
	if ok && len(w.Path)+len(rest) < MaxHops {
		w.Path, w.Cost, w.Open = append(w.Path, rest...), w.Cost+cost, true
	}
	return w, true
}

func (t *Table) compare(a, b *Way) int {
	return cmp.Or(
		before(a.Open, b.Open),
		before(a.Online, b.Online),
		cmp.Compare(len(a.Path), len(b.Path)),
		cmp.Compare(a.Cost, b.Cost),
		cmp.Compare(t.hash(a), t.hash(b)),
		slices.Compare(a.Path, b.Path),
		cmp.Compare(a.County, b.County),
	)
}

func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func (t *Table) hash(w *Way) uint64 {
	return rendezvous.Hash(t.self.String(), string(w.Feed), w.County, strings.Join(w.Path, "/"))
}

// join finds the shortest chain of links from the last node of a path to this one, and
// returns the nodes between. Links that stand by count only where there are no others.
func (t *Table) join(path []string) (between []string, cost int, ok bool) {
	links := t.links()
	for _, standby := range []bool{false, true} {
		if between, cost, ok = t.search(links, path, standby); ok {
			return between, cost, true
		}
	}
	return nil, 0, false
}

// reached is a node on the way in search.
type reached struct {
	name string
	via  int // index of the one before; -1 at the start
	cost int
}

// search goes outwards hop by hop and keeps the cheapest way to each node of a round, so
// the first chain it finds is the shortest, and the cheapest of that length.
func (t *Table) search(links map[string][]Link, path []string, standby bool) (between []string, cost int, ok bool) {
	seen := make(map[string]bool, len(path))
	for _, p := range path {
		seen[p] = true
	}
	all := []reached{{name: path[len(path)-1], via: -1}}
	for round, from := len(path), 0; round <= MaxHops && from < len(all); round++ {
		to, here := len(all), make(map[string]int)
		for i := from; i < to; i++ {
			for _, l := range links[all[i].name] {
				next := reached{l.To, i, all[i].cost + l.RTT}
				j, again := here[l.To]
				switch {
				case seen[l.To] || l.Standby && !standby:
				case !again:
					here[l.To] = len(all)
					all = append(all, next)
				case next.cost < all[j].cost:
					all[j] = next
				}
			}
		}
		if end, ok := here[t.self.Name]; ok {
			for at := all[end].via; all[at].via >= 0; at = all[at].via {
				between = append(between, all[at].name)
			}
			slices.Reverse(between)
			return between, all[end].cost, true
		}
		for name := range here {
			seen[name] = true
		}
		from = to
	}
	return nil, 0, false
}

// links is who is linked with whom, both ways. Schools are ends: nothing is sent through
// them, so no link leads to one but to this node itself.
func (t *Table) links() map[string][]Link {
	if t.graph != nil {
		return t.graph
	}
	t.graph = make(map[string][]Link)
	schools := make(map[string]bool)
	all := []*Node{&t.own}
	for _, id := range slices.SortedFunc(maps.Keys(t.nodes), compareIDs) {
		n := &t.nodes[id].best
		all = append(all, n)
		schools[n.Name] = n.Role == identity.School
	}
	add := func(from string, l Link) {
		if !schools[l.To] {
			t.graph[from] = append(t.graph[from], l)
		}
	}
	for _, n := range all {
		for _, l := range n.Links {
			add(n.Name, l)
			add(l.To, Link{To: n.Name, RTT: l.RTT, Standby: l.Standby})
		}
	}
	return t.graph
}
