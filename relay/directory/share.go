package directory

import (
	"slices"

	"github.com/classrelay/classrelay/media"
)

// Share tells whether the level above may see and pull a layer of a feed. Nil: every one
// of all feeds.
type Share func(id media.FeedID, l media.Layer) bool

// Of returns those of a feed's layers that are shared, and whether the feed is: without
// layers that are, it is not. A feed whose layers are not known yet is when its main or
// its sub stream would be.
func (s Share) Of(id media.FeedID, layers []media.Layer) (open []media.Layer, ok bool) {
	switch {
	case s == nil:
		return layers, true
	case len(layers) == 0:
		return nil, s(id, media.LayerMain) || s(id, media.LayerSub)
	}
	for _, l := range layers {
		if s(id, l) {
			open = append(open, l)
		}
	}
	return open, slices.ContainsFunc(open, func(l media.Layer) bool { return l != media.LayerAudio })
}

// feeds are those of a list that the level above may see, with what it may see of them.
func (s Share) feeds(list []Feed) []Feed {
	if s == nil {
		return list
	}
	var out []Feed
	for _, f := range list {
		var ok bool
		if f.Layers, ok = s.Of(f.ID, f.Layers); ok {
			out = append(out, f)
		}
	}
	return out
}
