package netem

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	core "github.com/classrelay/classrelay/internal/netem"
)

const (
	// nap is the longest time the pump sleeps while something is on a link: what
	// enters meanwhile waits so long, and the links know when it really came.
	nap = 200 * time.Microsecond
	// enteringQueue is how many packets wait for the pump: half a second at
	// 100 Mbit/s and 1,250 bytes. When it is full they are dropped and counted.
	enteringQueue = 5000
)

// crossing is a packet on a link, and what takes it out at the other end.
type crossing struct {
	send    func(payload []byte)
	payload []byte
}

// entering is a packet on its way from a reader to the pump.
type entering struct {
	at   time.Time
	size int // of a UDP datagram's payload; the link adds the headers
	up   bool
	crossing
}

// pump owns both directions of a line. Readers hand it packets by enter, and run
// takes them out when they are due.
type pump struct {
	entering chan entering
	overrun  atomic.Uint64

	mu   sync.Mutex // guards the links
	up   *core.Link[crossing]
	down *core.Link[crossing]
}

// newPump makes the links; their time runs from now.
func newPump(up, down Profile, seed uint64) (*pump, error) {
	now := time.Now()
	u, err := core.New[crossing](up, seed, now)
	if err != nil {
		return nil, fmt.Errorf("up: %w", err)
	}
	// The other direction has its own luck.
	d, err := core.New[crossing](down, ^seed, now)
	if err != nil {
		return nil, fmt.Errorf("down: %w", err)
	}
	return &pump{entering: make(chan entering, enteringQueue), up: u, down: d}, nil
}

// enter hands a packet to the pump. It never waits.
func (p *pump) enter(e entering) {
	select {
	case p.entering <- e:
	default:
		p.overrun.Add(1)
	}
}

// run moves packets until ctx ends.
func (p *pump) run(ctx context.Context) {
	for ctx.Err() == nil {
		p.pushAll()
		next := p.popAll()
		if next.IsZero() {
			select {
			case <-ctx.Done():
			case e := <-p.entering:
				p.push(e)
			}
			continue
		}
		if wait := time.Until(next); wait > 0 {
			sleep(min(wait, nap))
		}
	}
}

// pushAll takes over what the readers have brought.
func (p *pump) pushAll() {
	for range enteringQueue {
		select {
		case e := <-p.entering:
			p.push(e)
		default:
			return
		}
	}
}

func (p *pump) push(e entering) {
	p.mu.Lock()
	defer p.mu.Unlock()
	link := p.down
	if e.up {
		link = p.up
	}
	link.Push(e.at, e.size, e.crossing)
}

// popAll sends what is due on both links and returns when the next one is; zero
// when both are empty.
func (p *pump) popAll() time.Time {
	for _, link := range [...]*core.Link[crossing]{p.up, p.down} {
		for c, ok := p.pop(link); ok; c, ok = p.pop(link) {
			c.send(c.payload)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	up, down := p.up.Next(), p.down.Next()
	if up.IsZero() || !down.IsZero() && down.Before(up) {
		return down
	}
	return up
}

func (p *pump) pop(link *core.Link[crossing]) (crossing, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return link.Pop(time.Now())
}

// setProfiles changes both directions under way.
func (p *pump) setProfiles(up, down Profile) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if err := p.up.SetProfile(now, up); err != nil {
		return fmt.Errorf("up: %w", err)
	}
	if err := p.down.SetProfile(now, down); err != nil {
		return fmt.Errorf("down: %w", err)
	}
	return nil
}

// setDown cuts both directions or mends them.
func (p *pump) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.up.SetDown(now, down)
	p.down.SetDown(now, down)
}

// stats returns a copy of the counters.
func (p *pump) stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{Up: p.up.Stats(), Down: p.down.Stats(), Overrun: p.overrun.Load()}
}
