package playout

import "time"

// What a viewer does not take waits for it, and is left out when it has waited for
// Config.MaxHold: everything up to the newest key frame. A viewer that was away for
// longer than that comes back to the key frame that was kept for it. What lies behind
// that key frame is late as well, but it is the shortest way back to the present: the
// next key frame may be ten seconds away. So a viewer that is coming back is given it
// all, for backMost.

// backMost is how long a viewer may take to come back. A group of two seconds goes out
// in a tenth of a second where there is room; where there is none, frames would be ever
// later, and the age rules.
const backMost = 3 * time.Second

// leaveOut drops what a viewer did not take in time, up to the last key frame.
func (s *Splicer) leaveOut(now time.Time, l *lane) {
	if l != s.use || len(l.ready) == 0 || now.Sub(s.due(l)) <= s.cfg.MaxHold {
		return
	}
	keep := len(l.ready)
	if !s.line.sound {
		for keep > 0 && !l.ready[keep-1].key {
			keep--
		}
		keep--
	}
	switch {
	case keep < 0 && !s.back.IsZero() && now.Sub(s.back) <= backMost:
		return // it is coming back, and this is the way
	case keep < 0: // no key frame there
		keep = len(l.ready)
		l.blind, l.asking = true, true
	case keep == 0: // nothing older than the key frame
		return
	}
	s.back = time.Time{}
	s.stats.Slow += uint64(keep)
	clear(l.ready[:keep])
	l.ready = l.ready[keep:]
}

// returns takes note of a viewer that takes a frame that has waited for too long, and
// of one that has caught up. f has just been taken off the lane.
func (s *Splicer) returns(now time.Time, l *lane, f *frame) {
	switch {
	case f.key && !s.line.sound && now.Sub(f.done) > s.cfg.MaxHold+s.cfg.Delay:
		s.back = now
	case len(l.ready) == 0:
		s.back = time.Time{}
	}
}
