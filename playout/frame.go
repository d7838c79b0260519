package playout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// frame is one whole access unit, or one packet of sound.
type frame struct {
	packets    []*media.Packet // in order, without a gap
	key        bool
	disposable bool // nothing refers to it
	stream     int  // which run of its lane: it changes when the source is a new one
	seq        int64
	gap        bool      // right behind a frame that was left out, and that nothing refers to
	done       time.Time // when it became whole
}

// timestamp is in the layer's own time line.
func (f *frame) timestamp() uint32 { return f.packets[0].Timestamp }

// when is the moment the frame was taken, or arrived where that is not known.
func (f *frame) when() time.Time { return when(f.packets[0]) }

func when(p *media.Packet) time.Time {
	if p.Capture.IsZero() {
		return p.Arrival
	}
	return p.Capture
}

// here is how long ago the frame came to this node, 0 where that is not known.
func (f *frame) here(now time.Time) time.Duration {
	if at := f.packets[0].Arrival; !at.IsZero() {
		return now.Sub(at)
	}
	return 0
}

// whole reports whether the packets follow each other: the last look before a
// frame leaves, independent of how it was put together.
func (f *frame) whole() bool {
	for i, p := range f.packets[1:] {
		if p.Seq != f.packets[i].Seq+1 || p.Timestamp != f.packets[0].Timestamp {
			return false
		}
	}
	return true
}
