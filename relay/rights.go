package relay

import (
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/rights"
	"github.com/classrelay/classrelay/relay/route"
)

// What a peer may not have is not announced to it. A node of ours asks for nothing that
// is not announced; one that does is not ours any more.

// errNoRight is a feed that a peer may not have.
var errNoRight = errors.New("this node may not have it")

// setRights takes over what peers may give and have. Links act on it as soon as they
// turn.
func (t *table) setRights(r *rights.Rights) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rights = r
	t.announce()
}

// rightsOf are those of the peer at the other end of a link. With mu held.
func (t *table) rightsOf(peer string) *rights.Peer {
	if l := t.links[peer]; l != nil {
		return t.rights.Of(l.who)
	}
	return t.rights.Of(identity.Member{Node: route.NodeOf(peer)})
}

// permitted leaves out of an announcement what the peer may not have. With mu held.
func (t *table) permitted(peer string, feeds []control.Feed) []control.Feed {
	may, kept := t.rightsOf(peer), feeds[:0]
	for i := range feeds {
		if may.MayHave(feeds[i].ID) {
			kept = append(kept, feeds[i])
		}
	}
	return kept
}

// forbids is an errNoRight where a peer may not have a feed. With mu held.
func (t *table) forbids(peer string, id media.FeedID) error {
	if may := t.rightsOf(peer); !may.MayHave(id) {
		return fmt.Errorf("feed %s: %w: %s does not name it", id, errNoRight, may.Has())
	}
	return nil
}

// withdraw ends the flows that the peer may not have any more, after a reload.
func (s *sender) withdraw(now time.Time) (say []*control.Message) {
	s.table.mu.Lock()
	var ends []uint64
	for flow, f := range s.flows {
		if s.table.forbids(s.peer, f.target.feed) != nil {
			ends = append(ends, flow)
		}
	}
	s.table.mu.Unlock()
	for _, flow := range ends {
		say = append(say, &control.Message{Refused: &control.Refused{Flow: flow, Why: errNoRight.Error()}})
		s.close(now, flow)
	}
	return say
}

// overask says that a peer asks for what was not announced to it.
func (t *table) overask(peer identity.Member, from net.Addr, err error) {
	why := err.Error()
	if t.refuse == nil || !t.refuse(time.Now(), peer.Node, "watch.refuse", why, from) {
		return
	}
	t.log.Warn("a node asks for a feed that it may not have", zap.String("peer", peer.Node), zap.String("why", why))
	t.note(console.Change{Code: console.WatchRefused, Link: peer.Node, Why: why})
}
