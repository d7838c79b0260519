package roq

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// writerQueue is how many packets wait for the connection: two key frames of
// 234 packets. The deadline of each packet bounds the wait, not this number.
const writerQueue = 512

// Writer hands packets to a connection from a goroutine of its own, because
// SendDatagram blocks when the library has 32 datagrams waiting. Whoever has
// packets to send never waits: TrySend either queues or says "congested".
//
// A packet whose deadline passed while it waited is dropped here and counted as
// Expired. It never got a QUIC packet number and is no network loss.
type Writer struct {
	send  func(flow uint64, packet []byte, deadline time.Time) error
	queue chan outgoing

	queued, congested, expired, sent, sentBytes, failed atomic.Uint64
}

type outgoing struct {
	flow     uint64
	packet   []byte
	deadline time.Time
}

// WriterStats counts packets since the Writer was made.
type WriterStats struct {
	Queued    uint64 // taken by TrySend
	Congested uint64 // refused by TrySend, the queue was full
	Expired   uint64 // dropped before sending, too old: a local drop, never network loss
	Sent      uint64 // handed to QUIC
	SentBytes uint64 // payload bytes of those, without flow ids
	Failed    uint64 // could not be sent, for example too large for the peer
	Waiting   int    // in the queue now
}

// NewWriter makes a Writer that sends with the given function, which may block
// and is called from Run only. The function must not keep the packet.
func NewWriter(send func(flow uint64, packet []byte, deadline time.Time) error) *Writer {
	return &Writer{send: send, queue: make(chan outgoing, writerQueue)}
}

// TrySend queues a packet and returns at once. It returns false when the queue is
// full: the link is congested, the packet is not taken, and the caller should
// shed load. The packet is read later, so nobody may change it any more. A
// packet that is still queued at its deadline is dropped; a zero deadline never
// passes. Safe for concurrent use.
func (w *Writer) TrySend(flow uint64, packet []byte, deadline time.Time) bool {
	// When the queue is full we refuse rather than wait: the caller knows which
	// layer to give up, we do not.
	select {
	case w.queue <- outgoing{flow, packet, deadline}:
		w.queued.Add(1)
		return true
	default:
		w.congested.Add(1)
		return false
	}
}

// Run sends until the context ends or the connection fails. While SendDatagram
// blocks the context is not looked at: close the connection to free it.
func (w *Writer) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case o := <-w.queue:
			if err := w.drain(o); err != nil {
				return err
			}
		}
	}
}

// drain sends what waits, o first: packets come in frames, so mostly there is more,
// and it takes no wait to find out.
func (w *Writer) drain(o outgoing) error {
	for {
		if err := w.write(o); err != nil {
			return fmt.Errorf("send on flow %d: %w", o.flow, err)
		}
		select {
		case o = <-w.queue:
		default:
			return nil
		}
	}
}

// write sends one packet. Only errors that end the connection are returned.
func (w *Writer) write(o outgoing) error {
	if !o.deadline.IsZero() && time.Now().After(o.deadline) {
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

// Stats returns the counters. Safe for concurrent use.
func (w *Writer) Stats() WriterStats {
	return WriterStats{
		Queued:    w.queued.Load(),
		Congested: w.congested.Load(),
		Expired:   w.expired.Load(),
		Sent:      w.sent.Load(),
		SentBytes: w.sentBytes.Load(),
		Failed:    w.failed.Load(),
		Waiting:   len(w.queue),
	}
}
