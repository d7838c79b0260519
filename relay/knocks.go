package relay

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/audit"
	"github.com/classrelay/classrelay/relay/store"
	"github.com/classrelay/classrelay/roq"
)

// Strangers at the port of the media, in any number, most of whom never get as far as to
// show a certificate: their addresses may be forged, so that only their number means
// something.

const (
	// manyKnocks a minute are no mistakes of our own nodes any more: a county has 65
	// schools, and one that is refused comes back every second.
	manyKnocks = 600
	// knocksEvery is how often they are summed up.
	knocksEvery = time.Minute
)

// knocks is what the gate had counted when it was looked at last.
type knocks struct {
	at   time.Time
	told roq.GateStats
}

// since is how many were refused since the last minute began; false: it is not over.
func (k *knocks) since(now time.Time, g roq.GateStats) (d roq.GateStats, over bool) {
	if k.at.IsZero() {
		k.at = now
	}
	if now.Sub(k.at) < knocksEvery {
		return d, false
	}
	d = roq.GateStats{
		Begun: g.Begun - k.told.Begun, Failed: g.Failed - k.told.Failed,
		Retried: g.Retried - k.told.Retried, TurnedAway: g.TurnedAway - k.told.TurnedAway,
	}
	k.at, k.told = now, g
	return d, true
}

// watchGate says, in the log and in the audit log, when strangers knock by the hundred.
func (m *member) watchGate(now time.Time) {
	m.mu.Lock()
	d, over := m.knocks.since(now, m.node.Gate())
	n := d.Failed + d.Retried + d.TurnedAway
	if !over || n < manyKnocks {
		m.mu.Unlock()
		return
	}
	why := fmt.Sprintf("%d knocks in a minute came to nothing: %d handshakes failed, %d were asked to show where "+
		"they are, %d were turned away", n, d.Failed, d.Retried, d.TurnedAway)
	if m.store != nil {
		m.enter(store.Event{
			At: now, Actor: "somebody", Source: "several addresses", Action: audit.Flood, Object: m.node.cfg.Node,
			Result: why,
		})
	}
	m.mu.Unlock()
	if m.node.refused.first(now, audit.Flood, 1) {
		m.log.Warn("strangers knock at listen.quic by the hundred; lessons go first, and a firewall that lets only "+
			"the schools' networks in would keep them out", zap.String("why", why))
	}
}
