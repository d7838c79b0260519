package relay

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/lesson"
	"github.com/classrelay/classrelay/relay/route"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// classes is what the node knows of who watches whom, and the programmes it shows. Its
// methods may be called from any goroutine and never wait, but for watch.
type classes struct {
	table *table

	mu         sync.Mutex // taken before the table's
	book       *lesson.Book
	programmes map[string]*programme
	onAir      map[media.FeedID]struct{} // what any of them watches
	appear     chan struct{}             // closed and made anew when anything changes
}

func newClasses(t *table) *classes {
	return &classes{
		table: t, book: lesson.NewBook(t.node), programmes: make(map[string]*programme),
		appear: make(chan struct{}),
	}
}

// configure takes over the classes of this node's configuration.
func (c *classes) configure(written []lesson.Class) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed(c.book.Configure(written))
}

// learn takes in what a peer knows over a link; above says that it is a parent of this node.
func (c *classes) learn(link string, above bool, told []lesson.Class) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed(c.book.Learn(peerOf(link, above), told))
}

// all is what to tell peers.
func (c *classes) all() []lesson.Class {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.book.All()
}

// asked acts on a change that a peer wants, or hands it on. Errors wrap lesson.ErrClass.
func (c *classes) asked(from string, a *lesson.Ask) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var peer string
	var on lesson.Ask
	err := c.credible(from, a)
	if err == nil {
		peer, on, err = c.book.Asked(peerOf(from, false), a)
	}
	if err == nil && peer != "" {
		err = c.handOn(peer, on)
	}
	if err == nil && peer == "" {
		c.changed([]string{a.Class})
	}
	return err
}

// peerOf is who is at the other end of a link.
func peerOf(link string, above bool) lesson.Peer {
	return lesson.Peer{Link: link, Node: route.NodeOf(link), Above: above}
}

// credible tells whether a peer can speak for the node that asks: it is that node, or
// the way to that node's room leads over it.
func (c *classes) credible(from string, a *lesson.Ask) error {
	class := c.book.Known(a.Class)
	if a.Path[0] == route.NodeOf(from) || class == nil {
		return nil
	}
	if !c.table.leadsTo(class.Rooms[a.Path[0]], from) {
		return fmt.Errorf("%w: %s asks for %s, which is not behind it", lesson.ErrClass, from, a.Path[0])
	}
	return nil
}

// handOn sends an Ask to a peer.
func (c *classes) handOn(peer string, a lesson.Ask) error {
	if !c.table.ask(peer, a) {
		return fmt.Errorf("%w: node %s, the way to who decides on %s, cannot be reached", lesson.ErrClass, peer, a.Class)
	}
	return nil
}

// change makes a room the main school and gives the floor, for somebody at this node.
// Where another node may change the class, it is asked, and the change comes when it
// has agreed. Errors wrap lesson.ErrClass.
func (c *classes) change(id, main, floor string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	peer, ask, err := c.book.Change(id, main, floor)
	switch {
	case err != nil:
		return err
	case peer != "":
		return c.handOn(peer, ask)
	}
	c.changed([]string{id})
	return nil
}

// changed acts on classes of which something is new. With mu held.
func (c *classes) changed(ids []string) {
	if len(ids) == 0 {
		return
	}
	for _, id := range ids {
		class := c.book.Known(id)
		if p := c.programmes[id]; p != nil && p.turn(c.own(class), c.shown(class)) && class.Gone {
			delete(c.programmes, id)
		}
		c.table.log.Info("class", zap.String("class", id), zap.String("main", class.Main), zap.String("floor", class.Floor),
			zap.Bool("gone", class.Gone), zap.String("by", class.By))
		c.table.note(console.Change{Code: console.ClassTurned, Feed: string(class.Feed()), Why: class.Main})
	}
	close(c.appear)
	c.appear = make(chan struct{})
	c.onAir = c.book.Shown()
	c.table.gather(c.book.Rooms())
	c.table.expect(c.rooms())
	c.table.tellAll()
}

// watched tells whether some class watches a feed now.
func (c *classes) watched(id media.FeedID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, is := c.onAir[id]
	return is
}

// rooms are those of the classes that this node has a room in, or shows. With mu held.
func (c *classes) rooms() (ids []media.FeedID) {
	for _, class := range c.book.All() {
		_, takesPart := class.Rooms[c.table.node]
		if takesPart = takesPart || c.programmes[class.ID] != nil; takesPart && !class.Gone {
			ids = slices.AppendSeq(ids, maps.Values(class.Rooms))
		}
	}
	return ids
}

// shown is the feed of a class that this node shows now, or nil.
func (c *classes) shown(class *lesson.Class) *feed {
	if id, ok := class.Shows(c.table.node); ok {
		return c.table.named(id)
	}
	return nil
}

// own is the feed of this node's room in a class, or nil.
func (c *classes) own(class *lesson.Class) *feed {
	if room, ok := class.Rooms[c.table.node]; ok && !class.Gone {
		return c.table.named(room)
	}
	return nil
}

// watch gives a player the programme of a class. It waits until the class is known, and
// the feed that it shows, or ctx is done. A player that comes while nothing is shown is
// told of a picture like that of the node's own room.
func (c *classes) watch(ctx context.Context, id string) (playout.Source, error) {
	p, err := c.await(ctx, id)
	if err != nil {
		return nil, err
	}
	f := p.described()
	if f == nil {
		return nil, fmt.Errorf("class %s: %w: this node has no room in it, and nothing is shown", id, rtsp.ErrOffline)
	}
	like, err := c.table.Watch(ctx, f.ID())
	if err != nil {
		return nil, fmt.Errorf("class %s: %w", id, err)
	}
	p.learn(like.Tracks())
	return newProgrammeView(p), nil
}

// await waits until a class is known.
func (c *classes) await(ctx context.Context, id string) (*programme, error) {
	for {
		p, appear := c.find(id)
		if p != nil {
			return p, nil
		}
		select {
		case <-appear:
		case <-ctx.Done():
			return nil, fmt.Errorf("class %s: %w at %s: no node has told of it", id, rtsp.ErrUnknownFeed, c.table.node)
		}
	}
}

// find returns the programme of a class; nil while nothing is known of it.
func (c *classes) find(id string) (*programme, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	class := c.book.Known(id)
	if class == nil || class.Gone {
		return nil, c.appear
	}
	p := c.programmes[id]
	if p == nil {
		p = newProgramme(class.Feed(), c.table)
		p.turn(c.own(class), c.shown(class))
		c.programmes[id] = p
		c.table.expect(c.rooms())
	}
	return p, nil
}

// gather has the feeds of a class come together on one hub.
func (t *table) gather(rooms map[media.FeedID]*lesson.Class) {
	meetings := make(map[media.FeedID]route.Meeting, len(rooms))
	for id, c := range rooms {
		meetings[id] = route.Meeting{Class: c.ID, At: c.Meets}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rerouted(t.routes.SetMeetings(meetings))
}

// on tells of the machines that lessons can meet on.
func (c *classes) on(machines func() []lesson.Machine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.book.On(machines)
}

// lessons is how many meet on this node.
func (c *classes) lessons() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.book.Lessons(c.table.node)
}

// tellAll makes every link tell its peer what there is.
func (t *table) tellAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.announce()
}

// named returns the feed of that name, whether it can be had now or not.
func (t *table) named(id media.FeedID) *feed {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.open(id)
	if peer, a, ok := t.routes.Best(id); ok && f.source == nil {
		f.learn(peer, &a)
	}
	return f
}

// leadsTo tells whether a way to a feed leads over a peer, which need not be the one it
// comes by.
func (t *table) leadsTo(id media.FeedID, over string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Contains(t.routes.Peers(id), over)
}

// ask hands an Ask to a link; false: there is none to that peer, or it is busy.
func (t *table) ask(peer string, a lesson.Ask) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.links[peer]
	return l != nil && l.mail.ask(a)
}
