package virtual

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
)

// weather is how the line is at the moment.
type weather struct {
	rate  int64
	delay time.Duration
	loss  float64
	burst float64
	down  bool
}

func fine() weather { return weather{rate: lineRate, delay: 20 * time.Millisecond} }

// losses are the weathers that change: share lost, packets in a row.
var losses = []weather{ //nolint:gochecknoglobals // a lookup table
	{}, {loss: 0.005, burst: 1}, {loss: 0.01, burst: 4}, {loss: 0.03, burst: 1}, {loss: 0.03, burst: 5},
}

// How often things happen on average, from the start on.
const (
	lossEvery   = 3 * time.Minute
	fadeEvery   = 11 * time.Minute
	outageEvery = 5 * time.Minute
	moveEvery   = 9 * time.Minute
	linkEvery   = 30 * time.Minute
	rebootEvery = 20 * time.Minute
	clockEvery  = 25 * time.Minute
	guestEvery  = 20 * time.Second

	fadeRate  = 1_500_000 // less than the main streams need
	fadeFor   = 10 * time.Second
	outageFor = 2 * time.Second // at most
	linkDark  = 12 * time.Second
	cameraOff = 5 * time.Second
	guestStay = 2 * time.Minute // at most
	guestMost = 6
	stepMost  = 3600 // seconds by which a wall clock is set
)

// schedule sets the day's events going.
func (w *world) schedule() {
	for _, e := range []struct {
		mean time.Duration
		do   func()
	}{
		{lossEvery, w.changeLoss},
		{fadeEvery, w.fade},
		{outageEvery, w.outage},
		{moveEvery, w.move},
		{linkEvery, w.relink},
		{rebootEvery, w.reboot},
		{clockEvery, w.setClock},
		{guestEvery, w.guest},
	} {
		w.often(e.mean, e.do)
	}
	w.every(time.Second, time.Second, w.tellPath)
}

// often repeats something, with pauses between half and one and a half of the mean.
func (w *world) often(mean time.Duration, do func()) {
	pause := func() time.Duration { return mean/2 + time.Duration(w.random.Int64N(int64(mean))) }
	var again func()
	again = func() {
		do()
		w.events.at(w.now+pause(), again)
	}
	w.events.at(w.now+pause(), again)
}

// profile is the weather as the line takes it.
func (v *weather) profile() netem.Profile {
	return netem.Profile{
		Rate: v.rate, Delay: v.delay, Loss: v.loss, Burst: v.burst, Jitter: 3 * time.Millisecond,
	}
}

// blow puts the weather on the line, both ways.
func (w *world) blow() {
	at := w.clock()
	for _, l := range []*netem.Link[datagram]{w.forth, w.back} {
		if err := l.SetProfile(at, w.profile()); err != nil {
			w.fault("line", err.Error())
		}
		l.SetDown(at, w.down)
	}
}

func (w *world) changeLoss() {
	l := losses[w.random.IntN(len(losses))]
	w.loss, w.burst = l.loss, l.burst
	w.blow()
}

func (w *world) fade() {
	w.rate = fadeRate
	w.blow()
	w.events.at(w.now+fadeFor, func() { w.rate = lineRate; w.blow() })
}

func (w *world) outage() { w.dark(time.Duration(w.random.Int64N(int64(outageFor)))) }

// dark takes the line away for so long.
func (w *world) dark(d time.Duration) {
	if w.down {
		return
	}
	w.down = true
	w.blow()
	w.events.at(w.now+d, func() { w.down = false; w.blow() })
}

// move puts the connection on another path, with another length.
func (w *world) move() {
	w.delay = 10*time.Millisecond + time.Duration(w.random.Int64N(int64(30*time.Millisecond)))
	w.blow()
	w.hub.down.Moved()
	w.settled = w.now + clocksSettle
}

// relink ends the link in an outage; the one that follows knows nothing.
func (w *world) relink() {
	w.dark(linkDark)
	w.generation++
	w.events.at(w.now+linkDark, func() {
		w.hub.end()
		w.hub = newHub(w)
		w.branch.link()
		w.settled = w.now + clocksSettle
		w.branch.settle()
	})
}

// tellPath tells both ends the round trip, as the transport does.
func (w *world) tellPath() {
	w.hub.down.SetPath(2 * w.delay)
	w.branch.up.SetPath(2 * w.delay)
}

// reboot lets a camera start anew.
func (w *world) reboot() {
	r := w.rooms[w.random.IntN(len(w.rooms))]
	r.dark = true
	w.events.at(w.now+cameraOff, func() { r.begin(w.now, w.random) })
}

// setClock sets the wall clock of one of the nodes, as NTP does when it comes late.
func (w *world) setClock() {
	wall := &w.hubWall
	if w.random.IntN(2) == 0 {
		wall = &w.branchWall
	}
	*wall += w.random.Int64N(2*stepMost) - stepMost
	w.settled = w.now + clocksSettle
}

// guest lets a viewer come, to any room, for main or for sub only.
func (w *world) guest() {
	if len(w.viewers) >= guestMost {
		return
	}
	layers := []media.Layer{media.LayerMain, media.LayerSub}
	if w.random.IntN(3) == 0 {
		layers = layers[1:]
	}
	w.guests++
	room := w.random.IntN(len(w.rooms))
	v := newViewer(w, fmt.Sprintf("guest %d in room %d", w.guests, room), room, layers...)
	w.viewers = append(w.viewers, v)
	w.events.at(w.now+time.Duration(w.random.Int64N(int64(guestStay))), func() {
		v.leave()
		for i := range w.viewers {
			if w.viewers[i] == v {
				w.viewers = append(w.viewers[:i:i], w.viewers[i+1:]...)
				return
			}
		}
	})
}
