package playout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// subscriptions decides which layers a viewer reads: the preferred layer of the
// picture always, the other one while the preferred one is silent or not there,
// so that nobody pays for a layer that is not seen. It belongs to Viewer.Run.
type subscriptions struct {
	offer  *Offer
	layers []media.Layer // of the picture, the preferred one first
	both   bool          // the second one is read too, whether the first comes or not
	alone  bool          // the second one was subscribed to when it was the preferred one
	after  time.Duration
	wake   chan<- struct{}

	open  [media.NumLayers]Subscription
	heard [media.NumLayers]time.Time // when a packet last came, or the layer was opened
}

func newSubscriptions(o *Offer, after time.Duration, wake chan<- struct{}) *subscriptions {
	return &subscriptions{offer: o, layers: o.layers, both: o.choice == ChooseNewest, after: after, wake: wake}
}

// choose opens and closes subscriptions to the picture. fit says which layers the
// player can be given, shown which one it sees, if any.
func (s *subscriptions) choose(now time.Time, fit [media.NumLayers]bool, shown media.Layer, some bool) {
	s.join(now, shown, some)
	need := true // of the next layer in order of preference
	for _, l := range s.layers {
		s.set(now, l, fit[l] && (need || s.both))
		if !fit[l] || !need {
			continue
		}
		silent := now.Sub(s.heard[l]) >= s.after
		// A second layer that is seen stays until the first is seen again.
		need = silent || some && shown != l && s.open[shown] != nil
	}
}

func (s *subscriptions) set(now time.Time, l media.Layer, want bool) {
	switch {
	case want && s.open[l] == nil:
		s.open[l] = s.offer.Source.Subscribe(l, s.wake)
		s.heard[l] = now
	case !want && s.open[l] != nil:
		s.open[l].Close()
		s.open[l] = nil
	}
}

// replace puts another subscription in the place of a layer's.
func (s *subscriptions) replace(now time.Time, l media.Layer, sub Subscription) {
	s.set(now, l, false)
	s.open[l], s.heard[l] = sub, now
}

// read appends what all open subscriptions have, the sound first.
func (s *subscriptions) read(now time.Time, dst []*media.Packet) []*media.Packet {
	for _, l := range [...]media.Layer{media.LayerAudio, media.LayerMain, media.LayerSub} {
		if s.open[l] == nil {
			continue
		}
		n := len(dst)
		dst = s.open[l].Read(dst)
		if len(dst) > n {
			s.heard[l] = now
		}
	}
	return dst
}

func (s *subscriptions) close() {
	for l := range s.open {
		if s.open[l] != nil {
			s.open[l].Close()
		}
	}
}
