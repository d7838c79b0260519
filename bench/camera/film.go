package camera

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// keyAfter is the least time between a request and its key picture: the server
	// lets packets through to a client a moment after it has agreed to play.
	keyAfter = 5 * time.Millisecond
	// keyEvery is the least time between a key picture and one that was asked for,
	// so that many clients, or an impatient one, do not fill the network.
	keyEvery = 500 * time.Millisecond
)

// film is where a layer stands in its source. It is a core: it is told the time.
type film struct {
	index uint64    // of the next picture
	asked time.Time // when a key picture was asked for that is still owed; zero: none
	keyed time.Time // when the last key picture went out
}

// ask makes a coming picture a key picture.
func (f *film) ask(now time.Time) { f.asked = now }

// home brings the film to where it would be had nobody asked for a key picture, when
// that is a key picture. Up to then it runs ahead of its place.
func (f *film) home(src Source, layer media.Layer, place uint64) {
	if src.Picture(layer, place).Key {
		f.index = place
	}
}

// next returns the index of the picture that goes out now. For a key picture that
// was asked for, the rest of the group is left out. Frame numbers and time stamps
// are not the film's and go on.
func (f *film) next(src Source, layer media.Layer, now time.Time) uint64 {
	key := src.NextKey(layer, f.index)
	owed := !f.asked.IsZero() && now.Sub(f.asked) >= keyAfter
	if owed && now.Sub(f.keyed) >= keyEvery {
		f.index = key
	}
	index := f.index
	f.index++
	if index == key {
		f.keyed = now
		if owed {
			f.asked = time.Time{}
		}
	}
	return index
}
