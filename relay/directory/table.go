package directory

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/lesson"
)

const (
	// announceEvery repeats the full list: soft state heals by itself.
	announceEvery = 5 * time.Second
	// goneAfter is how long a node is believed in that says nothing: two lists may be
	// lost and the third be late.
	goneAfter = 15 * time.Second
)

// The reasons for which an announcement is not listened to.
var (
	// ErrLoop is one that has come through this node already, or through too many.
	ErrLoop = errors.New("it goes round in a circle")
	// ErrOld is one that was overtaken, or is of an earlier run of its node.
	ErrOld = errors.New("it is older than what is known")
)

// Table is what one node knows of the others. It is a core: no lock, no clock, no
// goroutine.
type Table struct {
	self    ID
	role    identity.Role
	own     Node
	tellers map[ID]teller
	nodes   map[ID]*known
	feeds   map[media.FeedID]map[ID]struct{}
	told    map[ID]sent // what the level above has heard from here
	graph   map[string][]Link
}

// teller is what was last heard from a node, whatever it told of.
type teller struct {
	epoch int64
	seq   uint64
	at    time.Time
}

// known is a node with all the ways its list came, by who told it.
type known struct {
	ways map[ID]heard
	best Node // the newest of those lists
}

// heard is a list as one node told it.
type heard struct {
	Node
	at time.Time
}

// NewTable makes the table of a node. epoch is when its run began, in milliseconds.
func NewTable(self ID, role identity.Role, epoch int64) *Table {
	return &Table{
		self:    self,
		role:    role,
		own:     Node{Name: self.Name, County: self.County, Role: role, Epoch: epoch, Hops: []string{self.Name}},
		tellers: make(map[ID]teller),
		nodes:   make(map[ID]*known),
		feeds:   make(map[media.FeedID]map[ID]struct{}),
		told:    make(map[ID]sent),
	}
}

// SetOwn says what this node has, and tells whether others should hear of it at once.
func (t *Table) SetOwn(links []Link, load Load, feeds []Feed) (news bool) {
	was := t.own
	t.own.Links, t.own.Load, t.own.Feeds = links, load, feeds
	t.graph = nil
	return !same(&was, &t.own)
}

// Own is the announcement of this node's own list.
func (t *Table) Own() *Announcement {
	t.own.Seq++
	return &Announcement{
		From: t.self.Name, County: t.self.County, Epoch: t.own.Epoch, Seq: t.own.Seq, Nodes: []Node{t.own},
	}
}

// Hear takes an announcement in. It returns the nodes of which something is new, in
// order, and why some or all of it was refused.
func (t *Table) Hear(now time.Time, a *Announcement) (changed []ID, err error) {
	from := ID{a.County, a.From}
	if from == t.self {
		return nil, fmt.Errorf("%w: it is this node's own", ErrLoop)
	}
	last, ok := t.tellers[from]
	switch {
	case !ok || now.Sub(last.at) >= goneAfter: // whatever it was before
	case a.Epoch < last.epoch:
		return nil, fmt.Errorf("%w: an earlier run of %s", ErrOld, from)
	case a.Epoch == last.epoch && a.Seq <= last.seq:
		return nil, fmt.Errorf("%w: %s has said more since", ErrOld, from)
	}
	t.tellers[from] = teller{a.Epoch, a.Seq, now}
	var refused []error
	for i := range a.Nodes {
		n := &a.Nodes[i]
		news, err := t.take(now, from, n)
		if err != nil {
			refused = append(refused, fmt.Errorf("list of %s from %s: %w", n.ID(), from, err))
		}
		if news {
			changed = append(changed, n.ID())
		}
	}
	return changed, errors.Join(refused...)
}

// take keeps one list.
func (t *Table) take(now time.Time, from ID, n *Node) (news bool, err error) {
	id := n.ID()
	switch {
	case slices.Contains(n.Hops, t.self.Name):
		return false, fmt.Errorf("%w: it has come through this node", ErrLoop)
	case len(n.Hops) >= MaxHops:
		return false, fmt.Errorf("%w: %d hops", ErrLoop, len(n.Hops))
	case n.Gone:
		return t.forget(id, from), nil
	}
	k := t.nodes[id]
	if k == nil {
		k = &known{ways: make(map[ID]heard)}
		t.nodes[id] = k
	}
	if len(k.ways) > 0 && n.Epoch < k.best.Epoch && !t.only(k, from) {
		return false, fmt.Errorf("%w: an earlier run of it", ErrOld)
	}
	was, had := k.ways[from]
	k.ways[from] = heard{*n, now}
	maps.DeleteFunc(k.ways, func(_ ID, h heard) bool { return h.Epoch < n.Epoch })
	t.settle(id, k)
	return !had || !same(&was.Node, n), nil
}

// only tells whether nobody but one has told of a node.
func (t *Table) only(k *known, from ID) bool {
	_, ok := k.ways[from]
	return ok && len(k.ways) == 1
}

// settle finds the newest list of a node and indexes its feeds.
func (t *Table) settle(id ID, k *known) {
	t.graph = nil
	was := k.best.Feeds
	first := true
	for _, by := range slices.SortedFunc(maps.Keys(k.ways), compareIDs) {
		h := k.ways[by]
		if first || h.Epoch > k.best.Epoch || h.Epoch == k.best.Epoch && h.Seq > k.best.Seq {
			k.best, first = h.Node, false
		}
	}
	if first {
		k.best.Feeds = nil
		delete(t.nodes, id)
	}
	if slices.EqualFunc(was, k.best.Feeds, func(a, b Feed) bool { return a.ID == b.ID }) {
		return
	}
	for _, f := range was {
		delete(t.feeds[f.ID], id)
		if len(t.feeds[f.ID]) == 0 {
			delete(t.feeds, f.ID)
		}
	}
	for _, f := range k.best.Feeds {
		if t.feeds[f.ID] == nil {
			t.feeds[f.ID] = make(map[ID]struct{})
		}
		t.feeds[f.ID][id] = struct{}{}
	}
}

// forget drops what one teller said of a node.
func (t *Table) forget(id, from ID) (news bool) {
	k := t.nodes[id]
	if k == nil {
		return false
	}
	if _, ok := k.ways[from]; !ok {
		return false
	}
	delete(k.ways, from)
	t.settle(id, k)
	return true
}

// Tick drops what was not repeated in time. It returns the nodes of which something has
// gone, in order.
func (t *Table) Tick(now time.Time) (changed []ID) {
	for id, k := range t.nodes {
		for from, h := range k.ways {
			if now.Sub(h.at) >= goneAfter {
				t.forget(id, from)
				changed = append(changed, id)
			}
		}
	}
	maps.DeleteFunc(t.tellers, func(_ ID, s teller) bool { return now.Sub(s.at) >= goneAfter })
	slices.SortFunc(changed, compareIDs)
	return slices.Compact(changed)
}

func compareIDs(a, b ID) int {
	return cmp.Or(cmp.Compare(a.County, b.County), cmp.Compare(a.Name, b.Name))
}

// Len is how many other nodes are known, and how many feeds they have.
func (t *Table) Len() (nodes, feeds int) { return len(t.nodes), len(t.feeds) }

// Knows tells whether a node is known.
func (t *Table) Knows(id ID) bool { return t.nodes[id] != nil }

// Entry is a node that is known, for lists and trees.
type Entry struct {
	Node
	// Heard is when somebody last told of it; zero for this node itself.
	Heard time.Time
}

// Entries lists every node that is known, this one included, in order.
func (t *Table) Entries() []Entry {
	list := make([]Entry, 0, len(t.nodes)+1)
	list = append(list, Entry{Node: t.own})
	for _, k := range t.nodes {
		e := Entry{Node: k.best}
		for _, h := range k.ways {
			if h.at.After(e.Heard) {
				e.Heard = h.at
			}
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Entry) int { return compareIDs(a.ID(), b.ID()) })
	return list
}

// Machines lists the live machines of this node's own county and role, itself included:
// those that lessons can be placed on.
func (t *Table) Machines() []lesson.Machine {
	list := []lesson.Machine{machine(t.self.Name, t.own.Load)}
	for id, k := range t.nodes {
		if id.County == t.self.County && k.best.Role == t.role && len(k.best.Hops) == 1 {
			list = append(list, machine(id.Name, k.best.Load))
		}
	}
	slices.SortFunc(list, func(a, b lesson.Machine) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func machine(name string, l Load) lesson.Machine {
	return lesson.Machine{Name: name, Capacity: l.Capacity, Lessons: l.Lessons, Draining: l.Draining}
}

// Clashes lists the feeds that several nodes claim to have, with their names: two schools
// gave different rooms one name.
func (t *Table) Clashes() map[media.FeedID][]string {
	clashes := make(map[media.FeedID][]string)
	for id, nodes := range t.feeds {
		if len(nodes) < 2 {
			continue
		}
		for _, n := range slices.SortedFunc(maps.Keys(nodes), compareIDs) {
			clashes[id] = append(clashes[id], n.String())
		}
	}
	return clashes
}
