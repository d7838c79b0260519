package fanout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// ringPackets bounds one layer's memory: 8,192 packets are 10 MB, or ten
	// seconds of an 8 Mbit/s camera. Only a group of pictures longer than that
	// loses its key frame.
	ringPackets = 8192
	// ringKeep is how long packets stay that no new subscriber needs any more,
	// for readers that are a little behind: a second is far beyond any queue age
	// a link tolerates.
	ringKeep = time.Second
	// recentFrames is how many frames can be under way at once: a repaired packet
	// comes back within about 200 ms, five frames at 25 fps.
	recentFrames = 8
)

// ring holds one layer's recent packets in the order they arrived, by a position
// that only grows. It remembers where each key frame begins, also when the
// packet that shows it was repaired and came late.
type ring struct {
	packets [ringPackets]*media.Packet
	first   int64 // the oldest position held
	next    int64 // the position of the next packet
	keys    []int64
	added   uint64 // key frames ever seen
	frames  [recentFrames]frameStart
	newest  int // index into frames
}

type frameStart struct {
	timestamp uint32
	at        int64
	key       bool
	known     bool
}

// put appends p and lets go of what nobody needs. For audio every packet is a
// point to begin at, so only the newest counts as key.
func (r *ring) put(p *media.Packet) {
	if r.next-r.first == ringPackets {
		r.drop()
	}
	r.packets[r.next%ringPackets] = p
	f := r.frame(p.Timestamp)
	if (p.Key || !p.Layer.IsVideo()) && !f.key && f.at >= r.first {
		f.key = true
		r.addKey(f.at)
	}
	r.next++
	r.expire(p.Arrival)
}

// frame finds where the frame with this timestamp began, or notes that it
// begins now.
func (r *ring) frame(timestamp uint32) *frameStart {
	for i := range r.frames {
		if f := &r.frames[i]; f.known && f.timestamp == timestamp {
			return f
		}
	}
	r.newest = (r.newest + 1) % recentFrames
	r.frames[r.newest] = frameStart{timestamp: timestamp, at: r.next, known: true}
	return &r.frames[r.newest]
}

// addKey keeps keys ascending: a key frame recognised late belongs before the
// frames that came in meanwhile.
func (r *ring) addKey(at int64) {
	i := len(r.keys)
	for i > 0 && r.keys[i-1] > at {
		i--
	}
	r.keys = append(r.keys, 0)
	copy(r.keys[i+1:], r.keys[i:])
	r.keys[i] = at
	r.added++
}

// expire drops packets in front of the newest key frame that are older than ringKeep.
func (r *ring) expire(now time.Time) {
	key, ok := r.lastKey()
	if !ok {
		return
	}
	for r.first < key && now.Sub(r.packets[r.first%ringPackets].Arrival) > ringKeep {
		r.drop()
	}
}

func (r *ring) drop() {
	r.packets[r.first%ringPackets] = nil
	r.first++
	for len(r.keys) > 0 && r.keys[0] < r.first {
		r.keys = r.keys[1:]
	}
}

// forget drops everything; positions go on, so cursors stay valid.
func (r *ring) forget() {
	for r.first < r.next {
		r.drop()
	}
	r.frames = [recentFrames]frameStart{}
}

// lastKey is where the newest key frame begins.
func (r *ring) lastKey() (int64, bool) {
	if len(r.keys) == 0 {
		return 0, false
	}
	return r.keys[len(r.keys)-1], true
}

// read appends the packets from position at on and returns the next position.
func (r *ring) read(dst []*media.Packet, at int64) ([]*media.Packet, int64) {
	for ; at < r.next; at++ {
		dst = append(dst, r.packets[at%ringPackets])
	}
	return dst, at
}
