package roq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// writerQueue is how many packets wait for the connection: two key frames of
// 234 packets. The deadline of each packet bounds the wait, not this number.
const writerQueue = 512

// Writer hands packets to a connection from a goroutine of its own, because
// SendDatagram blocks when the library has 32 datagrams waiting. Whoever has
// packets to send never waits: Queue and TrySend either queue or say "congested".
//
// A picture is many packets. Its owner queues all of them and calls Flush once, so
// that the goroutine wakes once and hands them on without a pause: the library puts
// what it finds waiting into one system call.
//
// A packet whose deadline passed while it waited is dropped here and counted as
// Expired. It never got a QUIC packet number and is no network loss.
type Writer struct {
	send func(flow uint64, packet []byte, deadline time.Time) error
	wake chan struct{} // full: it is awake, and looks again before it sleeps

	mu     sync.Mutex
	queue  []outgoing // a ring of writerQueue
	first  int        // the oldest of those that wait
	length int        // how many wait

	queued, congested                atomic.Uint64
	expired, sent, sentBytes, failed atomic.Uint64
}

type outgoing struct {
	flow     uint64
	packet   []byte
	deadline time.Time
}

// WriterStats counts packets since the Writer was made.
type WriterStats struct {
	Queued    uint64 // taken by Queue and TrySend
	Congested uint64 // refused by them, the queue was full
	Expired   uint64 // dropped before sending, too old: a local drop, never network loss
	Sent      uint64 // handed to QUIC
	SentBytes uint64 // payload bytes of those, without flow ids
	Failed    uint64 // could not be sent, for example too large for the peer
	Waiting   int    // in the queue now
}

// NewWriter makes a Writer that sends with the given function, which may block
// and is called from Run only. The function must not keep the packet.
func NewWriter(send func(flow uint64, packet []byte, deadline time.Time) error) *Writer {
	return &Writer{send: send, wake: make(chan struct{}, 1), queue: make([]outgoing, writerQueue)}
}

// TrySend is Queue and, when it took the packet, Flush. Safe for concurrent use.
func (w *Writer) TrySend(flow uint64, packet []byte, deadline time.Time) bool {
	if !w.Queue(flow, packet, deadline) {
		return false
	}
	w.Flush()
	return true
}

// Queue takes a packet and returns at once; it may stay where it is until Flush.
// Queue returns false when the queue is full: the link is congested, the packet is
// not taken, and the caller should shed load. The packet is read later, so nobody
// may change it any more. A packet that is still queued at its deadline is dropped;
// a zero deadline never passes. Safe for concurrent use.
func (w *Writer) Queue(flow uint64, packet []byte, deadline time.Time) bool {
	// When the queue is full we refuse rather than wait: the caller knows which
	// layer to give up, we do not.
	if !w.push(outgoing{flow, packet, deadline}) {
		w.congested.Add(1)
		return false
	}
	w.queued.Add(1)
	return true
}

// Flush sends what was queued, if anything was. Safe for concurrent use.
func (w *Writer) Flush() {
	if w.waiting() == 0 {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default: // it is awake
	}
}

func (w *Writer) push(o outgoing) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.length == len(w.queue) {
		return false
	}
	w.queue[(w.first+w.length)%writerQueue] = o
	w.length++
	return true
}

// pop takes the oldest packet out.
func (w *Writer) pop() (outgoing, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.length == 0 {
		return outgoing{}, false
	}
	o := w.queue[w.first]
	w.queue[w.first].packet = nil // the collector's
	w.first = (w.first + 1) % writerQueue
	w.length--
	return o, true
}

// Run sends until the context ends or the connection fails. While SendDatagram
// blocks the context is not looked at: close the connection to free it.
func (w *Writer) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.wake:
			if err := w.drain(); err != nil {
				return err
			}
		}
	}
}

// drain sends all that waits.
func (w *Writer) drain() error {
	for {
		o, ok := w.pop()
		if !ok {
			return nil
		}
		if err := w.write(o); err != nil {
			return fmt.Errorf("send on flow %d: %w", o.flow, err)
		}
	}
}

// write sends one packet. Only errors that end the connection are returned.
func (w *Writer) write(o outgoing) error {
	if !o.deadline.IsZero() && time.Until(o.deadline) < 0 {
		w.expired.Add(1)
		return nil
	}
	err := w.send(o.flow, o.packet, o.deadline)
	switch {
	case err == nil:
		w.sent.Add(1)
		w.sentBytes.Add(uint64(len(o.packet)))
		return nil
	case errors.Is(err, errNotSent):
		w.failed.Add(1)
		return nil
	default:
		return err
	}
}

// errNotSent is wrapped by errors that concern one packet, not the connection.
var errNotSent = errors.New("packet not sent")

func (w *Writer) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.length
}

// Stats returns the counters. Safe for concurrent use.
func (w *Writer) Stats() WriterStats {
	return WriterStats{
		Queued:    w.queued.Load(),
		Congested: w.congested.Load(),
		Expired:   w.expired.Load(),
		Sent:      w.sent.Load(),
		SentBytes: w.sentBytes.Load(),
		Failed:    w.failed.Load(),
		Waiting:   w.waiting(),
	}
}
