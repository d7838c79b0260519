package relay

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/probe"
)

// newDesk makes the place where the node decides who may probe it.
func newDesk(cfg *config.Config, t *table) *probe.Desk {
	return &probe.Desk{
		Off:     cfg.Links.Probe == config.ProbeOff,
		MaxRate: int64(cfg.Links.MaxRate),
		Watched: t.watched,
		Above:   func() []control.Hop { return t.above("") },
	}
}

// probed serves a peer that wants to measure the line and not to exchange feeds.
// The table never hears of it: a link to the same node goes on.
func (l *link) probed(ctx context.Context, ask *control.ProbeAsk) error {
	l.log.Info("this link is a probe", zap.String("software", ask.Software), zap.Bool("force", ask.Force))
	if err := l.session.Receive(probe.TestFlow, l.in); err != nil {
		return err
	}
	road := probe.Road{
		Session: l.session, Controller: l.conn.Controller(), In: l.in, Heard: l.said, Say: l.tell,
	}
	return l.table.desk.Serve(ctx, road, ask, l.conn.MaxDatagramSize())
}

// watched counts the layers that somebody watches through this node now.
func (t *table) watched() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.feeds {
		for _, i := range f.interest {
			n += i
		}
	}
	return n
}

// mostHops bounds what is told of the tree: control takes as many.
const mostHops = 4 * control.MaxHops

// above lists this node's links to its parents and what those told of theirs,
// nearest first, for a peer, who knows his own.
func (t *table) above(peer string) (hops []control.Hop) {
	var further []control.Hop
	for _, l := range t.peers() {
		st := l.status.Load()
		if !st.Dialled || l.peer == peer {
			continue
		}
		hops = append(hops, hopOf(t.node, st))
		for _, h := range st.Above {
			if h.Node != t.node && h.Node != peer {
				further = append(further, h)
			}
		}
	}
	hops = append(hops, further...)
	return hops[:min(len(hops), mostHops)]
}

// activeWithin tells a layer that is being sent from one that is only asked for.
const activeWithin = time.Second

// hopOf is a link to a parent in a few figures.
func hopOf(node string, st *LinkStatus) control.Hop {
	h := control.Hop{Node: node, Parent: st.Peer, RTTUs: st.Path.SmoothedRTT.Microseconds()}
	if st.Down.Sent > 0 { // before that the model knows only what is usual
		h.LossOut = &st.Down.Path.Loss
	}
	if s := &st.Down.Path.Signals; !s.At.IsZero() {
		us := s.Queue.Microseconds()
		h.QueueUs = &us
	}
	var offered, lost uint64
	var delay time.Duration
	for i := range st.In {
		f := &st.In[i]
		offered += f.Packets + f.Lost - f.Restored
		lost += f.Lost
		if !f.Layer.IsVideo() || st.At.Sub(f.Last) > activeWithin {
			continue
		}
		delay = max(delay, f.Latency.P50)
		if f.Layer == media.LayerMain {
			h.Main++
		} else {
			h.Sub++
		}
	}
	if offered > 0 {
		share := float64(lost) / float64(offered)
		h.LossIn = &share
	}
	if delay > 0 {
		us := delay.Microseconds()
		h.DelayUs = &us
	}
	return h
}
