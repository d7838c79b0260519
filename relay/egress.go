package relay

import (
	"sync"
	"time"

	"github.com/classrelay/classrelay/internal/bwe"
	"github.com/classrelay/classrelay/internal/layer"
)

// egress is the way out of a node that its links share: a school's one line, a
// hub's one uplink. Where several links fill it together, each alone would take
// the others for strangers; the allocator sees that they are not, and deals out
// what there is: sound of all, sub streams of all, main streams by importance.
// Links that are slow on a way of their own are left alone.
//
// Each link's loop asks for its own verdict; the lock is held for some hundred
// nanoseconds and a few more for each link of the node.
type egress struct {
	mu     sync.Mutex
	uplink layer.Uplink
}

// Decide implements fanout.Allocator.
func (e *egress) Decide(now time.Time, s *layer.Selector, sig bwe.Signals, want layer.Want) layer.Verdict {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.uplink.Decide(now, s, sig, want)
}

// Leave implements fanout.Allocator.
func (e *egress) Leave(s *layer.Selector) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.uplink.Leave(s)
}
