package scenario

import "time"

// record notes what the lines have done so far, for the timeline.
func (w *watch) record(now time.Time) {
	var lost, offered, bytes uint64
	for _, l := range w.chain.Lines {
		st := reportLine(l.Stats())
		lost, offered, bytes = lost+st.lost(), offered+st.Offered, st.Bytes // bytes: of the last line
	}
	w.recorder.line(now, lost, offered, bytes)
}

// recordNodes notes what the nodes say of their links, once a second: they do not
// say it more often.
func (w *watch) recordNodes(now time.Time) {
	var all sent
	for _, s := range w.sent {
		all.media, all.parity = all.media+s.media, all.parity+s.parity
	}
	w.recorder.sent(now, all)
	for _, n := range w.chain.Nodes {
		st := n.Status()
		for i := range st.Links {
			l := &st.Links[i]
			if l.Dialled {
				w.hops.look(st.Node, l)
				continue
			}
			last := l.Down.Path.Last
			w.recorder.switched(last.At, st.Node, l.Peer, last.Rule, last.Why)
		}
	}
}

// recordEnd sums up when the viewer has stopped.
func (w *watch) recordEnd(now time.Time) {
	w.record(now)
	w.recordNodes(now)
	tr := w.chain.Viewer.Trace(w.chain.Camera.Stats().LastFrame)
	w.run.Timeline = w.recorder.timeline(now, &tr, w.scenario.Deadline)
	w.run.Hops = w.hops.table(w.sent)
}
