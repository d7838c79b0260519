package roq

import (
	"sync"
	"sync/atomic"
	"time"
)

// Received is one packet that came in.
type Received struct {
	Flow    uint64
	Packet  []byte    // belongs to the receiver
	Arrival time.Time // when it came off the connection
}

// FlowStats counts what happened to packets between the Reader and the flows.
type FlowStats struct {
	Delivered  uint64 // put into a receiver's channel
	Overflow   uint64 // dropped, the receiver's channel was full: a local drop
	Malformed  uint64 // datagrams and streams that could not be parsed
	Held       uint64 // kept for a flow nobody asked for yet
	Forgotten  uint64 // of those, dropped because of age or lack of room
	Split      uint64 // datagrams sent in parts
	Joined     uint64 // datagrams put together from parts
	Incomplete uint64 // datagrams of which a part never came
	Streamed   uint64 // packets sent on a stream because they were too large
	Refused    uint64 // streams of a kind or flow that is not accepted
}

type flowCounters struct {
	delivered, overflow, malformed, held atomic.Uint64
	split, joined, incomplete            atomic.Uint64
	streamed, refused                    atomic.Uint64
}

// flows is where packets of all flows meet their receivers. Safe for concurrent
// use.
type flows struct {
	count flowCounters

	mu      sync.Mutex
	into    map[uint64]chan<- Received
	held    held
	changed chan struct{} // closed and replaced when a flow is asked for
}

func newFlows(hold time.Duration) *flows {
	return &flows{
		into:    make(map[uint64]chan<- Received),
		held:    held{hold: hold},
		changed: make(chan struct{}),
	}
}

// deliver hands a packet to its receiver or keeps it for one to come.
func (f *flows) deliver(p Received) {
	f.mu.Lock()
	defer f.mu.Unlock()
	into, ok := f.into[p.Flow]
	if !ok {
		f.count.held.Add(1)
		f.held.push(p)
		return
	}
	f.put(into, p)
}

// put never waits: when the receiver's channel is full the packet is lost and
// counted. It is called with mu held, so that held packets stay in front.
func (f *flows) put(into chan<- Received, p Received) {
	select {
	case into <- p:
		f.count.delivered.Add(1)
	default:
		f.count.overflow.Add(1)
	}
}

func (f *flows) receive(flow uint64, into chan<- Received) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.into[flow] = into
	for _, p := range f.held.take(flow) {
		f.put(into, p)
	}
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *flows) forget(flow uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.into, flow)
}

// known tells whether somebody asked for the flow; if not, wait is closed at the
// next change.
func (f *flows) known(flow uint64) (ok bool, wait <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok = f.into[flow]
	return ok, f.changed
}

func (f *flows) expire(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held.expire(now)
}

func (f *flows) stats() FlowStats {
	f.mu.Lock()
	forgotten := f.held.forgotten
	f.mu.Unlock()
	return FlowStats{
		Delivered:  f.count.delivered.Load(),
		Overflow:   f.count.overflow.Load(),
		Malformed:  f.count.malformed.Load(),
		Held:       f.count.held.Load(),
		Forgotten:  forgotten,
		Split:      f.count.split.Load(),
		Joined:     f.count.joined.Load(),
		Incomplete: f.count.incomplete.Load(),
		Streamed:   f.count.streamed.Load(),
		Refused:    f.count.refused.Load(),
	}
}
