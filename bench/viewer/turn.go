package viewer

import "time"

// Turn reports what was seen since the last Turn, and begins anew: for runs of many
// hours, whose frames need not all be remembered. Stamped is as for Report. The
// frames that are still on their way count in the next one.
func (v *Viewer) Turn(stamped uint64) Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tally.Turn(v.now(), stamped)
}

// Turn is the same for a tally. A standstill that has not ended counts in both
// reports, so their sum may be too high, but not the longest.
func (t *Tally) Turn(now time.Time, stamped uint64) Report {
	r := t.Report(now, stamped)
	counted := min(r.FramesExpected, len(t.latency))
	t.latency = t.latency[:copy(t.latency, t.latency[counted:])]
	if t.first != 0 {
		t.first += uint64(r.FramesExpected)
	}
	t.started = now
	t.report = Report{FirstFrameMs: t.report.FirstFrameMs}
	t.stall = stall{}
	t.sound.turn()
	return r
}

// turn begins to count anew behind the newest sound.
func (s *sound) turn() {
	s.gap, s.good = 0, 0
	if s.first != 0 {
		s.first = s.high + 1
	}
}
