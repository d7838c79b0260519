package relay

import (
	"maps"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/roq"
)

// receiver is the half of a link that asks the peer for layers and puts what
// comes into this node's feeds. The link's loop owns it.
type receiver struct {
	table    *table
	session  *roq.Session
	in       chan<- roq.Received
	up       *fanout.Uplink
	flows    map[target]inflow
	wanted   map[target]bool // true: even while a better layer is sent
	declined declined
	again    time.Time // when something the peer declined is to be asked for; zero: nothing is
	writers  map[media.FeedID]media.Writer
	next     uint64 // the flow id to try next
	log      *zap.Logger
}

func newReceiver(t *table, s *roq.Session, in chan<- roq.Received, log *zap.Logger) *receiver {
	return &receiver{
		table:    t,
		session:  s,
		in:       in,
		up:       fanout.NewUplink(0),
		flows:    make(map[target]inflow),
		declined: make(declined),
		writers:  make(map[media.FeedID]media.Writer),
		next:     roq.MinMediaFlow,
		log:      log,
	}
}

// inflow is a flow that the peer was asked for.
type inflow struct {
	id     uint64
	always bool
}

// settle makes the flows that are open those that are wanted, and returns what to
// tell the peer for that. What the peer has declined waits for its time.
func (r *receiver) settle(now time.Time) (say []*control.Message) {
	for t, f := range r.flows {
		if _, ok := r.wanted[t]; !ok {
			say = append(say, &control.Message{Unsubscribe: &control.Unsubscribe{Flow: f.id}})
			r.close(t)
		}
	}
	for t, always := range r.wanted {
		f, ok := r.flows[t]
		if ok && f.always == always || now.Before(r.declined[t].until) {
			continue
		}
		if !ok {
			id, err := r.open(t)
			if err != nil {
				r.log.Error("cannot receive", zap.String("feed", string(t.feed)), zap.Stringer("layer", t.layer),
					zap.Error(err))
				continue
			}
			f.id = id
		}
		f.always = always
		r.flows[t] = f
		say = append(say, &control.Message{Subscribe: &control.Subscribe{
			Feed: t.feed, Layer: t.layer, Flow: f.id, Always: always,
		}})
	}
	maps.DeleteFunc(r.declined, func(t target, _ decline) bool { _, ok := r.wanted[t]; return !ok })
	r.again = r.declined.next(now)
	return say
}

// decline takes in that the peer does not give the layer of a flow, and tells whether that
// is news.
func (r *receiver) decline(now time.Time, id uint64) bool {
	for t, f := range r.flows {
		if f.id == id {
			r.close(t)
			r.declined.add(now, t)
			r.again = r.declined.next(now)
			return r.declined[t].wait == askAgain
		}
	}
	return false
}

// open picks a flow id and is ready to receive on it, before the peer is asked.
func (r *receiver) open(t target) (uint64, error) {
	id := r.next
	r.next++
	if r.next >= fanout.RepairOffset {
		r.next = roq.MinMediaFlow // by then the first ones are long gone
	}
	ids := flowIDs(id, t.layer)
	for i, id := range ids {
		if err := r.session.Receive(id, r.in); err != nil {
			for _, id := range ids[:i] {
				r.session.Forget(id)
			}
			return 0, err
		}
	}
	r.up.Open(id, t.feed, t.layer, r.table.tracks(t.feed)[t.layer])
	r.writers[t.feed] = r.table.writer(t.feed)
	return id, nil
}

// flowIDs are the flows that carry a layer: media, and repair for a picture.
func flowIDs(id uint64, l media.Layer) []uint64 {
	if l.IsVideo() {
		return []uint64{id, id + fanout.RepairOffset}
	}
	return []uint64{id}
}

func (r *receiver) close(t target) {
	id := r.flows[t].id
	delete(r.flows, t)
	for _, id := range flowIDs(id, t.layer) {
		r.session.Forget(id)
	}
	r.up.Close(id)
}

// push takes what came on a flow, and hands the packets on to their feeds.
func (r *receiver) push(now time.Time, flow uint64, b []byte) {
	r.up.Push(now, flow, b)
	r.drain()
}

// drain hands packets on, cut-through: a middle hop neither waits nor reorders.
func (r *receiver) drain() {
	for {
		got, ok := r.up.Pop()
		if !ok {
			return
		}
		r.writers[got.Feed].WritePacket(got.Packet)
	}
}

// learned tells the flows how they are encoded, as announced by now.
func (r *receiver) learned() {
	for t, f := range r.flows {
		r.up.SetTrack(f.id, r.table.tracks(t.feed)[t.layer])
	}
	r.drain()
}

// keyFrame returns the message that asks for a key frame, if the flow is open.
func (r *receiver) keyFrame(t target) (*control.Message, bool) {
	f, ok := r.flows[t]
	return &control.Message{KeyFrame: &control.KeyFrame{Flow: f.id}}, ok
}

// stats lists the flows.
func (r *receiver) stats(now time.Time) []fanout.UplinkFlow {
	out := make([]fanout.UplinkFlow, 0, len(r.flows))
	for _, f := range r.flows {
		if st, ok := r.up.Flow(now, f.id); ok {
			out = append(out, st)
		}
	}
	return out
}
