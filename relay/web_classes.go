package relay

import (
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/lesson"
)

// Classes implements console.Node.
func (w *web) Classes() []console.Class {
	t := w.node.table
	list := t.classes.told()
	for i := range list {
		for k := range list[i].Rooms {
			r := &list[i].Rooms[k]
			r.Online = t.isOnline(media.FeedID(r.Feed))
		}
	}
	return list
}

// told puts the classes that run into the page's words.
func (c *classes) told() []console.Class {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := []console.Class{}
	for _, class := range c.book.All() {
		if !class.Gone {
			list = append(list, c.inWords(&class))
		}
	}
	return list
}

// inWords puts one into words. With mu held.
func (c *classes) inWords(of *lesson.Class) console.Class {
	out := console.Class{
		ID: of.ID, Feed: string(of.Feed()), Main: of.Main, Floor: of.Floor, Meets: of.Meets, Rooms: []console.Room{},
		MayHush: of.Floor != "" && c.book.May(of.ID, of.Main, ""),
	}
	for _, node := range of.Names() {
		shows, _ := of.Shows(node)
		out.Rooms = append(out.Rooms, console.Room{
			Node: node, Feed: string(of.Rooms[node]), Shows: string(shows),
			MayMain:  node != of.Main && c.book.May(of.ID, node, ""),
			MayFloor: node != of.Floor && c.book.May(of.ID, of.Main, node),
		})
	}
	return out
}

// isOnline tells whether a feed comes, or would if somebody watched.
func (t *table) isOnline(id media.FeedID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, a, ok := t.routes.Best(id)
	return ok && a.Online
}

// Turn implements console.Node.
func (w *web) Turn(class, main, floor string) error {
	return w.node.table.classes.change(class, main, floor)
}
