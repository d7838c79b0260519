package playout

import (
	"slices"

	"github.com/classrelay/classrelay/media"
)

// Tracks are the picture's and the sound's, as the player was told of them; nil: there
// is none. Another layer of the picture has the same codec.
func (o *Offer) Tracks() (video, audio *media.Track) { return o.track, o.sound }

// Layers are the layers of the picture that a viewer may get, the preferred one first.
func (o *Offer) Layers() []media.Layer { return slices.Clone(o.layers) }

// Showing is the layer of the picture that the packet at hand belongs to; false when
// there is no picture. It is for the Session's own methods while Run calls them.
func (v *Viewer) Showing() (media.Layer, bool) { return v.shown() }
