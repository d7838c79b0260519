package repair

import (
	"slices"
	"time"
)

// Skip tells that what is missing before seq was left out by the sender and will
// never come: nothing of it is asked for any more. Where seq is the first packet
// of all, it also shows whether that one is lost.
func (r *Receiver) Skip(now time.Time, ssrc uint32, seq uint16) {
	if ssrc != r.ssrc {
		*r = Receiver{path: r.path, ready: r.ready, ssrc: ssrc, nextID: r.nextID, stats: r.stats}
	}
	v := r.ring.extend(seq)
	switch {
	case r.ring.slots == nil || v > r.ring.highest+maxGap:
		r.ring = ring{slots: make([]place, ringSize)}
		v = r.ring.extend(seq)
		r.ring.first, r.ring.highest = v, v-1
	case v <= r.ring.highest-ringSize: // an old one
	case v < r.ring.first:
		r.ring.lower(now, v)
	default:
		r.ring.missing = slices.DeleteFunc(r.ring.missing, func(h *hole) bool { return h.seq < v })
		r.ring.highest = max(r.ring.highest, v-1)
		r.open = openEnd{}
	}
}

// lower makes the ring begin at v: what lies between is missing.
func (r *ring) lower(now time.Time, v int64) {
	if r.first-v > maxGap {
		return
	}
	holes := make([]*hole, 0, r.first-v)
	for v+int64(len(holes)) < r.first {
		holes = append(holes, &hole{seq: v + int64(len(holes)), noticed: now})
	}
	r.missing = append(holes, r.missing...)
	r.first = v
}
