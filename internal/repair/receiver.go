package repair

import (
	"errors"
	"fmt"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/feedback"
	"github.com/classrelay/classrelay/media"
)

// ErrForeign is returned by PushRepair for rows that do not belong to the packets
// received: of another source, or too old.
var ErrForeign = errors.New("repair packet of another source or time")

// ReceiverStats counts packets since the beginning.
type ReceiverStats struct {
	Media     uint64 // came on the media flow for the first time
	Copies    uint64 // came again, or had been restored already
	Rows      uint64 // repair packets that came
	Spare     uint64 // of these, those for which nothing was missing
	Restored  uint64 // packets brought back
	GivenUp   uint64 // packets missing for good
	Requests  uint64 // requests made
	OutOfTurn uint64 // packets that came after a later one
}

// Receiver watches one flow for losses, asks for repair and restores packets. Not
// safe for concurrent use.
type Receiver struct {
	path  Path
	ring  ring
	clock rhythm
	open  openEnd
	rows  []*parity
	ready [][]byte // restored packets for Pop

	ssrc    uint32
	stamp   uint32    // RTP timestamp of the latest packet
	stamped time.Time // when it came
	nextID  uint8
	stats   ReceiverStats
}

// NewReceiver returns a receiver that has not seen a packet yet.
func NewReceiver() *Receiver {
	return &Receiver{path: Path{}.withDefaults()}
}

// SetPath tells what is known about the link; any time.
func (r *Receiver) SetPath(p Path) { r.path = p.withDefaults() }

// Stats returns a copy of the counters.
func (r *Receiver) Stats() ReceiverStats { return r.stats }

// Push tells that p came on the media flow. It returns false if the packet was
// there already, received or restored; then it is not to be handed on.
func (r *Receiver) Push(now time.Time, p *media.Packet) bool {
	if p.SSRC != r.ssrc || r.ring.far(p.Seq) {
		r.restart(p)
	}
	before := r.ring.highest
	v, late, fresh := r.ring.put(now, p)
	if !fresh {
		r.stats.Copies++
		return false
	}
	r.stats.Media++
	if late > 0 {
		r.stats.OutOfTurn++
		r.clock.outOfTurn(late)
	}
	r.stamp, r.stamped = p.Timestamp, now
	r.clock.packet(now, p, v)
	if v > before {
		r.open.close(before, v)
	}
	r.solveWith(v)
	return true
}

// restart begins with another source, or after an outage too long to repair.
func (r *Receiver) restart(p *media.Packet) {
	*r = Receiver{path: r.path, ready: r.ready, ssrc: p.SSRC, nextID: r.nextID, stats: r.stats}
}

// PushRepair takes a repair packet, which the receiver keeps and writes to. An
// error means that it was of no use.
func (r *Receiver) PushRepair(now time.Time, raw []byte) error {
	h, body, err := fec.Parse(raw)
	if err != nil {
		return fmt.Errorf("repair packet: %w", err)
	}
	r.stats.Rows++
	if r.stamped.IsZero() || now.Sub(r.stamped) > maxStampAge || h.Check != fec.Check(r.ssrc) {
		return fmt.Errorf("%w: row %d from %d on", ErrForeign, h.Row, h.Base)
	}
	first := r.ring.extend(h.Base)
	last := first + int64(h.K-1)*int64(h.Stride)
	if max(last, r.ring.highest)-first >= ringSize || last > r.ring.highest+maxGap {
		return fmt.Errorf("%w: row %d from %d on", ErrForeign, h.Row, h.Base)
	}
	r.ring.known(now, last)
	r.clock.row(now, &h, last)
	row := &parity{Row: fec.Row{Header: h, Body: body}, first: first, came: now}
	if len(r.unknown(row)) == 0 {
		r.stats.Spare++
		return nil
	}
	r.hold(row)
	r.solve([]*parity{row})
	r.expect(now, row)
	return nil
}

// Pop returns the next restored packet, in new memory, until there is none.
func (r *Receiver) Pop(time.Time) ([]byte, bool) {
	if len(r.ready) == 0 {
		return nil, false
	}
	raw := r.ready[0]
	r.ready[0] = nil
	r.ready = r.ready[1:]
	return raw, true
}

// PopRequest returns the request that is due, until there is none. It belongs
// into the feedback at once.
func (r *Receiver) PopRequest(now time.Time) (feedback.Request, bool) {
	r.giveUp(now)
	q, ok := r.ask(now)
	if ok {
		r.stats.Requests++
	}
	return q, ok
}
