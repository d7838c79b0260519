package virtual

import (
	"fmt"
	"slices"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
)

// viewer watches a room at the branch: cursors, splicers, and eyes that check.
type viewer struct {
	w     *world
	name  string
	room  int
	subs  []*fanout.Subscription
	wake  chan struct{} // capacity 1; full means that turn will look anyway
	video eye
	audio eye
	batch []*media.Packet
	due   time.Duration
	// latencies of the frames seen since the last window, of the steady viewer only.
	latencies []time.Duration
	inTime    int // of these frames
	keep      bool
}

// eye checks what a splicer gives to a player.
type eye struct {
	splicer *playout.Splicer
	rate    int // of its clock
	begun   bool
	next    uint16        // sequence number
	stamp   uint32        // of the frame before
	since   time.Duration // of its first packet
	ran     int64         // ticks since the first frame, what was cached apart
	first   time.Duration // when that one was taken
	number  uint32        // of the frame before
	came    int           // packets of the frame under way
	packets int           // since the last window
	broken  int
	off     bool // its time line has been told to be off
}

const (
	// stampOff is how far a player's time line may leave the camera's: a cached group
	// that is caught up with, and a clock that is set while the exchange does not know.
	stampOff = 5 * time.Second
	// caughtUp is when a viewer has what was cached behind it.
	caughtUp = 3 * time.Second
)

func newViewer(w *world, name string, room int, layers ...media.Layer) *viewer {
	v := &viewer{w: w, name: name, room: room, wake: make(chan struct{}, 1)}
	start := playout.Start{Seq: 1<<16 - seqsToWrap, Timestamp: 1<<32 - 90000}
	all := tracks()
	eyes := func(l media.Layer, layers ...media.Layer) eye {
		return eye{splicer: playout.NewSplicer(playout.Config{}, all[l], start, layers...), rate: all[l].ClockRate}
	}
	v.video, v.audio = eyes(media.LayerMain, layers...), eyes(media.LayerAudio, media.LayerAudio)
	for _, l := range append([]media.Layer{media.LayerAudio}, layers...) {
		w.branch.feeds[room].Freshen(w.branchTime(), l)
		v.subs = append(v.subs, w.branch.feeds[room].Subscribe(l, v.wake))
		w.branch.want(target{room, l})
	}
	return v
}

func (v *viewer) leave() {
	for _, s := range v.subs {
		s.Close()
		v.w.branch.release(target{v.room, s.Layer()})
	}
}

// turn moves everything that can move.
func (v *viewer) turn() {
	select {
	case <-v.wake:
	default:
		if v.w.now < v.due {
			return
		}
	}
	now := v.w.branchTime()
	for _, s := range v.subs {
		v.batch = s.Read(v.batch[:0])
		for _, p := range v.batch {
			if p.Layer == media.LayerAudio {
				v.audio.splicer.Push(now, p)
			} else {
				v.video.splicer.Push(now, p)
			}
		}
	}
	clear(v.batch)
	v.due = forever
	for _, e := range []*eye{&v.audio, &v.video} {
		for p, ok := e.splicer.Pop(now); ok; p, ok = e.splicer.Pop(now) {
			v.see(e, &p)
		}
		v.due = min(v.due, v.w.since(e.splicer.Next()))
	}
	if l, ok := v.video.splicer.KeyFrameWanted(now); ok {
		v.w.tell(func(*hub) { v.w.rooms[v.room].streams[l].wanted = true })
	}
}

// see checks a packet as a player gets it.
func (v *viewer) see(e *eye, p *rtp.Packet) {
	s, whole := read(v.w.noise, p.Payload)
	e.packets++
	switch {
	case !whole:
		e.broken++
	case !e.begun:
		e.begun, e.first = true, s.taken
	case p.SequenceNumber != e.next:
		v.w.fault("numbers", fmt.Sprintf("%s got packet %d, not %d", v.name, p.SequenceNumber, e.next))
	}
	e.next = p.SequenceNumber + 1
	if s.i == 0 {
		e.came = 0
		v.line(e, p.Timestamp, s)
	}
	if e.came++; p.Marker && e.came != s.n {
		e.broken++
	}
	if p.Marker && e == &v.video && v.keep {
		// Without the line's own delay, which is another after each move.
		v.latencies = append(v.latencies, v.w.now-s.taken-v.w.delay)
		if v.w.now-s.taken <= inTime {
			v.inTime++
		}
	}
	e.stamp, e.number = p.Timestamp, s.number
}

// line checks that the player's time line follows the camera's.
func (v *viewer) line(e *eye, stamp uint32, s shot) {
	if e.since == 0 {
		e.since = v.w.now
	}
	if v.w.now-e.since < caughtUp { // what was cached may be old, and is hurried through
		e.first, e.stamp, e.ran = s.taken, stamp, 0
	}
	e.ran += int64(media.TimestampDiff(stamp, e.stamp))
	off := time.Duration(e.ran)*time.Second/time.Duration(e.rate) - (s.taken - e.first)
	if off.Abs() > stampOff && !e.off {
		e.off = true
		v.w.fault("line", fmt.Sprintf("%s: the time line is off by %v", v.name, off.Round(time.Millisecond)))
	}
	if off.Abs() < stampOff/2 {
		e.off = false
	}
}

// takeLatencies returns those since the last call, sorted.
func (v *viewer) takeLatencies() []time.Duration {
	slices.Sort(v.latencies)
	return v.latencies
}
