package repair

import "time"

// Path is what the shell of a link knows about it. The zero value of a field
// means its default.
type Path struct {
	// Deadline is the time a frame may take over this link, from its first packet
	// being sent to its last one being there. Default 200 ms.
	Deadline time.Duration
	// RTT is the round-trip time without queues of our own: rather the least of the
	// last seconds than a mean, for what left later than one RTT ago is never
	// repaired upon an open request. Default 60 ms.
	RTT time.Duration
	// OneWay is the delay towards the receiver. Default RTT/2.
	OneWay time.Duration
	// Queue is how much longer than OneWay a packet may take now, because of what
	// stands in front of it. Until then it is not missing, and no answer can have
	// come. Default 0.
	Queue time.Duration
	// Held is the part of Queue that stands because others fill it: every packet
	// waits for it, those of an answer too. Default 0.
	Held time.Duration
}

func (p Path) withDefaults() Path {
	if p.Deadline <= 0 {
		p.Deadline = 200 * time.Millisecond
	}
	if p.RTT <= 0 {
		p.RTT = 60 * time.Millisecond
	}
	if p.OneWay <= 0 {
		p.OneWay = p.RTT / 2
	}
	return p
}

// turnaround is what a round of repair takes beside the round trip: waiting for
// packets out of order, the feedback's second copy, sending the rows.
const turnaround = 6 * time.Millisecond

// Round is the time from a request to the next one for the same packets.
func (p Path) Round() time.Duration { return p.RTT + p.Held + turnaround }

// Sendings is how many times something can be sent, the first time now, one
// Round apart, so that each arrives within left.
func (p Path) Sendings(left time.Duration) int {
	if left -= p.OneWay + p.Held; left < 0 {
		return 0
	}
	return 1 + int(left/p.Round())
}

// lateRepair is how long after its deadline a frame is still worth repairing: by
// then the next key frame is there, or the picture has stood too long anyway.
const lateRepair = time.Second
