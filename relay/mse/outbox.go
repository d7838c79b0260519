package mse

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// outboxSize is how much may wait for the socket, in bytes, when one more picture
	// comes: 64 KiB per retry of playout, every 2 ms, let a cached group through at
	// 260 Mbit/s.
	outboxSize = 64 << 10
	// outboxAge is how long the oldest of it may have waited: two pictures and a half.
	outboxAge = 100 * time.Millisecond
)

// message is one WebSocket message.
type message struct {
	kind websocket.MessageType
	data []byte
	at   time.Time // when it was put
}

// outbox holds what waits for one viewer's socket. One goroutine takes, any may put.
// It never fills by itself: whoever puts pictures asks full first, and lets them be.
type outbox struct {
	mu      sync.Mutex
	queue   []message
	size    int
	leaving time.Time     // when the message that is being written was put; zero: none is
	wake    chan struct{} // capacity 1: a second signal says nothing new
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// put adds a message.
func (o *outbox) put(now time.Time, m message) {
	m.at = now
	o.mu.Lock()
	o.queue = append(o.queue, m)
	o.size += len(m.data)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// full tells whether the socket is behind.
func (o *outbox) full(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	oldest := o.leaving
	if oldest.IsZero() && len(o.queue) > 0 {
		oldest = o.queue[0].at
	}
	return o.size >= outboxSize || !oldest.IsZero() && now.Sub(oldest) >= outboxAge
}

// take waits for the next message, and says that the one before has left. It reports
// false when ctx is done.
func (o *outbox) take(ctx context.Context) (message, bool) {
	for {
		o.mu.Lock()
		o.leaving = time.Time{}
		if len(o.queue) > 0 {
			m := o.queue[0]
			o.queue[0] = message{}
			o.queue = o.queue[1:]
			o.size -= len(m.data)
			o.leaving = m.at
			o.mu.Unlock()
			return m, ctx.Err() == nil
		}
		o.mu.Unlock()
		select {
		case <-o.wake:
		case <-ctx.Done():
			return message{}, false
		}
	}
}

// waiting is how many bytes have not been taken.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.size
}
