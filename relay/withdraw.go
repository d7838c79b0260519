package relay

import (
	"maps"
	"slices"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/route"
)

// A feed outlives its source: viewers wait while a camera reboots or a line is cut.
// A feed that an operator takes out of the configuration does not come back, so its
// viewers are told, here and at all nodes below.

// withdraw takes a feed out for good, unless another way leads to it.
func (t *table) withdraw(id media.FeedID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sendAway(id, "this node's configuration")
}

// withdrawnBy acts on what a peer says is taken out, where it was that peer the feed
// came from.
func (t *table) withdrawnBy(peer string, ids []media.FeedID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		if f := t.feeds[id]; f != nil && f.source == nil && f.from == peer {
			t.sendAway(id, "node "+peer)
		}
	}
}

// abandon takes out what came from a peer that this node will not link up with again;
// from nobody, where there never was a link.
func (t *table) abandon(peer string) {
	if peer == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, f := range t.feeds {
		if f.source == nil && route.NodeOf(f.from) == peer {
			t.sendAway(id, "this node's configuration, which has no parent "+peer+" any more")
		}
	}
}

// sendAway ends a feed that has no way left, and says so once. With mu held.
func (t *table) sendAway(id media.FeedID, by string) {
	_, known := t.withdrawn[id]
	if _, _, ok := t.routes.Best(id); ok || known {
		return
	}
	t.withdrawn[id] = struct{}{}
	viewers := 0
	for _, dismiss := range t.dismiss {
		viewers += dismiss(id)
	}
	t.log.Info("feed withdrawn, its viewers are sent away", zap.String("feed", string(id)), zap.String("by", by),
		zap.Int("viewers", viewers))
	t.note(console.Change{Code: console.Withdrawn, Feed: string(id), Why: by})
	t.announce()
}

// serve makes a server one of those whose players watch the table's feeds; dismiss
// sends away those who watch one, tells how many, and must not call the table.
func (t *table) serve(dismiss func(id media.FeedID) int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dismiss = append(t.dismiss, dismiss)
}

// withdrawals lists the feeds that are taken out, in order.
func (t *table) withdrawals() []media.FeedID {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.withdrawn))
}
