package relay

import (
	"sync"

	"github.com/classrelay/classrelay/media"
)

// programme is a class as players at this node see it: one source under one name, which
// shows now the feed of this school and now that of another. A viewer stays; its stream
// goes on with the next feed's key frame, as after a camera that was restarted.
//
// It is safe for concurrent use. Its lock is taken before those of its views, and those
// before the table's.
type programme struct {
	id    media.FeedID
	table *table

	mu     sync.Mutex
	shown  *feed                         // nil: nothing now
	tracks [media.NumLayers]*media.Track // as players are told
	views  map[*programmeView]struct{}   // that read anything

	// own is the node's own room; nil: it has none in this class. While somebody here
	// watches the class its camera is kept at work, so that the others get a picture at
	// once when the room becomes the main school. Nothing of that leaves the node.
	own  *feed
	warm []*subscription
}

func newProgramme(id media.FeedID, t *table) *programme {
	return &programme{id: id, table: t, views: make(map[*programmeView]struct{})}
}

// turn goes on with another feed; nil: with nothing. own is the node's own room, if it
// has one. It tells whether nobody watches.
func (p *programme) turn(own, shown *feed) (unseen bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if own != p.own {
		p.letGo()
		p.own = own
		p.keepWarm()
	}
	if shown != p.shown {
		p.shown = shown
		for v := range p.views {
			v.turn(shown)
		}
	}
	return len(p.views) == 0
}

// ID implements playout.Source.
func (p *programme) ID() media.FeedID { return p.id }

// Tracks implements playout.Source. What is not known yet of the feed that is shown, as
// just after a turn, and while nothing is shown, is as it was before: so viewers stay.
func (p *programme) Tracks() [media.NumLayers]*media.Track {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown != nil {
		for l, t := range p.shown.Tracks() {
			if t != nil {
				p.tracks[l] = t
			}
		}
	}
	return p.tracks
}

// described is the feed by which a player that comes now is told what it gets.
func (p *programme) described() *feed {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown != nil {
		return p.shown
	}
	return p.own
}

// learn takes over how a feed like this is encoded, where nothing is known yet.
func (p *programme) learn(tracks [media.NumLayers]*media.Track) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l, t := range tracks {
		if p.tracks[l] == nil {
			p.tracks[l] = t
		}
	}
}

// RequestKeyFrame implements playout.Source.
func (p *programme) RequestKeyFrame(l media.Layer) {
	p.mu.Lock()
	f := p.shown
	p.mu.Unlock()
	if f != nil {
		p.table.requestKeyFrame(f, l)
	}
}

// enter lets a view follow the programme from now on, and tells what is shown.
func (p *programme) enter(v *programmeView) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, there := p.views[v]; there {
		return
	}
	p.views[v] = struct{}{}
	v.turn(p.shown)
	p.keepWarm()
}

// leave forgets a view.
func (p *programme) leave(v *programmeView) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.views, v)
	p.keepWarm()
}

// keepWarm keeps the own room's camera at work, or lets it go. With mu held.
func (p *programme) keepWarm() {
	wanted := p.own != nil && len(p.views) > 0
	switch {
	case wanted && p.warm == nil:
		nobody := make(chan struct{}, 1) // reads what comes
		for l := range media.Layer(media.NumLayers) {
			p.warm = append(p.warm, p.table.subscribe(p.own, l, nobody, false))
		}
	case !wanted:
		p.letGo()
	}
}

// letGo gives the own room's camera up. With mu held.
func (p *programme) letGo() {
	for _, s := range p.warm {
		s.Close()
	}
	p.warm = nil
}
