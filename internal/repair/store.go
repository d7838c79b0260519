package repair

import (
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/media"
)

// storeSize is how many packets a store holds at most: two seconds at
// 1,000 packets/s. It is a power of two.
const storeSize = 2048

// store keeps what was sent lately, by sequence number and by frame.
type store struct {
	slots   []slot
	newest  int64 // extended sequence number; 0: empty
	current *frame
	frames  []*frame // in the order in which they began
}

// slot is one packet sent. Extended sequence numbers begin at 65,536, so that 0
// is an empty place.
type slot struct {
	seq   int64
	p     *media.Packet
	sent  time.Time
	frame *frame
}

// frame is a picture: the packets with one timestamp.
type frame struct {
	timestamp   uint32
	start       time.Time // when its first packet was sent
	first, last int64     // its packets lie between, both included
	count       int
	key         bool
	disposable  bool // no packet of it was referred to by others
	done        bool // its end was sent
	rows        [fec.MaxStride]uint8
	answers     []reply
}

// whole tells that no packet between first and last is missing here.
func (f *frame) whole() bool { return int64(f.count) == f.last-f.first+1 }

// extend finds the extended sequence number nearest to the newest.
func (s *store) extend(seq uint16) int64 {
	if s.newest == 0 {
		return int64(seq) + 1<<16
	}
	return s.newest + int64(media.SeqDiff(seq, uint16(s.newest)))
}

func (s *store) at(v int64) *slot {
	if s.slots == nil || v < 0 {
		return nil
	}
	if p := &s.slots[v%storeSize]; p.seq == v {
		return p
	}
	return nil
}

// add enters a packet and returns its frame, and the frame that ended because
// this packet begins another. Both are nil for a packet that is known already.
func (s *store) add(now time.Time, p *media.Packet) (f, ended *frame) {
	v := s.extend(p.Seq)
	if s.slots == nil || v <= s.newest-storeSize || v >= s.newest+storeSize {
		// The first packet, or the source began anew: what was is of no use.
		*s = store{slots: make([]slot, storeSize)}
		v = s.extend(p.Seq)
	}
	if s.at(v) != nil {
		return nil, nil
	}
	f, ended = s.frameOf(now, p, v)
	s.newest = max(s.newest, v)
	s.slots[v%storeSize] = slot{seq: v, p: p, sent: now, frame: f}
	f.add(p, v)
	return f, ended
}

func (f *frame) add(p *media.Packet, v int64) {
	f.first, f.last = min(f.first, v), max(f.last, v)
	f.count++
	f.key = f.key || p.Key
	f.disposable = f.disposable && p.Disposable
}

func (s *store) frameOf(now time.Time, p *media.Packet, v int64) (f, ended *frame) {
	for i := len(s.frames) - 1; i >= 0; i-- {
		if s.frames[i].timestamp == p.Timestamp {
			return s.frames[i], nil
		}
	}
	f = &frame{timestamp: p.Timestamp, start: now, first: v, last: v, disposable: true}
	s.frames = append(s.frames, f)
	if v < s.newest {
		f.done = true // a packet repaired further up, long after its frame
		return f, nil
	}
	ended, s.current = s.current, f
	return f, ended
}

// forget drops the frames that began before the given time.
func (s *store) forget(before time.Time) {
	old := 0
	for old < len(s.frames)-1 && s.frames[old].start.Before(before) {
		f := s.frames[old]
		for v := f.first; v <= f.last; v++ {
			if p := s.at(v); p != nil && p.frame == f {
				*p = slot{}
			}
		}
		old++
	}
	clear(s.frames[:old])
	s.frames = s.frames[old:]
}

// cover is a set of packets that rows go over.
type cover struct {
	first   int64
	stride  int
	packets [][]byte
	block   int // whose count of rows it uses
}

func (c *cover) header(typ fec.Type) fec.Header {
	return fec.Header{Type: typ, Stride: uint8(c.stride), Base: uint16(c.first), K: uint8(len(c.packets))}
}

// blocks splits a frame that was sent completely: into blocks whose packets
// alternate if it is long, so that a burst of losses is shared among them.
func (s *store) blocks(f *frame) []cover {
	n := (f.count + fec.MaxPackets - 1) / fec.MaxPackets
	if !f.whole() || n > fec.MaxStride {
		return s.ranges(f.first, f.last)
	}
	blocks := make([]cover, n)
	for j := range blocks {
		c := cover{first: f.first + int64(j), stride: n, block: j}
		for v := c.first; v <= f.last; v += int64(n) {
			p := s.at(v)
			if p == nil {
				return nil // pushed out of the store by later packets
			}
			c.packets = append(c.packets, p.p.Raw)
		}
		blocks[j] = c
	}
	return blocks
}

// ranges splits the packets from first to last where one was never sent, for a
// row must not go over what we do not have, and where a row would get too long.
func (s *store) ranges(first, last int64) []cover {
	var covers []cover
	open := false
	for v := first; v <= last; v++ {
		p := s.at(v)
		if p == nil {
			open = false
			continue
		}
		if !open || len(covers[len(covers)-1].packets) == fec.MaxPackets {
			covers = append(covers, cover{first: v, stride: 1})
			open = true
		}
		c := &covers[len(covers)-1]
		c.packets = append(c.packets, p.p.Raw)
	}
	return covers
}

func (c *cover) holds(v int64) bool {
	d := v - c.first
	return d >= 0 && d%int64(c.stride) == 0 && d/int64(c.stride) < int64(len(c.packets))
}
