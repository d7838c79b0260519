package relay

import (
	"cmp"
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/console"
)

// link puts a link into words.
func (g *figures) link(now time.Time, l *LinkStatus) console.Link {
	out := console.Link{
		Peer: l.Peer, Remote: l.Remote, Up: true, Dialled: l.Dialled, Since: moment(l.Since), Flows: []console.Flow{},
	}
	if l.At.IsZero() {
		return out // it has just come up
	}
	if l.Path.SmoothedRTT > 0 {
		out.RTTMS = console.MS(l.Path.SmoothedRTT)
		out.DelayMS = console.MS(l.Path.MinRTT / 2)
		out.DelayErrorMS = console.MS(l.Path.MinRTT / 2) // nothing shows how a round trip divides
	}
	g.traffic(now, l, &out)
	out.QueueMS = console.MS(max(l.Down.Path.Signals.Queue, l.Down.QueueAge))
	if c := l.Down.Path.Signals.Capacity; c > 0 {
		out.Estimate = new(float64(int64(c)))
	}
	out.LatencyMS = latencyOf(now, l)
	out.Flows = flowsOf(now, l)
	out.Facts = console.LinkFacts{Silent: l.Down.Path.Blackout, SoundOnly: soundOnly(l)}
	if reach := l.Down.Path.Reach; l.Path.MinRTT > 0 && reach.Rounds == 0 {
		out.Facts.Far = reach.Text
	}
	return out
}

// traffic fills in what is counted: of the direction in which media comes, or else of
// the other.
func (g *figures) traffic(now time.Time, l *LinkStatus, out *console.Link) {
	var packets, bytes, parity, lost, restored, gone uint64
	for i := range l.In {
		f := &l.In[i]
		packets, bytes, parity = packets+f.Packets, bytes+f.Bytes, parity+f.Parity
		lost, restored, gone = lost+f.Lost, restored+f.Restored, gone+f.GivenUp
	}
	out.Repaired, out.Lost = &restored, &gone
	out.Late = new(l.Down.Dropped.Frames)
	// Flows come and go with their counters, so their sum may go back; rate and share
	// begin anew then.
	out.Rate = sum(g.rate(now, "link in "+l.Peer, bytes), g.rate(now, "link out "+l.Peer, l.Down.Bytes))
	out.Loss = g.share(now, "loss "+l.Peer, lost, packets+gone)
	out.Overhead = g.share(now, "parity in "+l.Peer, parity, packets)
	if overhead := g.share(now, "parity out "+l.Peer, l.Down.Parity, l.Down.Bytes); out.Overhead == nil {
		out.Overhead = overhead
	}
	if out.Loss == nil && len(l.Out) > 0 {
		out.Loss, out.Burst = new(l.Down.Path.Loss), new(l.Down.Path.Burst)
	}
}

// sum adds what is known.
func sum(a, b *float64) *float64 {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return new(*a + *b)
}

// latencyOf is that of the picture with the worst one.
func latencyOf(now time.Time, l *LinkStatus) (worst *console.Latency) {
	for i := range l.In {
		f := &l.In[i]
		if !isComing(now, f) || f.Latency.N == 0 {
			continue
		}
		if p99 := *console.MS(f.Latency.P99); worst == nil || p99 > worst.P99 {
			worst = &console.Latency{P50: *console.MS(f.Latency.P50), P95: *console.MS(f.Latency.P95), P99: p99}
		}
	}
	return worst
}

func flowsOf(now time.Time, l *LinkStatus) []console.Flow {
	list := make([]console.Flow, 0, len(l.In)+len(l.Out))
	for i := range l.In {
		f := &l.In[i]
		list = append(list, console.Flow{
			Feed: string(f.Feed), Layer: f.Layer.String(), Direction: "in", Active: now.Sub(f.Last) < comingWithin,
		})
	}
	for _, f := range l.Out {
		flow := console.Flow{
			Feed: string(f.Feed), Layer: f.Layer.String(), Direction: "out", Active: f.Active, Since: moment(f.Since),
		}
		if f.Layer.IsVideo() {
			flow.Reason = l.Down.Path.Last.Why
		}
		list = append(list, flow)
	}
	slices.SortFunc(list, func(a, b console.Flow) int { // they come out of maps
		return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Layer, b.Layer))
	})
	return list
}

// soundOnly tells whether a picture is wanted by the peer and none is sent.
func soundOnly(l *LinkStatus) bool {
	wanted, sent := false, false
	for _, f := range l.Out {
		if f.Layer != media.LayerAudio {
			wanted, sent = true, sent || f.Active
		}
	}
	return wanted && !sent && l.Down.Path.Level == 0 && l.Down.Path.Switches > 0
}
