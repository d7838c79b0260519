package repair

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// ringSize is how many packets a receiver keeps to solve rows with: two
	// seconds at 1,000 packets/s, the key frames of 10 Mbit/s included. It is a
	// power of two, and what a branch needs most memory for: 2.7 MB a flow.
	ringSize = 2048
	// maxGap is the longest gap that is repaired: an outage of a second at
	// 1,000 packets/s. What is before a longer one is given up.
	maxGap = 1024
)

// ring keeps the latest packets of a flow, and what is missing between them.
type ring struct {
	slots   []place
	first   int64   // where the ring began
	highest int64   // extended sequence number that is known to be sent; 0: none
	missing []*hole // in order
}

// place is one packet that is there. Extended sequence numbers begin at 65,536,
// so that 0 is an empty place.
type place struct {
	seq int64
	raw []byte
}

// hole is one packet that is missing.
type hole struct {
	seq     int64
	noticed time.Time // when a later packet came
	asked   bool
	retry   time.Time // when it may be asked for again, once asked
}

func (r *ring) extend(seq uint16) int64 {
	if r.highest == 0 {
		return int64(seq) + 1<<16
	}
	return r.highest + int64(media.SeqDiff(seq, uint16(r.highest)))
}

// far tells that seq does not follow: the source began anew, or an outage was too
// long to repair.
func (r *ring) far(seq uint16) bool {
	v := r.extend(seq)
	return r.highest != 0 && (v > r.highest+maxGap || v <= r.highest-ringSize)
}

// at is the packet with an extended sequence number, nil if it is not there.
func (r *ring) at(v int64) []byte {
	if r.slots == nil || v < 0 {
		return nil
	}
	if p := &r.slots[v%ringSize]; p.seq == v {
		return p.raw
	}
	return nil
}

// put enters a packet that came. Numbers between the highest and it become holes;
// late is how long ago it was noticed as one itself.
func (r *ring) put(now time.Time, p *media.Packet) (v int64, late time.Duration, fresh bool) {
	v = r.extend(p.Seq)
	if r.slots == nil {
		r.slots = make([]place, ringSize)
		r.first, r.highest = v, v-1
	}
	if r.at(v) != nil {
		return v, 0, false
	}
	r.known(now, v-1)
	r.highest = max(r.highest, v)
	if h := r.hole(v); h != nil {
		late = now.Sub(h.noticed)
	}
	r.fill(v, p.Raw)
	return v, late, true
}

// known notes that everything up to v was sent: what is not there is missing.
func (r *ring) known(now time.Time, v int64) {
	for r.highest < v {
		r.highest++
		if len(r.missing) >= ringSize/2 { // nobody drains the requests
			r.missing = slices.Delete(r.missing, 0, 1)
		}
		r.missing = append(r.missing, &hole{seq: r.highest, noticed: now})
	}
}

func (r *ring) fill(v int64, raw []byte) {
	r.slots[v%ringSize] = place{v, raw}
	if i, ok := r.find(v); ok {
		r.missing = slices.Delete(r.missing, i, i+1)
	}
}

func (r *ring) find(v int64) (int, bool) {
	if len(r.missing) == 0 {
		return 0, false
	}
	return slices.BinarySearchFunc(r.missing, v, func(h *hole, v int64) int { return int(h.seq - v) })
}

func (r *ring) hole(v int64) *hole {
	if i, ok := r.find(v); ok {
		return r.missing[i]
	}
	return nil
}
