package relay

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/lesson"
	"github.com/classrelay/classrelay/relay/rights"
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

// ownName tells whether a feed is named after a school.
func ownName(school string, id media.FeedID) bool {
	return string(id) == school || strings.HasPrefix(string(id), school+"/")
}

// ownPath tells whether a feed has crossed no node of another school.
func ownPath(school string, path []string) bool {
	return !slices.ContainsFunc(path, func(node string) bool { return !rights.OfSchool(school, node) })
}

// vet leaves out of an announcement what the peer cannot speak for.
func (t *table) vet(peer identity.Member, from net.Addr, feeds []control.Feed) []control.Feed {
	kept := feeds[:0]
	refused, first := 0, ""
	t.mu.Lock()
	may := t.rights.Of(peer)
	for i := range feeds {
		why := t.unfounded(peer, may, &feeds[i])
		if why == "" {
			kept = append(kept, feeds[i])
			continue
		}
		if refused++; refused == 1 {
			first = fmt.Sprintf("%s: %s", feeds[i].ID, why)
		}
	}
	t.mu.Unlock()
	if refused > 0 {
		t.overreach(peer, from, fmt.Sprintf("%d feeds are not taken from it, such as %s", refused, first))
	}
	return kept
}

// unfounded says why a feed is not taken from a peer; empty: it is. With mu held.
func (t *table) unfounded(peer identity.Member, may *rights.Peer, f *control.Feed) string {
	foreign := stranger(t.self, peer)
	last := f.Path[len(f.Path)-1] // control.Parse has seen to it that there is one
	switch {
	case last != peer.Node:
		return fmt.Sprintf("it says that it is node %s, and its certificate that it is %s", last, peer.Node)
	case foreign && !ownPath(peer.School, f.Path):
		return fmt.Sprintf("it says that it comes from node %s: a school gives what comes from its own machines", f.Path[0])
	case may.MayGive(f.ID, !foreign || ownName(peer.School, f.ID)):
		return ""
	case may.Gives() != "":
		return may.Gives() + " does not name it"
	}
	return fmt.Sprintf("a school gives feeds named %s/… and its rooms in the classes of this node", peer.School)
}

// mayRule tells whether a peer may say what classes there are: a hub may.
func (t *table) mayRule(peer identity.Member) bool { return !stranger(t.self, peer) }

// turnRefused says that a change of a class was refused. It has been refused already.
func (t *table) turnRefused(peer identity.Member, from net.Addr, a *lesson.Ask, err error) {
	if t.refuse == nil || !t.refuse(time.Now(), peer.Node, "class.refuse", err.Error(), from) {
		return
	}
	t.log.Warn("change of a class refused", zap.String("class", a.Class), zap.String("peer", peer.Node),
		zap.Strings("path", a.Path), zap.Error(err))
}

// overreach says that a node has spoken for another.
func (t *table) overreach(peer identity.Member, from net.Addr, why string) {
	if t.refuse == nil || !t.refuse(time.Now(), peer.Node, "feed.refuse", why, from) {
		return
	}
	t.log.Warn("a node speaks for another", zap.String("peer", peer.Node), zap.String("why", why))
	t.note(console.Change{Code: console.FeedRefused, Link: peer.Node, Why: why})
}
