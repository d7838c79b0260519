package fanout

import (
	"time"

	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/media"
)

// show makes a feed's flows send the picture of the verdict: a poorer one at
// once, from its cached group; a better one at its next key frame.
func (d *Downlink) show(now time.Time, id media.FeedID, p layer.Picture) {
	main, sub := d.find(id, media.LayerMain), d.find(id, media.LayerSub)
	switch p {
	case layer.Main:
		d.raise(now, main, sub)
		if sub != nil && main != nil && d.steer.always(id, media.LayerSub) {
			d.start(now, sub)
		}
	case layer.Sub:
		if main != nil {
			d.end(now, main)
		}
		d.start(now, sub)
	case layer.None:
		for _, f := range []*flow{main, sub} {
			if f != nil {
				d.end(now, f)
			}
		}
	}
}

// raise goes up to main: at its next key frame when sub is showing, else at once.
func (d *Downlink) raise(now time.Time, main, sub *flow) {
	switch {
	case main == nil:
		d.start(now, sub)
	case main.active || main.armed:
	case sub != nil && sub.active:
		main.armed = true
	default:
		d.start(now, main)
	}
}

// start sends a flow from its cached group of pictures on.
func (d *Downlink) start(now time.Time, f *flow) {
	if f == nil || f.active {
		return
	}
	f.active, f.armed, f.since = true, false, now
	f.q.restart(now, &d.stats.Dropped)
	d.restarts = append(d.restarts, f.id)
	d.steer.changed(now, f.layer == media.LayerMain)
}

func (d *Downlink) find(id media.FeedID, l media.Layer) *flow {
	for _, f := range d.flows {
		if f.feed == id && f.layer == l {
			return f
		}
	}
	return nil
}
