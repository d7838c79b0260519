package relay

import (
	"sync"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
)

// programmeView is a programme as one viewer sees it. At a turn it reads on what it had
// until the next feed has a picture, and then goes over with all layers at once: the old
// feed's main stream must not be preferred to the new one's sub stream.
type programmeView struct {
	*programme

	mu      sync.Mutex
	now     *feed // nil: nothing
	next    *feed // takes over when it has a picture; nil: no turn is under way
	cursors map[*programmeCursor]struct{}
}

func newProgrammeView(p *programme) *programmeView {
	return &programmeView{programme: p, cursors: make(map[*programmeCursor]struct{})}
}

// Subscribe implements playout.Source.
func (v *programmeView) Subscribe(l media.Layer, wake chan<- struct{}) playout.Subscription {
	v.enter(v)
	v.mu.Lock()
	defer v.mu.Unlock()
	c := &programmeCursor{view: v, layer: l, wake: wake, exact: l == media.LayerSub && !v.readsMain()}
	v.cursors[c] = struct{}{}
	c.now, c.next = c.open(v.now), c.open(v.next)
	return c
}

// turn goes over to another feed as soon as that has a picture; what was shown stays
// until then. With nothing to show it ends at once: it may be the viewer's own room from
// now on, which nobody is to hear.
func (v *programmeView) turn(f *feed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.next = f
	for c := range v.cursors {
		shut(&c.next)
		c.next = c.open(f)
		select {
		case c.wake <- struct{}{}: // the ring may have something already
		default:
		}
	}
	if f == nil || v.now == nil || len(v.cursors) == 0 {
		v.goOver()
	}
}

// goOver reads the next feed only. With mu held.
func (v *programmeView) goOver() {
	v.now, v.next = v.next, nil
	for c := range v.cursors {
		shut(&c.now)
		c.now, c.next = c.next, nil
	}
}

// watchesPicture tells whether any layer of the picture is read. With mu held.
func (v *programmeView) watchesPicture() bool {
	for c := range v.cursors {
		if c.layer.IsVideo() {
			return true
		}
	}
	return false
}

// readsMain tells whether main is read: then sub is only wanted in its place. With mu
// held.
func (v *programmeView) readsMain() bool {
	for c := range v.cursors {
		if c.layer == media.LayerMain {
			return true
		}
	}
	return false
}

// programmeCursor is one viewer's reading place in one layer of a programme. The view's
// lock guards it.
type programmeCursor struct {
	view      *programmeView
	layer     media.Layer
	wake      chan<- struct{}
	exact     bool                 // the viewer needs this very layer
	now, next playout.Subscription // of the view's feeds; nil: none
}

// open subscribes to a feed; nil: to none. With the view's mu held.
func (c *programmeCursor) open(f *feed) playout.Subscription {
	if f == nil {
		return nil
	}
	return f.table.subscribe(f, c.layer, c.wake, c.exact)
}

// Read implements playout.Subscription.
func (c *programmeCursor) Read(dst []*media.Packet) []*media.Packet {
	v := c.view
	v.mu.Lock()
	defer v.mu.Unlock()
	// The sound goes over with the picture.
	if c.next != nil && (c.layer.IsVideo() || !v.watchesPicture()) {
		n := len(dst)
		if dst = c.next.Read(dst); len(dst) > n {
			v.goOver()
			return dst
		}
	}
	if c.now == nil {
		return dst
	}
	return c.now.Read(dst)
}

// Close implements playout.Subscription. It may be called twice.
func (c *programmeCursor) Close() {
	v := c.view
	v.mu.Lock()
	delete(v.cursors, c)
	shut(&c.next)
	shut(&c.now)
	last := len(v.cursors) == 0
	v.mu.Unlock()
	if last {
		v.leave(v)
	}
}

// shut closes a subscription that is there.
func shut(s *playout.Subscription) {
	if *s != nil {
		(*s).Close()
		*s = nil
	}
}
