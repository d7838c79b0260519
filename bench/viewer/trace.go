package viewer

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// Trace is what a viewer saw frame by frame, for pictures of it. All times are of
// the viewer's clock.
type Trace struct {
	// Began is when the first expected frame was captured; the others follow at
	// the camera's pace, Interval.
	Began    time.Time
	Interval time.Duration
	// Latency of each expected frame, in order; Never for one that was not good.
	Latency []time.Duration
	Stalls  []Span
	// Layers are the changes of the layer seen, the first frame's among them.
	Layers []LayerChange
}

// Never stands for the latency of a frame that did not come whole.
const Never time.Duration = -1 << 63

// Span is a piece of time.
type Span struct {
	From time.Time
	For  time.Duration
}

// LayerChange says which layer is seen from a moment on.
type LayerChange struct {
	At    time.Time
	Layer media.Layer
}

// story is what a Tally keeps for its Trace. Its size is bounded by the time
// watched: a stall and the frame that ends it take at least 120 ms.
type story struct {
	began  time.Time
	stalls []Span
	layers []LayerChange
}

// seen notes a good frame that is newer than all before it.
func (s *story) seen(now time.Time, l media.Layer) {
	if n := len(s.layers); n == 0 || s.layers[n-1].Layer != l {
		s.layers = append(s.layers, LayerChange{At: now, Layer: l})
	}
}

// stalled appends the time between two good frames past the second one's slot, if
// it is a stall.
func stalled(stalls []Span, last, now time.Time, cfg *TallyConfig) []Span {
	past := now.Sub(last) - cfg.Interval
	if past <= cfg.StallAfter {
		return stalls
	}
	return append(stalls, Span{From: last.Add(cfg.Interval), For: past})
}

// Trace returns what was seen so far; stamped is that of Report.
func (t *Tally) Trace(now time.Time, stamped uint64) Trace {
	tr := Trace{Began: t.story.began, Interval: t.cfg.Interval}
	if t.first == 0 {
		return tr
	}
	tr.Latency = make([]time.Duration, t.expected(now, stamped))
	for i := range tr.Latency {
		tr.Latency[i] = Never
		if i < len(t.latency) && t.latency[i] != 0 {
			tr.Latency[i] = t.latency[i].duration()
		}
	}
	tr.Stalls = append(tr.Stalls, t.story.stalls...)
	if stamped == 0 || t.newest.number < stamped {
		tr.Stalls = stalled(tr.Stalls, t.newest.arrived, now, &t.cfg)
	}
	tr.Layers = append(tr.Layers, t.story.layers...)
	return tr
}

// Trace returns what the viewer saw up to this moment, or to the end of Run.
func (v *Viewer) Trace(stamped uint64) Trace {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tally.Trace(v.now(), stamped)
}
