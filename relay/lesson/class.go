package lesson

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/classrelay/classrelay/media"
)

const (
	// maxRooms bounds a class; a county has 65 schools.
	maxRooms = 256
	// maxHubs bounds those who may change it.
	maxHubs = 16
	// maxName bounds the name of a machine.
	maxName = 255
	// maxTurn is more turns than anybody takes, and far from where the number ends.
	maxTurn = 1 << 32
	// Prefix is what the names of classes begin with where a feed's name is wanted.
	// No feed has such a name.
	Prefix = "class/"
)

// ErrClass is wrapped by what is wrong with a class or with a change to it.
var ErrClass = errors.New("bad class")

// Class is what is known of a class. It is never changed, only replaced.
type Class struct {
	ID string `json:"id"`
	// Turn counts the changes, and By is the node that made the last one. Turn 0 is a class
	// as it is written, which gives way to anything.
	Turn uint64 `json:"turn"`
	By   string `json:"by"`
	// Hubs are the nodes that have the class in their configuration and may change it.
	Hubs []string `json:"hubs,omitempty"`
	// Rooms are the feeds of the nodes that take part.
	Rooms map[string]media.FeedID `json:"rooms,omitempty"`
	// Main is the room that all others watch.
	Main string `json:"main,omitempty"`
	// Floor is the room that the main school watches; empty: none.
	Floor string `json:"floor,omitempty"`
	// Meets is the hub machine on which its feeds come together, where several could be it:
	// chosen with the first change of the main school, and kept while the machine is there.
	// Empty: not chosen yet; then the highest rank of package rendezvous is it.
	Meets string `json:"meets,omitempty"`
	// Gone says that the class was taken out of the configuration.
	Gone bool `json:"gone,omitempty"`
}

// IDOf is the class whose feed a name stands for.
func IDOf(feed media.FeedID) (id string, ok bool) {
	if len(feed) <= len(Prefix) || feed[:len(Prefix)] != Prefix {
		return "", false
	}
	return string(feed[len(Prefix):]), true
}

// Feed is the name under which players find the class.
func (c *Class) Feed() media.FeedID { return media.FeedID(Prefix + c.ID) }

// Shows is what a node shows of the class; false: nothing now. A node that has no room
// in it looks in, and sees the main school. It is never the node's own room.
func (c *Class) Shows(node string) (media.FeedID, bool) {
	room := c.Main
	if node == c.Main {
		room = c.Floor
	}
	feed, ok := c.Rooms[room]
	if !ok || c.Gone || room == node || feed == c.Rooms[node] {
		return "", false
	}
	return feed, true
}

// Names lists the rooms in order.
func (c *Class) Names() []string { return slices.Sorted(maps.Keys(c.Rooms)) }

// newer tells whether this is a later word about the class than another.
func (c *Class) newer(than *Class) bool {
	return cmp.Or(cmp.Compare(c.Turn, than.Turn), cmp.Compare(c.By, than.By)) > 0
}

// Validate finds what cannot be; it wraps ErrClass.
func (c *Class) Validate() error {
	if _, err := media.ParseFeedID(Prefix + c.ID); err != nil {
		return fmt.Errorf("%w: its name %q: %w", ErrClass, c.ID, err)
	}
	if c.Turn > maxTurn || len(c.Hubs) > maxHubs {
		return fmt.Errorf("%w: %s has turned %d times and belongs to %d nodes", ErrClass, c.ID, c.Turn, len(c.Hubs))
	}
	if len(c.Meets) > maxName {
		return fmt.Errorf("%w: %s meets on a machine with a name of %d letters", ErrClass, c.ID, len(c.Meets))
	}
	if c.Gone {
		return nil
	}
	if len(c.Rooms) < 2 || len(c.Rooms) > maxRooms {
		return fmt.Errorf("%w: %s has %d rooms, 2 to %d are possible", ErrClass, c.ID, len(c.Rooms), maxRooms)
	}
	taken := make(map[media.FeedID]string, len(c.Rooms))
	for _, node := range c.Names() {
		feed := c.Rooms[node]
		if _, err := media.ParseFeedID(string(feed)); err != nil {
			return fmt.Errorf("%w: %s, room %s: %w", ErrClass, c.ID, node, err)
		}
		if _, isClass := IDOf(feed); isClass {
			return fmt.Errorf("%w: %s, room %s: %s is a class, not a feed", ErrClass, c.ID, node, feed)
		}
		if other := taken[feed]; other != "" {
			return fmt.Errorf("%w: %s: rooms %s and %s have the same feed %s", ErrClass, c.ID, other, node, feed)
		}
		taken[feed] = node
	}
	return c.check(c.Main, c.Floor)
}

// check tells whether rooms may be the main school and have the floor.
func (c *Class) check(main, floor string) error {
	switch {
	case c.Rooms[main] == "":
		return fmt.Errorf("%w: %s has no room %q to be the main school", ErrClass, c.ID, main)
	case floor != "" && c.Rooms[floor] == "":
		return fmt.Errorf("%w: %s has no room %q to have the floor", ErrClass, c.ID, floor)
	case floor == main:
		return fmt.Errorf("%w: %s: %s is the main school; the floor is for another room", ErrClass, c.ID, main)
	}
	return nil
}
