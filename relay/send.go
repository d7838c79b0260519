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
	// silentAfter is how long the main layer may be without a packet before a
	// link sends the sub layer in its place.
	silentAfter = time.Second
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
	target target
	sub    *subscription
	active bool // of the layers of one picture only one is
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
	switch {
	case m.Flow < roq.MinMediaFlow || m.Flow > roq.MaxMediaFlow:
		return fmt.Errorf("flow %d is not within %d to %d", m.Flow, roq.MinMediaFlow, roq.MaxMediaFlow)
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
	s.down.Open(now, m.Flow, m.Layer)
	s.flows[m.Flow] = &outflow{target: t, sub: sub, active: true}
	return nil
}

// close ends a flow.
func (s *sender) close(id uint64) {
	f := s.flows[id]
	if f == nil {
		return
	}
	delete(s.flows, id)
	s.down.Close(id)
	f.sub.Close()
}

// closeAll gives all interest back.
func (s *sender) closeAll() {
	for id := range s.flows {
		s.close(id)
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
	for id, f := range s.flows {
		s.batch = f.sub.Read(s.batch[:0])
		if !f.active {
			continue
		}
		for _, p := range s.batch {
			s.down.Push(now, id, p)
		}
	}
	clear(s.batch) // the ring alone keeps packets alive
	for {
		out, ok := s.pop(now)
		if !ok {
			break
		}
		if !s.session.TrySend(out.Flow, out.Data, now.Add(writeWithin)) {
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

func (s *sender) pop(now time.Time) (fanout.Out, bool) {
	if s.held != nil {
		out := *s.held
		s.held = nil
		return out, true
	}
	return s.down.Pop(now)
}

// choose lets one layer of each picture through: main while it comes, else sub.
// To be called about once a second.
func (s *sender) choose(now time.Time) {
	for id, f := range s.flows {
		if f.target.layer != media.LayerSub {
			continue
		}
		other := s.find(target{f.target.feed, media.LayerMain})
		active := other == nil || now.Sub(f.sub.feed.Stats(media.LayerMain).Last) > silentAfter
		if active && !f.active {
			s.down.Restart(now, id)
			f.sub.Restart()
		}
		f.active = active
	}
}

func (s *sender) find(t target) *outflow {
	for _, f := range s.flows {
		if f.target == t {
			return f
		}
	}
	return nil
}
