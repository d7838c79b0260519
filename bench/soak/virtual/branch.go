package virtual

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/clock"
)

const (
	// linger is how long a layer is still asked for after its last viewer, as in
	// package relay.
	linger    = 10 * time.Second
	firstFlow = 64
	// flowsBegin lets flow ids wrap in the first hour.
	flowsBegin = fanout.RepairOffset - 40
	// captureOff is by how much a capture time may be wrong on a line whose ways are
	// alike: half the jitter and what the clocks part in a minute.
	captureOff = 40 * time.Millisecond
	// clocksSettle is how long capture times may be wrong after a clock was set, or a
	// link began.
	clocksSettle = 4 * time.Second
)

// branch is the lower node: it asks for what its viewers want, and does what the
// receiver of package relay does.
type branch struct {
	w        *world
	up       *fanout.Uplink
	exchange clock.Exchange
	flows    map[target]uint64
	next     uint64
	feeds    []*fanout.Feed // by number of the room
	wanted   map[target]int
	idle     map[target]time.Duration // since when nobody wants it
}

// target is a layer of a room.
type target struct {
	room  int
	layer media.Layer
}

func newBranch(w *world) *branch {
	b := &branch{w: w, next: flowsBegin, wanted: make(map[target]int), idle: make(map[target]time.Duration)}
	for _, r := range w.rooms {
		f := fanout.NewFeed(r.id)
		for l, t := range tracks() {
			f.SetTrack(media.Layer(l), t)
		}
		b.feeds = append(b.feeds, f)
	}
	b.link()
	return b
}

// link begins anew with the hub.
func (b *branch) link() {
	b.up, b.exchange, b.flows = fanout.NewUplink(0), clock.Exchange{}, make(map[target]uint64)
}

// want and release count viewers.
func (b *branch) want(t target) {
	b.wanted[t]++
	delete(b.idle, t)
	b.settle()
}

func (b *branch) release(t target) {
	if b.wanted[t]--; b.wanted[t] > 0 {
		return
	}
	delete(b.wanted, t)
	b.idle[t] = b.w.now
	b.w.events.at(b.w.now+linger, b.settle)
}

// settle makes the open flows those that are wanted, and tells the hub.
func (b *branch) settle() {
	for room := range b.feeds {
		for l := range media.Layer(media.NumLayers) {
			t := target{room, l}
			since, idle := b.idle[t]
			if idle && b.w.now-since >= linger {
				delete(b.idle, t)
				idle = false
			}
			id, open := b.flows[t]
			switch wanted := b.wanted[t] > 0 || idle; {
			case wanted && !open:
				b.open(t)
			case !wanted && open:
				delete(b.flows, t)
				b.up.Close(id)
				b.w.tell(func(h *hub) { h.close(id) })
			}
		}
	}
}

func (b *branch) open(t target) {
	id := b.next
	for b.taken(id) {
		id = following(id)
	}
	b.next = following(id)
	b.flows[t] = id
	b.up.Open(id, b.feeds[t.room].ID(), t.layer, tracks()[t.layer])
	b.w.tell(func(h *hub) { h.open(id, b.w.rooms[t.room], t.layer, false) })
}

func (b *branch) taken(id uint64) bool {
	for _, other := range b.flows {
		if other == id {
			return true
		}
	}
	return false
}

func following(id uint64) uint64 {
	if id+1 >= fanout.RepairOffset {
		return firstFlow
	}
	return id + 1
}

// receive takes a datagram from the hub.
func (b *branch) receive(now time.Time, d datagram) {
	if d.flow != timeFlow {
		b.up.Push(now, d.flow, d.data)
		b.drain()
		return
	}
	answer, reply, err := b.exchange.Push(now, d.data, nil)
	if err == nil && reply {
		b.w.back.Push(b.w.clock(), len(answer)+quicCost, datagram{timeFlow, answer})
	}
	if o := b.exchange.Offset(now); o.Known {
		b.up.SetOffset(o.At, o.Offset)
	}
}

// turn does what is due.
func (b *branch) turn() {
	now := b.w.branchTime()
	if msg, ok := b.exchange.Pop(now, nil); ok {
		b.w.back.Push(b.w.clock(), len(msg)+quicCost, datagram{timeFlow, msg})
	}
	b.up.Tick(now)
	b.drain()
	for r, ok := b.up.PopReport(now); ok; r, ok = b.up.PopReport(now) {
		b.w.back.Push(b.w.clock(), len(r)+quicCost, datagram{fanout.FeedbackFlow, r})
	}
}

// drain hands packets on, after a look at them.
func (b *branch) drain() {
	for r, ok := b.up.Pop(); ok; r, ok = b.up.Pop() {
		p := r.Packet
		s, whole := read(b.w.noise, p.Payload())
		if !whole {
			b.w.fault("bytes", fmt.Sprintf("%s %v: packet %d has other bytes than the camera's", r.Feed, p.Layer, p.Seq))
		}
		taken := b.w.branchAt(s.taken)
		if off := p.Capture.Sub(taken).Abs(); !p.Capture.IsZero() && off > captureOff && b.w.now > b.w.settled {
			b.w.fault("capture", fmt.Sprintf("%s %v: the capture time is off by %v", r.Feed, p.Layer, off))
		}
		b.feeds[b.w.roomOf[r.Feed]].WritePacket(p)
	}
}
