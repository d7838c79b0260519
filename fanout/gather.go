package fanout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// gatherFor is how long a packet of a picture may wait for the others before
	// the readers are woken. A camera's picture comes within one; what trickles in
	// over a slow line goes on in pairs, at most a packet later than it could.
	gatherFor = 2 * time.Millisecond
	// gatherMost packets wake the readers at the latest: they fill one call of the
	// kernel (roq sends up to 15 at once).
	gatherMost = 15
)

// gather decides when the readers of a layer are woken: for a picture rather than
// for each of its packets, so that a link that runs finds enough to fill one call.
// What this saves a hub has not been shown: the machine was too busy to tell.
//
// Only packets that continue a picture wait, each the next after the newest: the
// end of the picture is to come, and wakes. Sound, an end, a gap, and what fills a
// gap wake at once. A picture whose end is lost waits for the next one, or for the
// packet that brings the end back.
type gather struct {
	newest  uint16
	began   bool
	waiting int
	since   time.Time // arrival of the first that waits
}

// due tells whether p and what waits before it is to be read now.
func (g *gather) due(p *media.Packet) bool {
	follows := g.began && p.Seq == g.newest+1
	if !g.began || follows || int16(p.Seq-g.newest) > 0 {
		g.newest, g.began = p.Seq, true
	}
	if g.waiting == 0 {
		g.since = p.Arrival
	}
	g.waiting++
	wait := follows && p.Layer.IsVideo() && !p.Marker && !p.Leap &&
		g.waiting < gatherMost && p.Arrival.Sub(g.since) < gatherFor
	if !wait {
		g.waiting = 0
	}
	return !wait
}
