package repair

import (
	"time"

	"github.com/classrelay/classrelay/internal/feedback"
)

// view is what the other end had seen when it made a report: what left before
// these times had come, or is lost.
type view struct {
	// latest is by the latest packet that came: what left after it stands behind
	// the same queue, or a longer one.
	latest time.Time
	// fastest is by the packet that waited least. A key frame makes a queue of its
	// own and its last packets wait in it; what leaves a frame later does not.
	fastest time.Time
}

// viewOf reads the arrivals of a report. The times of packets that came, ours of
// sending and theirs of age, tell more than a round trip does: that of this very
// report, with the queues there are now. It is false when nothing came lately.
func (s *Sender) viewOf(arrivals []feedback.Arrival) (view, bool) {
	var w view
	newest := int64(-1)
	for _, a := range arrivals {
		v := s.store.extend(a.Seq)
		p := s.store.at(v)
		if p == nil {
			continue
		}
		at := p.sent.Add(a.Age)
		w.fastest = later(w.fastest, at)
		if v > newest {
			newest, w.latest = v, at
		}
	}
	return w, newest >= 0
}

// guess is the view of somebody of whom nothing is known but the round trip. An
// eighth of it is for one that is taken too high.
func (s *Sender) guess(now time.Time) view {
	at := now.Add(-s.path.RTT - s.path.Queue)
	return view{latest: at, fastest: at.Add(s.path.RTT / 8)}
}
