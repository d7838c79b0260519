package playout

import "time"

// A player that shows a frame when it comes, as a browser does whose buffer is kept
// empty, shows uneven what comes uneven: frames that waited behind a repair leave
// together, and of those that come within one refresh of its display it draws only
// the last. Two things help, and both are done here: Config.Delay lets all frames wait
// for the late ones, Config.Spacing lets only those wait that come too close.

const (
	// spacedWithin is how old a frame may be beside the newest of those that are
	// ready, so that it is still spaced: what is older is a cached group or the end
	// of an outage, and the player is to be led to the present.
	spacedWithin = 250 * time.Millisecond
	// quickFor is how long the quickest frame is remembered, at least: clocks drift
	// apart by a millisecond in that time, and roads change.
	quickFor = 10 * time.Second
)

// quickest is the least time from capture to arrival in the last quickFor to twice
// that.
type quickest struct {
	late, before time.Duration
	since        time.Time // when late began to be collected; zero: nothing yet
}

func (q *quickest) note(now time.Time, late time.Duration) {
	switch {
	case q.since.IsZero():
		q.late, q.before, q.since = late, late, now
	case now.Sub(q.since) >= quickFor:
		q.late, q.before, q.since = late, q.late, now
	default:
		q.late = min(q.late, late)
	}
}

func (q *quickest) least() time.Duration { return min(q.late, q.before) }

// due is when the first frame of a layer that is ready leaves: at once; or Delay after
// the quickest frame would have, where the second bound holds when capture times jump;
// and not too close to the frame before.
func (s *Splicer) due(l *lane) time.Time {
	f := l.ready[0]
	if !s.line.begun {
		return f.done
	}
	wait := f.when().Add(l.quick.least() + s.cfg.Delay).Sub(f.done)
	at := f.done.Add(min(max(wait, 0), s.cfg.Delay))
	newest := l.ready[len(l.ready)-1]
	if s.cfg.Spacing == 0 || s.line.sound || newest.when().Sub(f.when()) > spacedWithin {
		return at
	}
	apart := f.when().Sub(s.lastAt) * 2 / 3
	if next := s.left.Add(min(s.cfg.Spacing, apart)); next.After(at) {
		return next
	}
	return at
}
