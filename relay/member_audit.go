package relay

import (
	"context"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/store"
)

// refuse writes a refusal down in the audit log, if there is one. It does not wait.
func (m *member) refuse(now time.Time, node, action, why string, from net.Addr) {
	if m.store == nil {
		return
	}
	if node == "" {
		node = "somebody"
	}
	e := store.Event{At: now, Actor: node, Source: from.String(), Action: action, Object: m.node.cfg.Node, Result: why}
	select {
	case m.audits <- e:
	default:
		m.mu.Lock()
		m.unheard++
		m.mu.Unlock()
	}
}

// write keeps the audit log until ctx ends.
func (m *member) write(ctx context.Context) {
	for {
		select {
		case e := <-m.audits:
			if err := m.store.Audit(ctx, e); err != nil && ctx.Err() == nil {
				m.log.Error("the audit log misses something", zap.String("action", e.Action), zap.String("who", e.Actor),
					zap.String("result", e.Result), zap.Error(err))
			}
		case <-ctx.Done():
			return
		}
	}
}

// sayUnsaid sums up the refusals that were too many to be told one by one.
func (m *member) sayUnsaid() {
	m.mu.Lock()
	unheard := m.unheard
	m.unheard = 0
	m.mu.Unlock()
	if unsaid := m.node.refused.takeUnsaid(time.Now()) + unheard; unsaid > 0 {
		m.log.Warn("more were refused than are told one by one", zap.Int("refused", unsaid))
	}
}
