package relay

import (
	"context"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/store"
)

// refuse writes a refusal down in the audit log, if there is one, by itself or in a count
// of many. It does not wait.
func (m *member) refuse(now time.Time, node, action, why string, from net.Addr) {
	if node == "" {
		node = "somebody"
	}
	e := store.Event{At: now, Actor: node, Source: "this machine", Action: action, Object: m.node.cfg.Node, Result: why}
	if from != nil {
		e.Source = from.String()
	}
	if m.store != nil {
		m.count(e)
	}
}

// book is the store as the desk writes in it: codes that are refused are counted with
// all that is refused.
type book struct {
	*store.Store
	member *member
}

// Audit implements enrol.Audits.
func (b book) Audit(ctx context.Context, e store.Event) error {
	if e.Action != enrol.TokenRefused {
		return b.Store.Audit(ctx, e)
	}
	b.member.count(e)
	return nil
}

// count writes a refusal down, or counts it.
func (m *member) count(e store.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if entry, write := m.tally.Refused(e.At, e); write {
		m.enter(entry)
	}
}

// enter puts entries where they are written from. With mu held.
func (m *member) enter(entries ...store.Event) {
	for _, e := range entries {
		select {
		case m.audits <- e:
		default:
			m.unheard++
		}
	}
}

// tallyUp has the counts written whose minute is over.
func (m *member) tallyUp(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enter(m.tally.Due(now)...)
}

const (
	// rewriteEvery is how often an audit log that takes nothing is tried again.
	rewriteEvery = 5 * time.Second
	// lastWords bounds what is written when the node stops.
	lastWords = 2 * time.Second
)

// write keeps the audit log until ctx ends, and then writes what is left. What cannot be
// written waits for room: the lessons go on meanwhile, and so do the refusals.
func (m *member) write(ctx context.Context) {
	var late backlog
	again := time.NewTicker(rewriteEvery)
	defer again.Stop()
	fails := false
	for ctx.Err() == nil {
		select {
		case e := <-m.audits:
			late.add(e)
			if fails {
				continue // until it is tried again
			}
		case <-again.C:
		case <-ctx.Done():
			continue
		}
		err := m.flush(context.WithoutCancel(ctx), &late) // half an entry is none
		if err != nil && !fails {
			m.log.Error("the audit log cannot be written; lessons go on, and what is refused waits for it", zap.Error(err))
			m.node.table.note(console.Change{Code: console.StateFails, Why: err.Error()})
		}
		if err == nil && fails {
			m.log.Info("the audit log can be written again")
		}
		fails = err != nil
	}
	m.writeRest(context.WithoutCancel(ctx), &late)
}

// writeRest writes what is left when the node stops.
func (m *member) writeRest(ctx context.Context, late *backlog) {
	ctx, stop := context.WithTimeout(ctx, lastWords)
	defer stop()
	m.mu.Lock()
	m.enter(m.tally.Rest()...)
	m.mu.Unlock()
	for len(m.audits) > 0 { // nobody else reads
		late.add(<-m.audits)
	}
	if err := m.flush(ctx, late); err != nil {
		m.log.Error("the audit log misses the last that was refused", zap.Int("entries", len(late.waiting)), zap.Error(err))
	}
}

// flush writes down what waits.
func (m *member) flush(ctx context.Context, late *backlog) error {
	for {
		e, ok := late.next(m.node.cfg.Node, time.Now())
		if !ok {
			return nil
		}
		if err := m.store.Audit(ctx, e); err != nil {
			return err
		}
		late.written()
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
