package relay

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/directory"
	"github.com/classrelay/classrelay/roq"
)

// In a small site every node is told of every feed. In a county that would be 2,000
// feeds to each of 500 schools, every five seconds. There a node asks for the feeds it
// has to do with, and is told of those. A hub still hears all that its schools have: that
// is little, and it is the one to know.
//
// What is asked for goes on in the tree as far as it must: up and sideways for those
// below, down for everybody, and never up again for those above. So no question goes
// round in a circle, and each ends when the one who had it has gone.

// stand is where the other end of a link is in the tree, seen from here.
type stand int

const (
	standsNowhere stand = iota // no county, or an older kind of certificate: all is told
	standsBelow
	standsBeside
	standsAbove
)

const (
	// askEvery is how often is looked whether other feeds are to be asked for, beside
	// when somebody waits for one.
	askEvery = time.Second
	// mostAskedFor bounds what is asked for over one link: control takes no more.
	mostAskedFor = 4096
)

// farEnd is what the node's place in its county makes of the other end of a link. The zero
// value: no county.
type farEnd struct {
	stands stand
	// asks tells that this node hears of the feeds it asks this peer for, and no others.
	asks bool
	// take is what to do with streams beside the control stream; nil: there are none.
	take func(ctx context.Context, kind byte, s roq.Stream)
	// up and down are told when the link is in use and when it is not any more; nil: nobody is.
	up, down func(l *link)
}

// hearing is which feeds are sought by whom. Its mutex is the table's.
type hearing struct {
	// waiting holds the feeds that somebody here waits for and nobody has told of yet,
	// and until when they are asked for.
	waiting map[media.FeedID]time.Time
	// expected are the rooms of the classes that this node takes part in: to be known
	// before one of them becomes the main school.
	expected []media.FeedID
	// peers holds what those ask for who are told only that.
	peers map[*link][]media.FeedID
	share directory.Share // what the level above may see
}

// seek has the links ask for a feed that is not known. With mu held.
func (t *table) seek(id media.FeedID) {
	if t.hearing.waiting == nil {
		t.hearing.waiting = make(map[media.FeedID]time.Time)
	}
	_, already := t.hearing.waiting[id]
	t.hearing.waiting[id] = time.Now().Add(linger)
	if !already {
		t.seekAll()
	}
}

// expect has the links ask for those feeds from now on, and for no others that nobody
// wants.
func (t *table) expect(ids []media.FeedID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hearing.expected = ids
	t.seekAll()
}

// seekAll has the links look what they are to ask for. With mu held.
func (t *table) seekAll() {
	for _, l := range t.links {
		if l.leg.asks {
			l.mail.look()
		}
	}
}

// asked takes over what a peer wants to hear of.
func (t *table) asked(l *link, ids []media.FeedID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.links[l.name] != l {
		return
	}
	if t.hearing.peers == nil {
		t.hearing.peers = make(map[*link][]media.FeedID)
	}
	t.hearing.peers[l] = ids
	t.seekAll()
}

// sought lists the feeds to hear of from the other end of a link, in order: those that
// are wanted or waited for here, and those that others want to hear of by this node.
func (t *table) sought(now time.Time, l *link) []media.FeedID {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.hearing.waiting, func(_ media.FeedID, until time.Time) bool { return now.After(until) })
	ids := make(map[media.FeedID]struct{})
	for id := range t.hearing.waiting {
		ids[id] = struct{}{}
	}
	for _, id := range t.hearing.expected {
		if f := t.feeds[id]; f == nil || f.source == nil {
			ids[id] = struct{}{}
		}
	}
	for id, f := range t.feeds {
		if w := f.wanted(now); f.source == nil && slices.Contains(w[:], true) {
			ids[id] = struct{}{}
		}
	}
	for by, asked := range t.hearing.peers {
		if by.peer == l.peer || l.leg.stands != standsBelow && by.leg.stands != standsBelow {
			continue
		}
		for _, id := range asked {
			ids[id] = struct{}{}
		}
	}
	list := slices.Sorted(maps.Keys(ids))
	return list[:min(len(list), mostAskedFor)]
}

// ask tells the peer of what this node wants to hear, when that has changed.
func (l *link) ask(now time.Time) error {
	if !l.leg.asks || now.Before(l.due.ask) {
		return nil
	}
	l.due.ask = now.Add(askEvery)
	ids := l.table.sought(now, l)
	if l.told.hear != nil && slices.Equal(ids, l.told.hear) {
		return nil
	}
	l.told.hear = append([]media.FeedID{}, ids...)
	return l.tell(&control.Message{Hear: &control.Hear{Feeds: ids}})
}

// announce tells the peer what this node can give it. A peer that asks is told of that,
// and when nothing has changed about it only every five seconds.
func (l *link) announce(now time.Time) error {
	feeds, classes := l.table.announcementTo(l), l.table.classes.all()
	if l.theirs.Asks && now.Before(l.due.repeat) &&
		reflect.DeepEqual(feeds, l.told.feeds) && reflect.DeepEqual(classes, l.told.classes) {
		l.due.announce = l.due.repeat
		return nil
	}
	if l.theirs.Asks {
		l.told.feeds, l.told.classes = feeds, classes
	}
	l.due.repeat = now.Add(announceEvery)
	l.due.announce = l.due.repeat
	if err := l.tell(&control.Message{Feeds: feeds}); err != nil {
		return err
	}
	if len(classes) == 0 {
		return nil
	}
	return l.tell(&control.Message{Classes: &control.Classes{Classes: classes}})
}

// announcementTo is what the other end of a link is to hear.
func (t *table) announcementTo(l *link) *control.Feeds {
	feeds := &control.Feeds{Withdrawn: t.withdrawals(), Above: t.above(l.peer)}
	if l.theirs.Asks {
		feeds.Feeds = t.announcement(l.name, l.hears)
		feeds.Withdrawn = slices.DeleteFunc(feeds.Withdrawn, func(id media.FeedID) bool {
			return !slices.Contains(l.hears, id)
		})
	} else {
		feeds.Feeds = t.announcement(l.name, t.allFeeds())
	}
	if l.leg.stands == standsAbove {
		feeds.Feeds = t.hearing.open(feeds.Feeds)
	}
	return feeds
}

// open are those feeds of an announcement that the level above may see, with what it may
// see of them.
func (h *hearing) open(feeds []control.Feed) (open []control.Feed) {
	if h.share == nil {
		return feeds
	}
	for _, f := range feeds {
		layers, ok := h.share.Of(f.ID, f.Layers)
		if !ok {
			continue
		}
		f.Layers = layers
		f.Tracks = maps.Clone(f.Tracks)
		maps.DeleteFunc(f.Tracks, func(l media.Layer, _ *media.Track) bool { return !h.share(f.ID, l) })
		open = append(open, f)
	}
	return open
}

// mayHave tells whether the other end of a link may have a layer of a feed: the level above
// what the county shares with it.
func (t *table) mayHave(l *link, m *control.Subscribe) error {
	if share := t.hearing.share; share != nil && l.leg.stands == standsAbove && !share(m.Feed, m.Layer) {
		return fmt.Errorf("feed %s: %w: county.share keeps its %s stream from the level above", m.Feed, errNoRight,
			m.Layer)
	}
	return nil
}
