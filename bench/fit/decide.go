package fit

import (
	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/internal/pacer"
)

// want is what the viewers want: all of it.
func (n *node) want() layer.Want {
	w := layer.Want{Feeds: n.feeds}
	next := instant(-1)
	for i, c := range n.cameras {
		f := n.feeds[i]
		w.Sending += f.Audio
		var s *stream
		switch n.flowing[i] {
		case layer.Main:
			s = c.main
			w.Sending += f.Main
		case layer.Sub:
			s = c.sub
			w.Sending += f.Sub
		case layer.None:
			continue
		}
		if key := instant(s.untilKey(c.slot)) * frameEvery; next < 0 || key < next {
			next = key
		}
	}
	if next >= 0 {
		w.NextKey = clock(n.loop.now + next)
	}
	w.Waiting = n.pacer.Age(clock(n.loop.now), pacer.Media)
	return w
}

// decide asks the selector, or the group's, and does what it says.
func (n *node) decide() {
	if n.group != nil {
		n.group(n)
		return
	}
	n.obey(n.selector.Decide(clock(n.loop.now), n.estimate.Signals(), n.want()))
}

// obey does what a verdict says.
func (n *node) obey(v layer.Verdict) {
	now := clock(n.loop.now)
	first := n.verdict.Feeds == nil
	feeds := append([]layer.Picture(nil), v.Feeds...)
	if v.Changed {
		n.score.verdict(n.loop.now, v)
	}
	n.verdict = v
	n.verdict.Feeds = feeds
	n.pacer.SetRate(now, v.Pace)
	if v.Silence {
		n.pacer.SetSilence(pacer.DefaultSilence())
	} else {
		n.pacer.SetSilence(pacer.Silence{})
	}
	for i, p := range feeds {
		switch {
		case first:
			n.flow(i, p)
		case p < n.flowing[i]:
			n.lower(i, p)
		}
	}
	if v.Probe.Rate > 0 && !n.padding.on {
		n.padding.on = true
		n.fill()
	}
	n.pump()
}

// lower leaves a layer at once: what was not sent is dropped, and the sub stream
// starts from its cached group of pictures.
func (n *node) lower(feed int, p layer.Picture) {
	n.pacer.DropFlow(pacer.Flow(feed), nil)
	n.flow(feed, p)
	if p == layer.Sub {
		for _, f := range n.cameras[feed].sub.recent {
			n.push(feed, f)
		}
	}
}

// fill pads the link while a probe runs.
func (n *node) fill() {
	now := clock(n.loop.now)
	need := n.padding.Fill(now, n.verdict.Probe, n.padding.sent)
	n.padding.sent = 0
	if n.verdict.Probe.Rate == 0 || !now.Before(n.verdict.Probe.Until) {
		n.padding.on = false
		n.pacer.DropOlder(pacer.Probe, now.Add(1), nil)
		return
	}
	for ; need >= fullPacket/2; need -= fullPacket {
		n.pacer.Push(now, pacer.Probe, 0, fullPacket, &packet{size: fullPacket, class: pacer.Probe, tries: retries})
	}
	n.pump()
	n.loop.at(n.loop.now+fillEvery, n.fill)
}
