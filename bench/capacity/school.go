package capacity

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/capacity/egress"
	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

const (
	// promise is what a packet may take to be good.
	promise = 300 * time.Millisecond
	// schoolInbox holds what came and waits: a key frame of several cameras. Full:
	// the session drops and counts, and the packet is not good.
	schoolInbox = 2048
	// shakeWithin bounds the exchange of hellos.
	shakeWithin = 5 * time.Second
	// dialTries: a machine at its limit lets a handshake time out now and then.
	dialTries = 4
)

// school is a link of a branch without the branch: it asks for every camera, puts
// back what was lost, reports, and throws the packets away. Its clock is the hub's:
// they share the machine.
type school struct {
	session *roq.Session
	shaken  chan struct{} // closed when both have said hello
	stream  roq.Stream
	up      *fanout.Uplink
	in      chan roq.Received
	heard   chan *control.Message
	flows   map[media.FeedID][media.NumLayers]uint64
	next    uint64

	mu      sync.Mutex
	tally   tally
	extents map[flowKey]*extent
}

type flowKey struct {
	feed  media.FeedID
	layer media.Layer
}

// dialSchool makes the link.
func dialSchool(ctx context.Context, hub string, id *identity.Identity) (*school, error) {
	conn, err := egress.Dial(ctx, id, hub, hubNode)
	if err != nil {
		return nil, err
	}
	session, err := roq.NewSession(conn, roq.SessionConfig{Relay: true}, zap.NewNop())
	if err != nil {
		return nil, errors.Join(err, conn.CloseWithError(roq.InternalError, ""))
	}
	return &school{
		session: session,
		shaken:  make(chan struct{}),
		up:      fanout.NewUplink(0),
		in:      make(chan roq.Received, schoolInbox),
		heard:   make(chan *control.Message, 16), // full: the stream's reader waits
		flows:   make(map[media.FeedID][media.NumLayers]uint64),
		next:    roq.MinMediaFlow,
		extents: make(map[flowKey]*extent),
	}, nil
}

// Run carries the link until ctx ends, which returns nil, or until it fails. A link
// that fails is not made again: the step would not be what it says.
func (s *school) Run(ctx context.Context) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	defer all.Wait()
	defer func() { _ = s.session.Close(roq.NoError, "the bench ends") }()
	all.Go(func() { cancel(s.session.Run(inner)) }) // ends with inner, or ends it
	if err := s.shake(inner); err != nil {
		cancel(err)
		return fmt.Errorf("shake hands with the hub: %w", err)
	}
	close(s.shaken)
	all.Go(func() { cancel(s.listen(inner)) }) // ends when the session is closed
	for _, id := range []uint64{fanout.FeedbackFlow, fanout.ProbeFlow} {
		if err := s.session.Receive(id, s.in); err != nil {
			return err
		}
	}
	s.up.SetOffset(time.Now(), 0)
	err := s.loop(inner)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the link to the hub: %w", errors.Join(err, context.Cause(inner)))
}

// shake opens the control stream and exchanges hellos.
func (s *school) shake(ctx context.Context) error {
	stream, err := s.session.Control(ctx)
	if err != nil {
		return err
	}
	s.stream = stream
	if err := stream.SetReadDeadline(time.Now().Add(shakeWithin)); err != nil {
		return err
	}
	hello := &control.Message{Hello: &control.Hello{Protocol: control.Version, Software: "bench"}}
	if err := control.Write(stream, hello); err != nil {
		return err
	}
	if _, err := control.Read(stream); err != nil {
		return err
	}
	return stream.SetReadDeadline(time.Time{})
}

func (s *school) listen(ctx context.Context) error {
	for {
		m, err := control.Read(s.stream)
		if err != nil {
			return err
		}
		select {
		case s.heard <- m:
		case <-ctx.Done():
			return nil
		}
	}
}

// loop takes what comes and reports, until ctx ends.
func (s *school) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		now := time.Now()
		s.up.Tick(now)
		s.drain(now)
		for b, ok := s.up.PopReport(now); ok; b, ok = s.up.PopReport(now) {
			s.session.TrySend(fanout.FeedbackFlow, b, now.Add(promise)) // the next one repeats it
		}
		if next := s.up.Next(); !next.IsZero() {
			timer.Reset(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return nil
		case r := <-s.in:
			s.take(r)
		case m := <-s.heard:
			if err := s.hear(m); err != nil {
				return err
			}
		case <-timer.C:
		}
	}
}

// take takes in what has come, up to a bound so that reporting is not starved.
func (s *school) take(r roq.Received) {
	for range 256 {
		s.up.Push(r.Arrival, r.Flow, r.Packet)
		select {
		case r = <-s.in:
		default:
			return
		}
	}
}

// drain counts the packets and lets them go.
func (s *school) drain(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		got, ok := s.up.Pop()
		if !ok {
			return
		}
		s.count(now, got.Feed, got.Packet)
	}
}

func (s *school) count(now time.Time, feed media.FeedID, p *media.Packet) {
	key := flowKey{feed, p.Layer}
	e := s.extents[key]
	if e == nil {
		e = &extent{}
		s.extents[key] = e
	}
	e.put(p.Seq)
	s.tally.bytes += p.Size()
	if p.Capture.IsZero() {
		return // no sender report yet
	}
	latency := now.Sub(p.Capture)
	if latency <= promise {
		s.tally.good++
	}
	if p.Marker && p.Layer.IsVideo() {
		s.tally.latencies = append(s.tally.latencies, latency)
	}
}

// hear asks for what is announced and not open yet.
func (s *school) hear(m *control.Message) error {
	if m.Feeds == nil {
		return nil
	}
	for i := range m.Feeds.Feeds {
		f := &m.Feeds.Feeds[i]
		for _, l := range []media.Layer{media.LayerMain, media.LayerAudio} {
			if f.Tracks[l] == nil {
				continue
			}
			if err := s.ask(f.ID, l, f.Tracks[l]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *school) ask(feed media.FeedID, l media.Layer, t *media.Track) error {
	ids := s.flows[feed]
	if ids[l] != 0 {
		s.up.SetTrack(ids[l], t)
		return nil
	}
	id := s.next
	s.next++
	ids[l] = id
	s.flows[feed] = ids
	for _, flow := range []uint64{id, id + fanout.RepairOffset} {
		if err := s.session.Receive(flow, s.in); err != nil {
			return err
		}
	}
	s.up.Open(id, feed, l, t)
	return control.Write(s.stream, &control.Message{Subscribe: &control.Subscribe{Feed: feed, Layer: l, Flow: id}})
}

// takeTally returns what was counted since the last call.
func (s *school) takeTally() tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tally
	s.tally = tally{}
	for _, e := range s.extents {
		t.expected += e.take()
	}
	return t
}

// heardAll tells whether packets of so many cameras have come at some time.
func (s *school) heardAll(cameras int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for key := range s.extents {
		if key.layer.IsVideo() {
			n++
		}
	}
	return n >= cameras
}
