package relay

import (
	"errors"
	"fmt"
	"time"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/roq"
)

const (
	// flowsMost bounds what one peer may ask for: a county hub's 2,000 feeds with
	// three layers each.
	flowsMost = 6000
	// writeWithin is how long a packet may stand in the writer's queue behind
	// the pacer. The pacer has decided that it leaves now; later than this the
	// connection is stuck and the packet useless.
	writeWithin = 200 * time.Millisecond
)

// sender is the half of a link that gives layers to the peer: a cursor for each
// flow, and the downlink that decides what leaves when. The link's loop owns it.
type sender struct {
	table   *table
	peer    string
	session *roq.Session
	wake    chan<- struct{}
	down    *fanout.Downlink
	flows   map[uint64]*outflow
	batch   []*media.Packet
	held    *fanout.Out // popped, but the writer was full
}

// outflow is one layer that the peer asked for.
type outflow struct {
	target  target
	sub     *subscription
	always  bool               // as the peer asked
	options fanout.FlowOptions // as the downlink has them
}

func newSender(t *table, peer string, s *roq.Session, wake chan<- struct{}, cfg fanout.DownlinkConfig) *sender {
	return &sender{
		table:   t,
		peer:    peer,
		session: s,
		wake:    wake,
		down:    fanout.NewDownlink(cfg),
		flows:   make(map[uint64]*outflow),
	}
}

// open starts a flow that the peer asked for.
func (s *sender) open(now time.Time, m *control.Subscribe) error {
	if f := s.flows[m.Flow]; f != nil && f.target == (target{m.Feed, m.Layer}) {
		f.always = m.Always // the same again, otherwise treated
		s.value(now, m.Flow, f)
		return nil
	}
	switch {
	case m.Flow < roq.MinMediaFlow || m.Flow >= fanout.RepairOffset:
		return fmt.Errorf("flow %d is not within %d to %d", m.Flow, roq.MinMediaFlow, fanout.RepairOffset-1)
	case s.flows[m.Flow] != nil:
		return fmt.Errorf("flow %d is in use", m.Flow)
	case len(s.flows) >= flowsMost:
		return errors.New("too many flows on one link")
	}
	t := target{m.Feed, m.Layer}
	sub, err := s.table.subscribePeer(s.peer, t, s.wake)
	if err != nil {
		return err
	}
	f := &outflow{target: t, sub: sub, always: m.Always, options: s.table.options(m.Feed, m.Always)}
	s.flows[m.Flow] = f
	s.down.Open(now, m.Flow, m.Feed, m.Layer, f.options)
	return nil
}

// valueAll has the downlink treat every flow as is right now: what a class watches changes.
func (s *sender) valueAll(now time.Time) {
	for id, f := range s.flows {
		s.value(now, id, f)
	}
}

func (s *sender) value(now time.Time, id uint64, f *outflow) {
	if o := s.table.options(f.target.feed, f.always); o != f.options {
		f.options = o
		s.down.SetOptions(now, id, o)
	}
}

// close ends a flow.
func (s *sender) close(now time.Time, id uint64) {
	f := s.flows[id]
	if f == nil {
		return
	}
	delete(s.flows, id)
	s.down.Close(now, id)
	f.sub.Close()
}

// leave is close for a flow that the peer wants no more.
func (s *sender) leave(now time.Time, id uint64) {
	if f := s.flows[id]; f != nil {
		f.sub.Leave()
	}
	s.close(now, id)
}

// closeAll gives all interest back and ends the downlink.
func (s *sender) closeAll() {
	s.down.Leave()
	for id := range s.flows {
		s.close(time.Now(), id)
	}
}

// keyFrame passes a peer's wish for a key frame on.
func (s *sender) keyFrame(id uint64) {
	if f := s.flows[id]; f != nil {
		s.table.requestKeyFrame(f.sub.feed, f.target.layer)
	}
}

// pump moves what is new from the feeds into the downlink and what may leave into
// the connection. It returns when to pump again, zero when there is nothing
// waiting.
func (s *sender) pump(now time.Time) time.Time {
	s.down.Tick(now)
	s.read(now)
	defer s.session.Flush() // all of it together, so that it leaves in few system calls
	for {
		out, ok := s.pop(now)
		if !ok {
			break
		}
		if !s.session.Queue(out.Flow, out.Data, now.Add(writeWithin)) {
			// The writer is full: QUIC does not let go as fast as we pace. The
			// packet waits here and the queue behind it ages, which is where
			// the decision what to drop is made.
			s.held = &out
			return now.Add(2 * time.Millisecond)
		}
	}
	for _, id := range s.down.KeyFrames() {
		s.keyFrame(id)
	}
	return s.down.Next()
}

// read gives the downlink what the feeds have, beginning anew with the cached
// group of pictures where it asks for that.
func (s *sender) read(now time.Time) {
	for _, id := range s.down.Restarts() {
		if f := s.flows[id]; f != nil {
			f.sub.Restart()
		}
	}
	for id, f := range s.flows {
		s.batch = f.sub.Read(s.batch[:0])
		for _, p := range s.batch {
			s.down.Push(now, id, p)
		}
	}
	clear(s.batch) // the ring alone keeps packets alive
}

func (s *sender) pop(now time.Time) (fanout.Out, bool) {
	if s.held != nil {
		out := *s.held
		s.held = nil
		return out, true
	}
	return s.down.Pop(now)
}
