package playout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// window holds the packets of one stream by sequence number, from the first one
// that is still wanted to the highest one seen. Numbers are without wrap.
type window struct {
	slots []slot // a ring; its length is a power of two
	next  int64  // the first number still wanted
	top   int64  // one above the highest number seen
	keys  int    // packets inside that have Key
}

type slot struct {
	p    *media.Packet // nil: a hole
	seen time.Time     // when this number was first known to exist
}

// minWindow fits a frame of 2 Mbit/s with room; key frames make the ring grow.
const minWindow = 64

// newWindow wants the packets from next on.
func newWindow(next int64) window {
	return window{slots: make([]slot, minWindow), next: next, top: next}
}

func (w *window) slot(seq int64) *slot { return &w.slots[seq&int64(len(w.slots)-1)] }

// at returns the packet of a number between next and top, nil for a hole.
func (w *window) at(seq int64) *media.Packet { return w.slot(seq).p }

// put stores p. It reports false when the number is not wanted any more or is
// there already. The caller sees to it that seq is near next.
func (w *window) put(seq int64, p *media.Packet, now time.Time) bool {
	if seq < w.next {
		return false
	}
	w.fit(seq)
	for ; w.top <= seq; w.top++ {
		*w.slot(w.top) = slot{seen: now}
	}
	s := w.slot(seq)
	if s.p != nil {
		return false
	}
	s.p = p
	if p.Key {
		w.keys++
	}
	return true
}

// fit makes the ring long enough to hold seq.
func (w *window) fit(seq int64) {
	size := len(w.slots)
	for int64(size) <= seq-w.next {
		size *= 2
	}
	if size == len(w.slots) {
		return
	}
	old := *w
	w.slots = make([]slot, size)
	for i := old.next; i < old.top; i++ {
		*w.slot(i) = *old.slot(i)
	}
}

// take removes and returns the packet at next; nil when it is not there.
func (w *window) take() *media.Packet {
	if w.next == w.top {
		return nil
	}
	s := w.slot(w.next)
	p := s.p
	if p == nil {
		return nil
	}
	*s = slot{}
	w.next++
	if p.Key {
		w.keys--
	}
	return p
}

// hole reports whether next is missing while later packets are there, and since
// when that is known.
func (w *window) hole() (since time.Time, ok bool) {
	if w.next == w.top {
		return time.Time{}, false
	}
	s := w.slot(w.next)
	return s.seen, s.p == nil
}

// skip gives up the hole at next. The highest number seen is never a hole, so
// there is a packet behind it.
func (w *window) skip() {
	for w.next < w.top && w.at(w.next) == nil {
		w.next++
	}
}
