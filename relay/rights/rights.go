package rights

import (
	"maps"
	"slices"
	"strings"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/lesson"
)

// Rule is what the operator has written of a peer. A nil list is the default.
type Rule struct{ Publish, Watch []string }

// Rights are those of all peers of a node. It has one owner.
type Rights struct {
	rules   map[string]Rule
	classes []lesson.Class
	peers   map[string]*Peer // those that were asked for, by node
}

// New takes over what is written: rules by the name of a node or of a school, and the
// classes of this node's own configuration. Classes that others tell of give no rights.
func New(rules map[string]Rule, classes []lesson.Class) *Rights {
	return &Rights{rules: rules, classes: classes, peers: make(map[string]*Peer)}
}

// Of returns the rights of a peer, which its certificate has named.
func (r *Rights) Of(m identity.Member) *Peer {
	if p := r.peers[m.Node]; p != nil && p.member == m {
		return p
	}
	p := &Peer{member: m}
	var rule Rule
	for _, name := range []string{m.Node, m.School, Everything} {
		if written, ok := r.rules[name]; ok && name != "" {
			p.written, rule = name, written
			break
		}
	}
	seen := make(map[media.FeedID]struct{})
	p.rooms = make(map[media.FeedID]struct{})
	for i := range r.classes {
		p.join(&r.classes[i], seen)
	}
	p.watch = read(rule.Watch, r.rooms, slices.Collect(maps.Keys(seen)))
	p.publish = read(rule.Publish, r.rooms, slices.Collect(maps.Keys(p.rooms)))
	r.peers[m.Node] = p
	return p
}

// rooms are the feeds of a class.
func (r *Rights) rooms(class string) []media.FeedID {
	for i := range r.classes {
		if r.classes[i].ID == class {
			return slices.Collect(maps.Values(r.classes[i].Rooms))
		}
	}
	return nil
}

// Peer is what one node may give and have.
type Peer struct {
	member         identity.Member
	written        string // the rule's name; empty: there is none
	publish, watch *names
	rooms          map[media.FeedID]struct{} // of classes, at this peer
}

// join notes the peer's rooms of a class, and in seen all rooms of a class it is in.
func (p *Peer) join(c *lesson.Class, seen map[media.FeedID]struct{}) {
	in := false
	for node, room := range c.Rooms {
		if node == p.member.Node || OfSchool(p.member.School, node) {
			p.rooms[room] = struct{}{}
			in = true
		}
	}
	if !in {
		return
	}
	for _, room := range c.Rooms {
		seen[room] = struct{}{}
	}
}

// OfSchool tells by its name whether a node is a machine of a school.
func OfSchool(school, node string) bool {
	return school != "" && (node == school || strings.HasPrefix(node, school+"-"))
}

// MayHave tells whether the peer is given a feed.
func (p *Peer) MayHave(id media.FeedID) bool { return p.watch == nil || p.watch.has(id) }

// MayGive tells whether a feed is taken from the peer; otherwise is what its certificate
// says of it, which counts where nothing is written.
func (p *Peer) MayGive(id media.FeedID, otherwise bool) bool {
	if _, room := p.rooms[id]; room {
		return true
	}
	if p.publish == nil {
		return otherwise
	}
	return p.publish.has(id)
}

// Gives and Has name the keys that say what the peer may give and have, such as
// peers.s012.watch; empty: nothing is written there, and the default counts.
func (p *Peer) Gives() string { return p.key(p.publish, "publish") }

// Has is like Gives.
func (p *Peer) Has() string { return p.key(p.watch, "watch") }

func (p *Peer) key(list *names, name string) string {
	if list == nil {
		return ""
	}
	return "peers." + p.written + "." + name
}
