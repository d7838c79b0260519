package relay

import (
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
	table   *table
	session *roq.Session
	in      chan<- roq.Received
	up      *fanout.Uplink
	flows   map[target]uint64
	writers map[media.FeedID]media.Writer
	next    uint64 // the flow id to try next
	log     *zap.Logger
}

func newReceiver(t *table, s *roq.Session, in chan<- roq.Received, log *zap.Logger) *receiver {
	return &receiver{
		table:   t,
		session: s,
		in:      in,
		up:      fanout.NewUplink(),
		flows:   make(map[target]uint64),
		writers: make(map[media.FeedID]media.Writer),
		next:    roq.MinMediaFlow,
		log:     log,
	}
}

// settle makes the flows that are open those that are wanted, and returns what to
// tell the peer for that.
func (r *receiver) settle(wanted map[target]struct{}) (say []*control.Message) {
	for t, id := range r.flows {
		if _, ok := wanted[t]; !ok {
			say = append(say, &control.Message{Unsubscribe: &control.Unsubscribe{Flow: id}})
			r.close(t)
		}
	}
	for t := range wanted {
		if _, ok := r.flows[t]; ok {
			continue
		}
		id, err := r.open(t)
		if err != nil {
			r.log.Error("cannot receive", zap.String("feed", string(t.feed)), zap.Stringer("layer", t.layer), zap.Error(err))
			continue
		}
		say = append(say, &control.Message{Subscribe: &control.Subscribe{Feed: t.feed, Layer: t.layer, Flow: id}})
	}
	return say
}

// open picks a flow id and is ready to receive on it, before the peer is asked.
func (r *receiver) open(t target) (uint64, error) {
	id := r.next
	r.next++
	if r.next > roq.MaxMediaFlow {
		r.next = roq.MinMediaFlow // by then the first ones are long gone
	}
	if err := r.session.Receive(id, r.in); err != nil {
		return 0, err
	}
	r.up.Open(id, t.feed, t.layer, r.table.tracks(t.feed)[t.layer])
	r.flows[t] = id
	r.writers[t.feed] = r.table.writer(t.feed)
	return id, nil
}

func (r *receiver) close(t target) {
	id := r.flows[t]
	delete(r.flows, t)
	r.session.Forget(id)
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
	for t, id := range r.flows {
		r.up.SetTrack(id, r.table.tracks(t.feed)[t.layer])
	}
	r.drain()
}

// keyFrame returns the message that asks for a key frame, if the flow is open.
func (r *receiver) keyFrame(t target) (*control.Message, bool) {
	id, ok := r.flows[t]
	return &control.Message{KeyFrame: &control.KeyFrame{Flow: id}}, ok
}

// stats lists the flows.
func (r *receiver) stats(now time.Time) []fanout.UplinkFlow {
	out := make([]fanout.UplinkFlow, 0, len(r.flows))
	for _, id := range r.flows {
		if st, ok := r.up.Flow(now, id); ok {
			out = append(out, st)
		}
	}
	return out
}
