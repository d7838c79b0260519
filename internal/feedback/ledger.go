package feedback

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// LedgerConfig bounds the ledger; the zero value works.
type LedgerConfig struct {
	// Wait is how long after a later packet's arrival one that did not come
	// counts as lost. Default 15 ms: more than reordering, less than a report.
	Wait time.Duration
}

// Result is what became of one packet.
type Result struct {
	Flow uint64
	Seq  uint16
	Sent time.Time
	// Arrived is when it came, in the receiver's clock with an unknown but
	// constant offset; zero: it was lost. Arrived − Sent minus its own minimum is
	// the delay by queues.
	Arrived time.Time
	Size    int  // bytes, as told to Sent
	Key     bool // belongs to a key frame, as told to Sent
	Copied  bool // was sent more than once; its delay says nothing
}

// Settler is told what became of every packet of a flow, in the order of its
// sequence numbers: repair.LossModel learns losses and their bursts from it.
type Settler interface {
	Settle(flow uint64, lost bool)
}

// LedgerStats counts since the beginning.
type LedgerStats struct {
	Sent    uint64 // packets
	Arrived uint64
	Lost    uint64
	Unknown uint64 // packets that no report spoke of
	Reports uint64
	Stale   uint64 // reports that were older than one already read, or the same again
	Forged  uint64 // arrivals of packets that were never sent
}

// Ledger knows every packet that left on one link and reads the reports about
// them. Not safe for concurrent use.
type Ledger struct {
	cfg     LedgerConfig
	settler Settler
	flows   map[uint64]*account
	stats   LedgerStats

	started bool
	number  uint16        // of the latest report
	stamp   time.Duration // of the latest report
	clock   time.Time     // what stamp is in our time base
}

// NewLedger returns an empty ledger. settler may be nil.
func NewLedger(cfg LedgerConfig, settler Settler) *Ledger {
	if cfg.Wait <= 0 {
		cfg.Wait = 15 * time.Millisecond
	}
	return &Ledger{cfg: cfg, settler: settler, flows: make(map[uint64]*account)}
}

// account holds the last packets of one flow.
type account struct {
	unwrap  media.Unwrapper
	entries []entry // ring by sequence number, length accountSize
	lowest  int64   // first packet that is not settled
	next    int64   // one above the highest packet sent
}

// accountSize is how many packets of a flow are remembered: two seconds at
// 2,000 packets/s. It is a power of two and at least MaxSpan.
const accountSize = 4096

type entry struct {
	seq   int64 // 0: never used (unwrapped numbers start at 65,536)
	sent  time.Time
	size  int32
	key   bool
	twice bool
	fate  fate
}

type fate uint8

const (
	flying fate = iota
	arrived
	lost
)

// Stats returns a copy of the counters.
func (l *Ledger) Stats() LedgerStats { return l.stats }
