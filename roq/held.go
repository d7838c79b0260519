package roq

import "time"

// What a peer can make us keep for flows nobody asked for.
const (
	// heldBytes is a quarter of a second at 8 Mbit/s: media overtakes the
	// answer that announces it by about one round trip.
	heldBytes = 256 << 10
	// heldPackets bounds the bookkeeping for very small packets.
	heldPackets = 1024
	defaultHold = 500 * time.Millisecond
)

// held keeps packets of flows nobody asked for yet, oldest first. When it is
// full the oldest goes. Not safe for concurrent use.
type held struct {
	hold      time.Duration
	packets   []Received
	bytes     int
	forgotten uint64
}

// push keeps a packet that arrived just now.
func (h *held) push(p Received) {
	h.expire(p.Arrival)
	h.packets = append(h.packets, p)
	h.bytes += len(p.Packet)
	for h.bytes > heldBytes || len(h.packets) > heldPackets {
		h.forgetOldest()
	}
}

// expire forgets what was kept for longer than it should.
func (h *held) expire(now time.Time) {
	for len(h.packets) > 0 && now.Sub(h.packets[0].Arrival) > h.hold {
		h.forgetOldest()
	}
}

// take hands out what was kept for a flow, in the order it came.
func (h *held) take(flow uint64) []Received {
	var taken []Received
	rest := h.packets[:0]
	for _, p := range h.packets {
		if p.Flow == flow {
			taken = append(taken, p)
			h.bytes -= len(p.Packet)
			continue
		}
		rest = append(rest, p)
	}
	clear(h.packets[len(rest):]) // the garbage collector must not find them
	h.packets = rest
	return taken
}

func (h *held) forgetOldest() {
	h.forgotten++
	h.bytes -= len(h.packets[0].Packet)
	h.packets[0] = Received{}
	h.packets = h.packets[1:]
}
