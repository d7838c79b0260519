package fanout

import (
	"time"

	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/internal/pacer"
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
			d.giveUp(now, main)
		}
		d.start(now, sub)
	case layer.None:
		for _, f := range []*flow{main, sub} {
			if f != nil {
				d.giveUp(now, f)
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
	f.active, f.armed, f.given, f.since = true, false, false, now
	f.q.restart(now, &d.stats.Dropped)
	d.restarts = append(d.restarts, f.id)
	d.steer.changed(now, f.layer == media.LayerMain)
}

// keyOnItsWay is how long after a key frame the loss of the line is mostly that frame's:
// what it takes to see that the line has faded and to step down.
const keyOnItsWay = 250 * time.Millisecond

// giveUp ends a flow for a poorer picture, or none. When a key frame of a main stream
// enters a line that fades, most of it runs over the line's queue. Answers to what is
// missing of it would take for a second what the poorer picture needs, which begins with
// the same moment.
func (d *Downlink) giveUp(now time.Time, f *flow) {
	if !f.active || now.Sub(f.keys.newest()) > keyOnItsWay {
		d.end(now, f)
		return
	}
	d.end(now, f)
	f.given = true
	d.pacer.DropFlow(pacer.Flow(f.id+RepairOffset), nil)
}

func (d *Downlink) find(id media.FeedID, l media.Layer) *flow {
	for _, f := range d.flows {
		if f.feed == id && f.layer == l {
			return f
		}
	}
	return nil
}
