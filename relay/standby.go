package relay

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/route"
	"github.com/classrelay/classrelay/relay/standby"
)

// keepWatch looks after the links until ctx ends: what comes over one that has fallen
// silent is fetched over another.
func (n *Node) keepWatch(ctx context.Context) {
	tick := time.NewTicker(standby.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			n.table.watchLinks(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

// watching is what the table knows of silent links. Its mutex is the table's.
type watching struct {
	watch standby.Watch
	doubt []string // links that bring nothing at the moment
	looks []standby.Link
	quiet map[string]route.Silence
}

// watchLinks asks the watch about all links and acts on its verdict.
func (t *table) watchLinks(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	aides := t.aides()
	looks := t.watching.looks[:0]
	for name, l := range t.links {
		look := standby.Link{Name: name, Heard: l.signs()}
		switch {
		case l.mail.carries():
			look.Duty = standby.Carries
		case aides[name]:
			look.Duty = standby.StandsBy
		}
		look.Serves = l.serves.Load()
		looks = append(looks, look)
	}
	v := t.watching.watch.Tick(now, looks)
	t.watching.looks, t.watching.doubt = looks, v.Doubt
	for _, name := range v.Ask {
		t.links[name].mail.ping()
	}
	for _, name := range v.Stuck {
		t.links[name].tryAnew()
	}
	t.fallSilent(&v)
}

// aides are the links that could bring what comes over those in doubt. With mu held.
func (t *table) aides() map[string]bool {
	out := make(map[string]bool)
	for _, name := range t.watching.doubt {
		l := t.links[name]
		if l == nil {
			continue
		}
		for _, id := range l.mail.feeds() {
			for _, peer := range t.routes.Peers(id) {
				if peer != name {
					out[peer] = true
				}
			}
		}
	}
	return out
}

// fallSilent acts on a verdict that differs from the last one. With mu held.
func (t *table) fallSilent(v *standby.Verdict) {
	quiet := make(map[string]route.Silence, len(v.Quiet))
	for _, name := range v.Quiet {
		quiet[name] = route.Quiet
	}
	for _, name := range v.Told {
		quiet[name] = route.Told
	}
	if maps.Equal(quiet, t.watching.quiet) {
		return
	}
	was := t.watching.quiet
	t.watching.quiet = quiet
	for _, name := range v.Quiet {
		if was[name] == route.Heard {
			t.log.Warn("the link brings nothing; what can come another way does", zap.String("peer", name))
			t.note(console.Change{Code: console.LinkSilent, Link: name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if quiet[name] == route.Heard && t.links[name] != nil {
			t.log.Info("the link is heard again", zap.String("peer", name))
		}
	}
	t.rerouted(t.routes.SetSilence(quiet))
}

// settleWay is how long a way has to be the best one until a feed is held to it. When
// a school comes up or its room is pushed anew, the word of it comes by one hub a
// little before it comes by the other, and the schools would spread over both.
const settleWay = time.Second

// holdTo keeps a feed that is wanted on the peer it comes by, and says when that
// changes in a lesson. An empty peer: it is not wanted, or there is no way. With mu
// held.
func (t *table) holdTo(f *feed, peer string, now time.Time) {
	was := t.routes.Held(f.ID())
	if f.way != peer {
		f.way, f.wayFrom = peer, now
	}
	switch {
	case peer == "":
		t.routes.Hold(f.ID(), "")
	case was != "" && was != peer:
		t.routes.Hold(f.ID(), peer)
		t.log.Info("feed comes another way now", zap.String("feed", string(f.ID())), zap.String("from", was),
			zap.String("to", peer))
		t.note(console.Change{Code: console.FeedMoved, Feed: string(f.ID()), Link: peer})
	case now.Sub(f.wayFrom) >= settleWay: // asked again by tick
		t.routes.Hold(f.ID(), peer)
	}
}
