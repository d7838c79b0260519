package netem

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	core "github.com/classrelay/classrelay/internal/netem"
)

const (
	// longestWait is how soon the pump notices that it is to end.
	longestWait = 50 * time.Millisecond
	// maxPacket is the largest IP packet and a little more than the largest UDP
	// payload (RFC 791, RFC 768: 16 bits of length).
	maxPacket = 65_535
	// inOneGo is how many packets of one port the pump takes before it looks whether
	// others are due.
	inOneGo = 64
)

// crossing is a packet on a link, and what takes it out at the other end; send does
// not keep the payload.
type crossing struct {
	send    func(payload []byte)
	payload []byte
}

// took is told of a packet that came in by a port; from is empty where all come
// from the same. The packet is valid during the call only.
type took func(packet []byte, at time.Time, from netip.AddrPort)

// pump owns both directions of a line and the ports at both ends: one thread takes
// what comes, and lets go what is due.
type pump struct {
	ports   ports         // of the thread that runs, once it runs
	spare   [][]byte      // payloads to be used again, of the same thread
	overrun atomic.Uint64 // packets that came and could not be taken in

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
	return &pump{up: u, down: d}, nil
}

// firsts counts the pumps that run. One processor is left to all else: a thread of Go spins
// now and then until another one, which looks through its stack for garbage, lets go of it.
// As many of them before all others as there are processors, and that other one never runs:
// a county of fourteen lines on two processors stood still for good in one run of ten.
var firsts atomic.Int32 //nolint:gochecknoglobals // the processors are those of the whole program

// run moves packets until ctx ends, then closes all ports.
func (p *pump) run(ctx context.Context) {
	done := make(chan struct{})
	go func() { // ends with ctx; run waits for it
		defer close(done)
		// The thread is not given back, and so dies with this goroutine: it has a
		// priority that nobody else should inherit.
		runtime.LockOSThread()
		defer firsts.Add(-1)
		if firsts.Add(1) < int32(runtime.NumCPU()) { //nolint:gosec // no machine has so many
			hurry()
		}
		for ctx.Err() == nil {
			wait := longestWait
			if next := p.popAll(); !next.IsZero() {
				wait = min(wait, max(0, time.Until(next)))
			}
			p.ports.wait(wait)
		}
	}()
	<-done
	p.ports.close()
}

// Processors makes room for so many Relays or Routers to run at the same time: each
// keeps one of Go's processors (GOMAXPROCS) for itself, so that it never waits for one.
// Call it once, before they run, in programs whose other work must not become slower.
func Processors(lines int) { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + lines) }

// push puts a copy of a packet on a link, and send takes it out at the other end;
// size is that of a UDP datagram's payload, to which the link adds the headers.
func (p *pump) push(up bool, at time.Time, size int, packet []byte, send func([]byte)) {
	c := crossing{send, p.keep(packet)}
	p.mu.Lock()
	defer p.mu.Unlock()
	link := p.down
	if up {
		link = p.up
	}
	if !link.Push(at, size, c) {
		p.spare = append(p.spare, c.payload)
	}
}

// keep copies a packet into a payload used before, so that the pump makes next to no
// garbage: while it is collected, who makes some has to help, and to wait.
func (p *pump) keep(packet []byte) []byte {
	var b []byte
	if last := len(p.spare) - 1; last >= 0 {
		b, p.spare = p.spare[last], p.spare[:last]
	}
	return append(b[:0], packet...)
}

// popAll sends what is due on both links and returns when the next one is; zero
// when both are empty.
func (p *pump) popAll() time.Time {
	for _, link := range [...]*core.Link[crossing]{p.up, p.down} {
		for c, ok := p.pop(link); ok; c, ok = p.pop(link) {
			c.send(c.payload)
			p.spare = append(p.spare, c.payload)
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
