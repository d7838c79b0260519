package roq

import (
	"context"
	"errors"
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
	// HoldFor is how long packets of a flow nobody asked for yet are kept.
	// Default 500 ms: signalling and media race each other by about one RTT.
	HoldFor time.Duration
}

// Received is one packet that came in.
type Received struct {
	Flow    uint64
	Packet  []byte // belongs to the receiver
	Arrival time.Time
}

// Stats counts what a Session did.
type Stats struct {
	Writer WriterStats
	Reader ReaderStats
	Flows  FlowStats
}

// FlowStats counts what happened to packets between the Reader and the flows.
type FlowStats struct {
	Delivered  uint64 // put into a receiver's channel
	Overflow   uint64 // dropped, the receiver's channel was full: a local drop
	Malformed  uint64 // datagrams that could not be parsed
	Held       uint64 // kept for a flow nobody asked for yet
	Forgotten  uint64 // of those, dropped because of age or lack of room
	Split      uint64 // datagrams sent in parts
	Joined     uint64 // datagrams put together from parts
	Incomplete uint64 // datagrams of which a part never came
	Streamed   uint64 // packets sent on a stream because they were too large
}

// ErrClosed is returned by what is asked of a Session that has ended.
var ErrClosed = errors.New("RoQ session closed")

// Session sends and receives the flows of one connection.
type Session struct {
	conn   Connection
	writer *Writer
	reader *Reader
}

// NewSession makes a Session of a connection whose handshake is complete. It
// starts nothing: call Run.
func NewSession(conn Connection, cfg SessionConfig, log *zap.Logger) (*Session, error) {
	return &Session{conn: conn}, nil
}

// Run carries packets until the context ends, which is a normal end and returns
// nil after the connection was closed with NoError, or until the connection
// fails, whose error is returned.
func (s *Session) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// TrySend queues a packet for a flow and returns at once: see Writer.TrySend.
func (s *Session) TrySend(flow uint64, packet []byte, deadline time.Time) bool {
	return s.writer.TrySend(flow, packet, deadline)
}

// Receive asks for a flow: its packets, from datagrams and streams alike, go
// into the channel from now on, beginning with those that came too early and
// were kept. Many flows may share one channel. A full channel loses the packet,
// which is counted; the Session never waits and never closes the channel.
// Receive on a flow that is already asked for changes its channel.
func (s *Session) Receive(flow uint64, into chan<- Received) error { return nil }

// Forget stops receiving a flow; what still comes is held and then dropped.
func (s *Session) Forget(flow uint64) {}

// OpenStream opens a unidirectional stream for a flow, for packets that must
// arrive or are too large for a datagram.
func (s *Session) OpenStream(flow uint64) (*PacketWriter, error) { return nil, nil }

// Control returns the one bidirectional stream of a "classrelay/1" connection:
// opened here on the side that dialled, awaited on the other. The listening side
// sees it only once the dialling side has written something.
func (s *Session) Control(ctx context.Context) (Stream, error) { return s.conn.AcceptStream(ctx) }

// Stats returns the counters. Safe for concurrent use.
func (s *Session) Stats() Stats { return Stats{} }

// Close ends the connection with a code and Run with it. Safe for concurrent use.
func (s *Session) Close(code ErrorCode, reason string) error {
	return s.conn.CloseWithError(code, reason)
}
