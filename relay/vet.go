package relay

import (
	"fmt"
	"net"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/identity"
)

// A school speaks for itself only. Whatever its machine says on a link, feeds of other
// schools do not come from there, or one stolen box could put its picture in the place
// of any teacher's. Within a school its machines trust each other: one of them may stand
// between the others and the hub. Nodes without a role are hubs, and small sites are as
// they were.

// stranger tells whether a peer is a machine of a school that is not this node's own.
func stranger(self, peer identity.Member) bool {
	return peer.Level() == identity.School && (self.Level() != identity.School || self.School != peer.School)
}

// ownFeed tells whether a feed is a school's: named after it, and come from no node of
// another school.
func ownFeed(school string, f *control.Feed) bool {
	if id := string(f.ID); id != school && !strings.HasPrefix(id, school+"/") {
		return false
	}
	for _, node := range f.Path {
		if node != school && !strings.HasPrefix(node, school+"-") {
			return false
		}
	}
	return true
}

// vet leaves out of an announcement what the peer cannot speak for.
func (t *table) vet(peer identity.Member, from net.Addr, feeds []control.Feed) []control.Feed {
	if !stranger(t.self, peer) {
		return feeds
	}
	kept := feeds[:0]
	var first media.FeedID
	refused := 0
	for i := range feeds {
		if ownFeed(peer.School, &feeds[i]) {
			kept = append(kept, feeds[i])
			continue
		}
		if refused++; refused == 1 {
			first = feeds[i].ID
		}
	}
	if refused > 0 {
		t.overreach(peer, from, fmt.Sprintf(
			"%d feeds are not taken from it, such as %s: a school gives feeds named %s/… that come from its own machines",
			refused, first, peer.School))
	}
	return kept
}

// mayRule tells whether a peer may say what classes there are: a hub may.
func (t *table) mayRule(peer identity.Member) bool { return !stranger(t.self, peer) }

// overreach says that a school has spoken for another.
func (t *table) overreach(peer identity.Member, from net.Addr, why string) {
	if t.refuse == nil || !t.refuse(time.Now(), peer.Node, "feed.refuse", why, from) {
		return
	}
	t.log.Warn("a school speaks for another", zap.String("peer", peer.Node), zap.String("why", why))
	t.note(console.Change{Code: console.FeedRefused, Link: peer.Node, Why: why})
}
