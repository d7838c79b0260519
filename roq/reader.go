package roq

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// readerQueue is how many datagrams wait for the Session: one second at
// 21 Mbit/s of full datagrams. The library's own queue holds 128 and drops in
// silence above that, which no counter shows, so ours is large and counts.
const readerQueue = 2048

// Reader takes datagrams off a connection as fast as they come and does nothing
// else, so that the library's silent queue of 128 stays empty.
type Reader struct {
	conn  datagramReceiver
	queue chan incoming

	received, overflow atomic.Uint64
}

type datagramReceiver interface {
	ReceiveDatagram(ctx context.Context) ([]byte, error)
}

type incoming struct {
	datagram []byte
	arrival  time.Time
}

// ReaderStats counts datagrams since the Reader was made.
type ReaderStats struct {
	Received uint64 // taken off the connection
	Overflow uint64 // dropped here, because the Session was slower: a local drop
	Waiting  int    // in the queue now
}

// NewReader makes a Reader of a connection.
func NewReader(conn datagramReceiver) *Reader {
	return &Reader{conn: conn, queue: make(chan incoming, readerQueue)}
}

// Run reads until the context or the connection ends and always returns an
// error that says which.
func (r *Reader) Run(ctx context.Context) error {
	for {
		b, err := r.conn.ReceiveDatagram(ctx)
		if err != nil {
			return fmt.Errorf("receive datagram: %w", err)
		}
		r.received.Add(1)
		// When the queue is full the newest goes: waiting here would only move
		// the drop into the library, where it is not counted.
		select {
		case r.queue <- incoming{b, time.Now()}:
		default:
			r.overflow.Add(1)
		}
	}
}

// Stats returns the counters. Safe for concurrent use.
func (r *Reader) Stats() ReaderStats {
	return ReaderStats{Received: r.received.Load(), Overflow: r.overflow.Load(), Waiting: len(r.queue)}
}
