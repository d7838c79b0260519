package lesson

import (
	"fmt"
	"maps"
	"slices"

	"github.com/classrelay/classrelay/media"
)

const (
	// maxKnown bounds what peers can make a node know; more classes than run in a county.
	maxKnown = 1000
	// maxGone bounds how many classes are remembered that were taken out. They are told
	// for a while, so that every node hears of it.
	maxGone = 100
)

// Book is what one node knows of all classes. It has one owner.
type Book struct {
	node    string
	classes map[string]*Class
	own     map[string]*Class // those this node may change, as they are written
	from    map[string]Peer   // who last said something new
	gone    []string          // taken out, the longest ago first
	// machines are those that lessons can meet on now; nil: nobody knows of any
	machines func() []Machine
}

// Peer is who says something about classes; the zero value is this node.
type Peer struct {
	// Link is how it is reached, of which a node may have several.
	Link string
	// Node is its name, as its certificate has it.
	Node string
	// Above says that it is a parent of this node.
	Above bool
}

// NewBook returns an empty one for the node of this name.
func NewBook(node string) *Book {
	return &Book{
		node: node, classes: make(map[string]*Class), own: make(map[string]*Class), from: make(map[string]Peer),
	}
}

// On tells the book of the machines that lessons can meet on; their Lessons are not read.
// Without it they meet by rank.
func (b *Book) On(machines func() []Machine) { b.machines = machines }

// Lessons is how many classes have chosen a machine to meet on.
func (b *Book) Lessons(machine string) (n int) {
	for _, c := range b.classes {
		if c.Meets == machine && !c.Gone {
			n++
		}
	}
	return n
}

// meet is where a class meets from now on: where it does, as long as that machine is there
// and takes lessons, so that nothing moves in a lesson.
func (b *Book) meet(c *Class) string {
	if b.machines == nil {
		return c.Meets
	}
	machines := b.machines()
	for i := range machines {
		m := &machines[i]
		if m.Name == c.Meets && !m.Draining {
			return c.Meets
		}
		m.Lessons = b.Lessons(m.Name)
	}
	return Place(c.ID, machines)
}

// Configure takes over the classes of this node's configuration and returns those that
// have changed. Of one that runs, who is the main school stays: only a new class begins
// with the one that is written. Call it with the same list, and nothing changes.
func (b *Book) Configure(written []Class) (changed []string) {
	own := make(map[string]*Class, len(written))
	for i := range written {
		w := &written[i]
		own[w.ID] = w
		if b.classes[w.ID] != nil {
			b.adapt(w, &changed)
			continue
		}
		first := *w
		first.Turn, first.By = 0, "" // anything that others know of it is newer
		b.put(&first, Peer{}, &changed)
	}
	for id := range b.own {
		if old := b.classes[id]; own[id] == nil && old != nil {
			b.put(&Class{ID: id, Turn: old.Turn + 1, By: b.node, Hubs: old.Hubs, Gone: true}, Peer{}, &changed)
		}
	}
	b.own = own
	slices.Sort(changed)
	return changed
}

// adapt makes a known class have the rooms that are written, and leaves who is the main
// school and who has the floor if it can.
func (b *Book) adapt(w *Class, changed *[]string) {
	old, fresh := b.classes[w.ID], *w
	if !old.Gone && w.check(old.Main, old.Floor) == nil {
		fresh.Main, fresh.Floor, fresh.Meets = old.Main, old.Floor, old.Meets
	}
	if old.Gone || !maps.Equal(fresh.Rooms, old.Rooms) || !slices.Equal(fresh.Hubs, old.Hubs) ||
		fresh.Main != old.Main || fresh.Floor != old.Floor {
		fresh.Turn, fresh.By = old.Turn+1, b.node
		b.put(&fresh, Peer{}, changed)
	}
}

// put replaces a class, and forgets the one that has been gone longest when there are many.
func (b *Book) put(c *Class, from Peer, changed *[]string) {
	b.classes[c.ID], b.from[c.ID] = c, from
	*changed = append(*changed, c.ID)
	b.gone = slices.DeleteFunc(b.gone, func(id string) bool { return id == c.ID })
	if c.Gone {
		b.gone = append(b.gone, c.ID)
	}
	if len(b.gone) > maxGone {
		delete(b.classes, b.gone[0])
		delete(b.from, b.gone[0])
		b.gone = b.gone[1:]
	}
}

// Learn takes in what a peer knows and returns the classes of which that is new. Who is
// above is believed; who is below only where he may change the class, so that no school
// makes itself the main school past what Ask allows.
//
// A node that has started anew learns so who was made the main school before, also from
// schools; it keeps the rooms of its own configuration.
func (b *Book) Learn(peer Peer, told []Class) (changed []string) {
	for i := range told {
		c := &told[i]
		old := b.classes[c.ID]
		switch {
		case old == nil && (len(b.classes) >= maxKnown || c.Gone):
		case old != nil && !c.newer(old) && !b.overrules(peer, c):
		case b.believes(peer, old, c):
			b.put(c, peer, &changed)
			if w := b.own[c.ID]; w != nil && old.Turn == 0 {
				b.adapt(w, &changed)
			}
		case b.Owns(c.ID) && old.Turn == 0 && !c.Gone && old.check(c.Main, c.Floor) == nil:
			again := *old
			again.Turn, again.By, again.Main, again.Floor, again.Meets = c.Turn, b.node, c.Main, c.Floor, c.Meets
			b.put(&again, Peer{}, &changed)
		}
	}
	slices.Sort(changed)
	return slices.Compact(changed)
}

// believes tells whether a peer is taken at its word about a class: who is above always;
// who is below when it may change the class, or when it was the first to tell of it, as a
// city tells the province of its counties' classes. A school tells nobody first.
func (b *Book) believes(peer Peer, old, told *Class) bool {
	switch {
	case peer.Above:
		return true
	case old == nil:
		return told.Rooms[peer.Node] == ""
	case slices.Contains(old.Hubs, peer.Node):
		return true
	}
	first := b.from[old.ID]
	return !b.Owns(old.ID) && !first.Above && first.Node == peer.Node
}

// overrules tells whether what is told from above takes the place of what was told from
// below under the same name, whatever their turns: somebody below has made it up.
func (b *Book) overrules(peer Peer, told *Class) bool {
	from := b.from[told.ID]
	return peer.Above && !from.Above && from.Node != "" && !slices.Equal(told.Hubs, b.classes[told.ID].Hubs)
}

// Known returns a class, also one that is gone; nil: nobody has told of it.
func (b *Book) Known(id string) *Class { return b.classes[id] }

// All lists what is known, in order, what is gone included: it has to be told as well.
func (b *Book) All() []Class {
	all := make([]Class, 0, len(b.classes))
	for _, id := range slices.Sorted(maps.Keys(b.classes)) {
		all = append(all, *b.classes[id])
	}
	return all
}

// Rooms are the feeds of all classes, and the class each belongs to: the first by name.
func (b *Book) Rooms() map[media.FeedID]*Class {
	rooms := make(map[media.FeedID]*Class)
	for _, c := range b.classes {
		for _, feed := range c.Rooms {
			if other := rooms[feed]; !c.Gone && (other == nil || c.ID < other.ID) {
				rooms[feed] = c
			}
		}
	}
	return rooms
}

// Shown is what the classes watch now: their main schools, and who has the floor.
func (b *Book) Shown() map[media.FeedID]struct{} {
	shown := make(map[media.FeedID]struct{})
	for _, c := range b.classes {
		for _, room := range []string{c.Main, c.Floor} {
			if feed, ok := c.Rooms[room]; ok && !c.Gone {
				shown[feed] = struct{}{}
			}
		}
	}
	return shown
}

// Owns tells whether this node may change a class.
func (b *Book) Owns(id string) bool { return b.own[id] != nil }

// Change makes a room the main school and gives the floor, for somebody at this node.
// It returns the link to which the Ask is to be sent; "" when it is done. Errors wrap
// ErrClass.
func (b *Book) Change(id, main, floor string) (link string, ask Ask, err error) {
	c, err := b.changeable(id, main, floor)
	if err != nil {
		return "", Ask{}, err
	}
	if b.Owns(id) {
		b.set(c, 0, main, floor)
		return "", Ask{}, nil
	}
	ask = Ask{Class: id, Main: main, Floor: floor, Turn: c.Turn, Path: []string{b.node}}
	if err := c.allowed(&ask); err != nil {
		return "", Ask{}, err
	}
	return b.from[id].Link, ask, nil
}

// May tells whether somebody at this node could have a change, as far as this node knows;
// Change tells why not.
func (b *Book) May(id, main, floor string) bool {
	c, err := b.changeable(id, main, floor)
	if err != nil {
		return false
	}
	return b.Owns(id) || c.allowed(&Ask{Class: id, Main: main, Floor: floor, Path: []string{b.node}}) == nil
}

// Asked takes an Ask of a peer. It returns the link to which it is to be handed on; ""
// when it is done. Errors wrap ErrClass and are for the log.
func (b *Book) Asked(from Peer, a *Ask) (link string, on Ask, err error) {
	if a.Path[len(a.Path)-1] != from.Node {
		return "", Ask{}, fmt.Errorf("%w: a change of %s says it comes from %s and comes from %s", ErrClass, a.Class,
			a.Path[len(a.Path)-1], from.Node)
	}
	c, err := b.changeable(a.Class, a.Main, a.Floor)
	if err == nil {
		err = c.allowed(a)
	}
	if err != nil {
		return "", Ask{}, err
	}
	if b.Owns(a.Class) {
		b.set(c, a.Turn, a.Main, a.Floor)
		return "", Ask{}, nil
	}
	on, ok := a.Via(b.node)
	if link = b.from[a.Class].Link; !ok || link == from.Link || link == "" {
		return "", Ask{}, fmt.Errorf("%w: no node that may change %s can be reached from here", ErrClass, a.Class)
	}
	return link, on, nil
}

func (b *Book) changeable(id, main, floor string) (*Class, error) {
	c := b.classes[id]
	if c == nil || c.Gone {
		return nil, fmt.Errorf("%w: there is no class %q", ErrClass, id)
	}
	return c, c.check(main, floor)
}

// set makes a turn. heard is the last one that who wants it has heard of, which counts
// where this node has just started and knows none: a turn below it would be overheard.
func (b *Book) set(c *Class, heard uint64, main, floor string) {
	turn := c.Turn
	if turn == 0 {
		turn = min(heard, maxTurn/2) // whatever is claimed, there is room for more
	}
	next := *c
	next.Turn, next.By, next.Main, next.Floor, next.Meets = turn+1, b.node, main, floor, b.meet(c)
	b.classes[c.ID] = &next
}
