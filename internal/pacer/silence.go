package pacer

import "time"

// Silence makes pauses on a link that has none of its own. The estimator tells
// our queue from other people's by watching it drain while we are silent; one
// camera is silent for 30 of every 40 ms, six cameras never are. So: after
// Gather of sending without a pause of Gap, nothing leaves for Gap. The packets
// wait up to Gap longer, and the pace has to be (Gather+Gap)/Gather of the
// traffic or more. Audio, feedback and repair on demand do not wait.
type Silence struct {
	// Gather is the longest stretch of sending. 20 ms is half a frame interval:
	// enough to keep the made pauses rare, short enough to measure often.
	Gather time.Duration
	// Gap is the pause; 8 ms is the shortest the estimator reads.
	Gap time.Duration
}

// DefaultSilence is what a link with many feeds wants.
func DefaultSilence() Silence {
	return Silence{Gather: 20 * time.Millisecond, Gap: 8 * time.Millisecond}
}

// SetSilence turns made silence on, or off with the zero value.
func (p *Pacer[T]) SetSilence(s Silence) { p.silence.Silence = s }

// silence watches the sends of the gathered classes.
type silence struct {
	Silence
	began time.Time // when the present stretch of sending began
	last  time.Time // the last send
}

func (s *silence) sent(now time.Time) {
	if now.Sub(s.last) >= s.Gap {
		s.began = now
	}
	s.last = now
}

// end is when the pause that is due now is over; the zero time when none is due.
func (s *silence) end() time.Time {
	if s.Gather <= 0 || s.Gap <= 0 || s.last.Sub(s.began) < s.Gather {
		return time.Time{}
	}
	return s.last.Add(s.Gap)
}

func (s *silence) holds(now time.Time) bool { return now.Before(s.end()) }
