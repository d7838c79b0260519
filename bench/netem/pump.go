package netem

import (
	"context"
	"time"

	core "github.com/classrelay/classrelay/internal/netem"
)

// nap is the longest time the pump sleeps while something is on a link: what
// enters meanwhile waits so long, and the links know when it really came.
const nap = 200 * time.Microsecond

// pump moves datagrams until ctx ends.
func (r *Relay) pump(ctx context.Context) {
	for ctx.Err() == nil {
		r.pushAll()
		next := r.popAll()
		if next.IsZero() {
			select {
			case <-ctx.Done():
			case e := <-r.entering:
				r.push(e)
			}
			continue
		}
		if wait := time.Until(next); wait > 0 {
			sleep(min(wait, nap))
		}
	}
}

// pushAll takes over what the readers have brought.
func (r *Relay) pushAll() {
	for range enteringQueue {
		select {
		case e := <-r.entering:
			r.push(e)
		default:
			return
		}
	}
}

func (r *Relay) push(e entering) {
	r.mu.Lock()
	defer r.mu.Unlock()
	link := r.down
	if e.up {
		link = r.up
	}
	link.Push(e.at, len(e.payload), e.crossing)
}

// popAll sends what is due on both links and returns when the next one is; zero
// when both are empty.
func (r *Relay) popAll() time.Time {
	for {
		c, ok := r.pop(r.up)
		if !ok {
			break
		}
		_, _ = c.client.socket.Write(c.payload) // a target that is not there is the network's business
	}
	for {
		c, ok := r.pop(r.down)
		if !ok {
			break
		}
		_, _ = r.socket.WriteToUDPAddrPort(c.payload, c.client.addr) // nor a client that has gone
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	up, down := r.up.Next(), r.down.Next()
	if up.IsZero() || !down.IsZero() && down.Before(up) {
		return down
	}
	return up
}

func (r *Relay) pop(link *core.Link[crossing]) (crossing, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return link.Pop(time.Now())
}
