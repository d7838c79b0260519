package roq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

// SessionConfig says how a Session behaves. The zero value is a plain RoQ peer
// that dialled.
type SessionConfig struct {
	// Relay allows what "classrelay/1" has beyond plain RoQ: one control stream
	// and fragments. Without it a bidirectional stream is an error, and a packet
	// too large for a datagram travels on a stream of its own. Default false.
	Relay bool
	// Listener tells that the peer dialled; it opens the control stream then.
	// Default false.
	Listener bool
	// OnStream takes a bidirectional stream that the peer has opened beside the control
	// stream, with the byte that says what it is for. It runs in a goroutine of its own,
	// which Run waits for; the stream is to be closed when it returns, and ends with ctx.
	// Default: there is only the control stream, and any other ends the connection.
	OnStream func(ctx context.Context, kind byte, s Stream)
	// HoldFor is how long packets of a flow nobody asked for yet are kept.
	// Default 500 ms: signalling and media race each other by about one RTT.
	HoldFor time.Duration
}

// Stats counts what a Session did.
type Stats struct {
	Writer WriterStats
	Reader ReaderStats
	Flows  FlowStats
}

var (
	// ErrPlain is returned where something of "classrelay/1" is asked of a plain
	// RoQ session.
	ErrPlain = errors.New("not on a plain RoQ connection")
	// errFlow is returned for flow ids that cannot be used.
	errFlow = errors.New("flow id cannot be used")
)

// watchEvery is how often the session looks after its connection: whether the
// congestion controller is still ours, and what was held too long. A migrated
// path has the library's own controller for at most two of these.
const watchEvery = 200 * time.Millisecond

// watched is a connection that wants to be looked after; *Conn is one.
type watched interface{ watch() }

// Session sends and receives the flows of one connection. All methods are safe
// for concurrent use.
type Session struct {
	conn    Connection
	cfg     SessionConfig
	log     *zap.Logger
	writer  *Writer
	reader  *Reader
	flows   *flows
	control chan Stream // the one bidirectional stream that a listener awaits

	// Owned by the writer's goroutine.
	scratch  []byte
	splitter splitter

	// Owned by the goroutine of Run.
	joiner joiner
}

// NewSession makes a Session of a connection whose handshake is complete. It
// starts nothing: call Run, once.
func NewSession(conn Connection, cfg SessionConfig, log *zap.Logger) (*Session, error) {
	if conn == nil {
		return nil, errors.New("roq: a session needs a connection")
	}
	if log == nil {
		log = zap.NewNop()
	}
	if cfg.HoldFor <= 0 {
		cfg.HoldFor = defaultHold
	}
	s := &Session{
		conn:    conn,
		cfg:     cfg,
		log:     log,
		reader:  NewReader(conn),
		flows:   newFlows(cfg.HoldFor),
		control: make(chan Stream, 1),
	}
	s.writer = NewWriter(s.send)
	return s, nil
}

// Run carries packets until the context ends, which is a normal end and returns
// nil after the connection was closed with NoError, or until the connection
// fails, whose error is returned (see CloseCode). Either way the connection is
// closed, every goroutine has returned, and what was still queued is not sent.
func (s *Session) Run(ctx context.Context) error {
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for _, run := range []func(context.Context) error{
		s.writer.Run, s.reader.Run, s.acceptPackets, s.acceptControl,
	} {
		// Each ends with inner or with the connection, which is closed below;
		// the first that ends takes the others along. Run waits for all.
		all.Go(func() { stop(run(inner)) })
	}
	s.dispatch(inner)

	if ctx.Err() != nil {
		err := s.conn.CloseWithError(NoError, "")
		all.Wait()
		return err
	}
	cause := context.Cause(inner)
	// Not heard if it was the peer or a timeout that ended the connection.
	code, reason := InternalError, "session failed"
	if errors.Is(cause, errBidirectional) {
		code, reason = StreamCreationError, errBidirectional.Error()
	}
	err := s.conn.CloseWithError(code, reason)
	all.Wait()
	return errors.Join(fmt.Errorf("RoQ session: %w", cause), err)
}

// dispatch hands datagrams to their flows until the context ends.
func (s *Session) dispatch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case in := <-s.reader.queue:
			s.handle(in)
		case now := <-tick.C:
			s.flows.expire(now)
			s.joiner.expire(now)
			s.flows.count.incomplete.Store(s.joiner.incomplete)
			if w, ok := s.conn.(watched); ok {
				w.watch()
			}
		}
	}
}

// handle parses one datagram and hands it on.
func (s *Session) handle(in incoming) {
	flow, payload, err := ParseDatagram(in.datagram)
	if err == nil && s.cfg.Relay && flow == FragmentFlow {
		payload, err = s.joiner.push(in.arrival, payload)
		if err == nil && payload == nil {
			return // more parts are to come
		}
		if err == nil {
			s.flows.count.joined.Add(1)
			flow, payload, err = ParseDatagram(payload)
		}
	}
	if err != nil || s.cfg.Relay && flow == FragmentFlow {
		s.flows.count.malformed.Add(1)
		return
	}
	s.flows.deliver(Received{flow, payload, in.arrival})
}

// TrySend queues a packet for a flow and returns at once: see Writer.TrySend.
func (s *Session) TrySend(flow uint64, packet []byte, deadline time.Time) bool {
	return s.writer.TrySend(flow, packet, deadline)
}

// Queue queues a packet for a flow, to be sent at the next Flush: see Writer.Queue.
func (s *Session) Queue(flow uint64, packet []byte, deadline time.Time) bool {
	return s.writer.Queue(flow, packet, deadline)
}

// Flush sends what was queued: see Writer.Flush.
func (s *Session) Flush() { s.writer.Flush() }

// Receive asks for a flow: its packets, from datagrams and streams alike, go
// into the channel from now on, beginning with those that came too early and
// were kept. Many flows may share one channel. A full channel loses the packet,
// which is counted; the Session never waits and never closes the channel.
// Receive on a flow that is already asked for changes its channel.
func (s *Session) Receive(flow uint64, into chan<- Received) error {
	if flow > MaxFlow || s.cfg.Relay && flow == FragmentFlow {
		return fmt.Errorf("receive flow %d: %w", flow, errFlow)
	}
	s.flows.receive(flow, into)
	return nil
}

// Forget stops receiving a flow; what still comes is held and then dropped.
func (s *Session) Forget(flow uint64) { s.flows.forget(flow) }

// Stats returns the counters.
func (s *Session) Stats() Stats {
	return Stats{Writer: s.writer.Stats(), Reader: s.reader.Stats(), Flows: s.flows.stats()}
}

// Close ends the connection with a code, and Run with it.
func (s *Session) Close(code ErrorCode, reason string) error {
	return s.conn.CloseWithError(code, reason)
}
