package fit

// far is the receiving end of one link of ours.
type far struct {
	node    *node
	recent  []*packet // came within reportSpan
	missing []gap

	reported instant // the last report
}

// gap is a packet that did not come, and since when that is known.
type gap struct {
	packet *packet
	since  instant
}

// report is what goes back every 20 ms; each arrival is told three times.
type report struct{ came, missing []*packet }

// take receives a packet. The path keeps the order, so a gap is a loss.
func (f *far) take(p *packet) {
	now := f.node.loop.now
	p.came, p.arrived = now, true
	f.recent = append(f.recent, p)
	f.node.score.came(now, p)
	if p.frame == nil {
		return
	}
	p.frame.got++
	if p.frame.got == len(p.frame.packets) {
		f.node.score.complete(now, p.feed, p.frame)
	}
}

// miss notes a packet that the path lost, when the next one would have shown it.
// It is reported at once, but not more often than every atOnce.
func (f *far) miss(p *packet) {
	now := f.node.loop.now
	f.missing = append(f.missing, gap{packet: p, since: now})
	if now-f.reported >= atOnce {
		f.report()
	}
}

// report sends what came lately, unless the way back loses it.
func (f *far) report() {
	n := f.node
	now := n.loop.now
	f.reported = now
	var r report
	keep := f.recent[:0]
	for _, p := range f.recent {
		if now-p.came < reportSpan {
			keep = append(keep, p)
		}
	}
	f.recent = keep
	r.came = append(r.came, keep...)
	kept := f.missing[:0]
	for _, g := range f.missing {
		if now-g.since < reportSpan {
			kept = append(kept, g)
			r.missing = append(r.missing, g.packet)
		}
	}
	f.missing = kept
	if n.random.Float64() < n.link.Loss {
		return
	}
	n.loop.at(now+n.link.RTT/2, func() { n.hear(r) })
}
