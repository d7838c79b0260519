package playout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// refreshWithin is how old the key frame of a cached group may be to begin again
	// with. Two seconds of picture are decoded in a tenth of that; with an older one
	// a new key frame is there sooner.
	refreshWithin = 2 * time.Second
	// refreshEvery is the least time between two groups: a player on a bad line says
	// again and again that it misses something, and each group loads the line more.
	refreshEvery = 2 * time.Second
)

// Refresh tells that the player cannot decode what it gets and needs a key frame
// (RFC 4585 §6.3.1). It gets the cached group of pictures again where that is a
// fresh one, which costs the feed's source nothing; otherwise a key frame is asked
// for. To be called from any goroutine while Run runs; it takes effect with the next
// frame.
func (v *Viewer) Refresh() { v.again.Store(true) }

// refresh does what Refresh asked for.
func (v *Viewer) refresh(now time.Time, subs *subscriptions) {
	if !v.again.Swap(false) {
		return
	}
	layer, shown := v.shown()
	if !shown {
		return // it has had nothing yet
	}
	if now.Sub(v.refreshed) >= refreshEvery && v.rewind(now, layer, subs) {
		v.refreshed = now
		return
	}
	v.offer.Source.RequestKeyFrame(layer)
}

// rewind reads a layer from its last key frame on once more; false: there is no
// fresh one.
func (v *Viewer) rewind(now time.Time, layer media.Layer, subs *subscriptions) bool {
	sub := v.offer.Source.Subscribe(layer, subs.wake)
	packets := sub.Read(nil)
	if len(packets) == 0 || !packets[0].Key || now.Sub(packets[0].Arrival) > refreshWithin {
		sub.Close()
		return false
	}
	subs.replace(now, layer, sub)
	v.video.splicer.rewind(layer)
	for _, p := range packets {
		v.video.splicer.Push(now, p)
	}
	return true
}

// rewind makes a layer begin anew with the packet that comes next, whatever came
// before. The frame that is leaving goes on to its end.
func (s *Splicer) rewind(layer media.Layer) {
	for _, l := range s.lanes {
		if l.layer == layer {
			clear(l.ready)
			l.ready = l.ready[:0]
			l.clearPart(0) // it comes again, it is not lost
			l.anew = true
		}
	}
}
