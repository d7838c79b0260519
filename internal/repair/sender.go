package repair

import (
	"time"

	"github.com/classrelay/classrelay/internal/fec"
)

// SenderConfig bounds a sender; the zero value works.
type SenderConfig struct {
	// Keep is how long packets are kept for repair. Default 1.2 s: the deadline
	// plus the second during which late repair makes sense.
	Keep time.Duration
}

// Repair is one repair packet to be sent on the repair flow.
type Repair struct {
	Raw  []byte
	Type fec.Type
	// Until is when the frame it belongs to is due at the receiver; what is
	// still unsent then serves late repair only.
	Until time.Time
}

// SenderStats counts packets since the beginning.
type SenderStats struct {
	Media     uint64 // pushed
	Proactive uint64 // rows sent with frames, windows included
	OnDemand  uint64 // rows sent in time upon request
	Late      uint64 // rows sent after the deadline upon request
	Requests  uint64 // answered
	Repeated  uint64 // requests seen before
	NotDue    uint64 // packets asked for that may still be on the way
	UnderWay  uint64 // blocks asked for to which the answer was on its way
	Unknown   uint64 // packets asked for that were never sent, or too long ago
}

// Sender makes the parity of one flow. Not safe for concurrent use.
type Sender struct {
	cfg     SenderConfig
	path    Path
	planner *Planner
	store   store
	ssrc    uint32
	urgent  []order // answers
	queue   []order // proactive rows
	ahead   []order // scratch: the rows being ordered
	asked   askedIDs
	window  windowing
	late    struct { // rows for late frames in this round
		since time.Time
		rows  int
	}
	stats SenderStats
}

// order is a row that is to be sent; it is computed when it leaves.
type order struct {
	fec.Header
	packets [][]byte
	until   time.Time
	row     *uint8 // the next row of the block; nil: the header has its number
}

// NewSender returns a sender that asks planner how much to send.
func NewSender(cfg SenderConfig, planner *Planner) *Sender {
	if cfg.Keep <= 0 {
		cfg.Keep = 1200 * time.Millisecond
	}
	return &Sender{cfg: cfg, path: Path{}.withDefaults(), planner: planner}
}

// SetPath tells what is known about the link; any time.
func (s *Sender) SetPath(p Path) { s.path = p.withDefaults() }

// Stats returns a copy of the counters.
func (s *Sender) Stats() SenderStats { return s.stats }

// Peek tells what Pop would return, and how long it would be, without making it.
func (s *Sender) Peek() (typ fec.Type, size int, ok bool) {
	for _, queue := range []*[]order{&s.urgent, &s.queue} {
		for len(*queue) > 0 {
			if o := &(*queue)[0]; o.row == nil || *o.row < fec.MaxRows {
				return o.Type, fec.RowSize(o.packets), true
			}
			take(queue) // all rows of its block have been sent
		}
	}
	return 0, 0, false
}

// Skip leaves out what Pop would return. The number of the row is not used up: a
// block has so many and no more, and later answers need fresh ones.
func (s *Sender) Skip() {
	if _, _, ok := s.Peek(); !ok {
		return
	}
	if _, ok := take(&s.urgent); !ok {
		take(&s.queue)
	}
}

// Pop returns the next repair packet, answers first, until there is none.
func (s *Sender) Pop(time.Time) (Repair, bool) {
	if _, _, ok := s.Peek(); !ok {
		return Repair{}, false
	}
	o, ok := take(&s.urgent)
	if !ok {
		o, _ = take(&s.queue)
	}
	if o.row != nil {
		o.Row = *o.row
		*o.row++
	}
	return Repair{Raw: fec.AppendRow(nil, o.Header, o.packets), Type: o.Type, Until: o.until}, true
}

func take(queue *[]order) (order, bool) {
	q := *queue
	if len(q) == 0 {
		return order{}, false
	}
	o := q[0]
	q[0] = order{}
	*queue = q[1:]
	return o, true
}

// Next is zero: a sender acts only when told something.
func (s *Sender) Next() time.Time { return time.Time{} }
