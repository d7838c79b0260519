package playout

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
)

// Prefer says which layer of the picture the player shall see from now on, for who
// knows what the way to the player carries. With the better one of the offer it gets
// what the offer says; with the other one it gets that alone, unless that is silent, so
// nothing is pulled that nobody sees. A poorer picture begins at once, with its cached
// group of pictures, a better one at its next key frame, which is asked for. A layer
// that the offer has not changes nothing. To be called from any goroutine; it takes
// effect with the next frame.
func (v *Viewer) Prefer(l media.Layer) { v.wish.Store(&l) }

// SetPace bounds the rate at which packets go to a Paced session, in bit/s; 0, as at
// first, is the usual one, 85 Mbit/s. To be called from any goroutine.
func (v *Viewer) SetPace(rate float64) { v.pace.Store(int64(rate)) }

// prefer does what Prefer asked for.
func (v *Viewer) prefer(now time.Time, subs *subscriptions) {
	wish := v.wish.Swap(nil)
	if wish == nil || v.video == nil || len(v.offer.layers) < 2 || subs.layers[0] == *wish ||
		!slices.Contains(v.offer.layers, *wish) {
		return
	}
	subs.prefer(now, *wish)
	v.video.splicer.Prefer(*wish)
}

// prefer puts a layer first.
func (s *subscriptions) prefer(now time.Time, first media.Layer) {
	if first == s.offer.layers[0] {
		s.layers, s.both = s.offer.layers, s.offer.choice == ChooseNewest
		return // the other one goes on until this one is seen
	}
	s.layers, s.both = []media.Layer{first, s.offer.layers[0]}, false
	// The source must not take it for what comes in the place of the better one.
	for _, l := range s.layers {
		s.set(now, l, false)
	}
	s.alone = true
}

// join makes the second layer what comes in the place of the first one again, once
// that is seen.
func (s *subscriptions) join(now time.Time, shown media.Layer, some bool) {
	if !s.alone || !some || shown != s.offer.layers[0] || s.layers[0] != shown {
		return
	}
	s.alone = false
	s.set(now, s.layers[1], false)
}

// Prefer puts a layer first. When it is better than the one in use, it waits for a key
// frame that is not older than what is shown: its cached group would be a burst on a
// way that has just been found to carry a little more.
func (s *Splicer) Prefer(first media.Layer) {
	i := slices.IndexFunc(s.lanes, func(l *lane) bool { return l.layer == first })
	if i < 0 {
		return
	}
	to := s.lanes[i]
	s.lanes = slices.Insert(slices.Delete(s.lanes, i, i+1), 0, to)
	for _, l := range s.lanes {
		l.raised = false
	}
	to.raised = s.use != nil && first < s.use.layer
}

// outdated tells whether all that a layer has is older than it may be to begin with.
func (s *Splicer) outdated(l *lane) bool {
	return l.raised && len(l.ready) > 0 && l.ready[0].when().Before(s.lastAt.Add(-s.cfg.SwitchAfter))
}
