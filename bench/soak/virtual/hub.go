package virtual

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/clock"
)

// datagram is what is on the line.
type datagram struct {
	flow uint64
	data []byte
}

const (
	// timeFlow carries the time exchange, as in package relay.
	timeFlow = 1
	// quicCost is what QUIC adds to a datagram, flow id included.
	quicCost = 39
)

// hub is the upper node of one link: a cursor for each flow, and the downlink. It
// does what the sender of package relay does.
type hub struct {
	w        *world
	down     *fanout.Downlink
	exchange clock.Exchange
	flows    []outflow
	wake     chan struct{} // capacity 1; full means that pump will look anyway
	batch    []*media.Packet
	due      time.Duration
}

type outflow struct {
	id   uint64
	room *room
	sub  *fanout.Subscription
}

func newHub(w *world) *hub {
	return &hub{
		w:    w,
		down: fanout.NewDownlink(fanout.DownlinkConfig{MaxRate: lineRate, Seed: w.random.Uint64()}),
		wake: make(chan struct{}, 1),
	}
}

// open starts a flow that the branch has asked for.
func (h *hub) open(id uint64, r *room, l media.Layer, always bool) {
	r.feed.Freshen(h.w.hubTime(), l)
	h.flows = append(h.flows, outflow{id: id, room: r, sub: r.feed.Subscribe(l, h.wake)})
	h.down.Open(h.w.hubTime(), id, r.id, l, fanout.FlowOptions{Always: always})
}

func (h *hub) close(id uint64) {
	h.flows = slices.DeleteFunc(h.flows, func(f outflow) bool {
		if f.id == id {
			f.sub.Close()
		}
		return f.id == id
	})
	h.down.Close(h.w.hubTime(), id)
}

// end gives all cursors back.
func (h *hub) end() {
	for _, f := range h.flows {
		f.sub.Close()
	}
}

// receive takes a datagram from the branch.
func (h *hub) receive(now time.Time, d datagram) {
	if d.flow == fanout.FeedbackFlow {
		if err := h.down.Feedback(now, d.data); err != nil {
			h.w.fault("report", "a report cannot be read: "+err.Error())
		}
		h.due = 0
		return
	}
	if answer, reply, err := h.exchange.Push(now, d.data, nil); err == nil && reply {
		h.w.forth.Push(h.w.clock(), len(answer)+quicCost, datagram{timeFlow, answer})
	}
}

// turn does what is due.
func (h *hub) turn() {
	now := h.w.hubTime()
	if msg, ok := h.exchange.Pop(now, nil); ok {
		h.w.forth.Push(h.w.clock(), len(msg)+quicCost, datagram{timeFlow, msg})
	}
	select {
	case <-h.wake:
	default:
		if h.w.now < h.due {
			return
		}
	}
	h.pump(now)
	h.due = h.w.since(h.down.Next())
}

func (h *hub) pump(now time.Time) {
	h.down.Tick(now)
	for _, id := range h.down.Restarts() {
		for _, f := range h.flows {
			if f.id == id {
				f.sub.Restart()
			}
		}
	}
	for _, f := range h.flows {
		h.batch = f.sub.Read(h.batch[:0])
		for _, p := range h.batch {
			h.down.Push(now, f.id, p)
		}
	}
	clear(h.batch)
	for out, ok := h.down.Pop(now); ok; out, ok = h.down.Pop(now) {
		h.w.forth.Push(h.w.clock(), len(out.Data)+quicCost, datagram{out.Flow, out.Data})
	}
	for _, id := range h.down.KeyFrames() {
		for _, f := range h.flows {
			if f.id == id {
				f.room.streams[f.sub.Layer()].wanted = true
			}
		}
	}
}
