package relay

import (
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/lesson"
)

// Classes implements console.Node.
func (w *web) Classes() []console.Class {
	list := []console.Class{}
	for _, c := range w.node.table.classes.all() {
		if c.Gone {
			continue
		}
		list = append(list, classOf(&c))
	}
	return list
}

// classOf puts a class into the page's words.
func classOf(c *lesson.Class) console.Class {
	out := console.Class{ID: c.ID, Feed: string(c.Feed()), Main: c.Main, Floor: c.Floor, Rooms: []console.Room{}}
	for _, node := range c.Names() {
		shows, _ := c.Shows(node)
		out.Rooms = append(out.Rooms, console.Room{Node: node, Feed: string(c.Rooms[node]), Shows: string(shows)})
	}
	return out
}

// Turn implements console.Node.
func (w *web) Turn(class, main, floor string) error {
	return w.node.table.classes.change(class, main, floor)
}
