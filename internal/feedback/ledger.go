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
	Late    uint64 // of the lost, those that came after all
	Unknown uint64 // packets that came while reports were lost, or that no report spoke of
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

	number   uint16        // of the latest report
	staleRun int           // stale reports in a row
	stamp    time.Duration // of the latest report
	clock    time.Time     // what stamp is in our time base; zero before the first report
}

// NewLedger returns an empty ledger. settler may be nil.
func NewLedger(cfg LedgerConfig, settler Settler) *Ledger {
	if cfg.Wait <= 0 {
		cfg.Wait = 15 * time.Millisecond
	}
	return &Ledger{cfg: cfg, settler: settler, flows: make(map[uint64]*account)}
}

// Stats returns a copy of the counters.
func (l *Ledger) Stats() LedgerStats { return l.stats }

// Sent notes that a packet left. Packets that are not sent are not noted.
func (l *Ledger) Sent(now time.Time, flow uint64, seq uint16, size int, key bool) {
	a := l.flows[flow]
	if a == nil {
		a = newAccount(flow, seq)
		l.flows[flow] = a
	}
	l.stats.Sent++
	l.stats.Unknown += a.note(seq, entry{sent: now, size: int32(size), key: key})
}

// Forget drops a flow that is not sent any more.
func (l *Ledger) Forget(flow uint64) { delete(l.flows, flow) }

// staleLimit is how many stale reports in a row mean that the other end counts
// anew.
const staleLimit = 25

// Report appends to dst what a report tells that was not known before, lost
// packets included, and returns it. Requests are not looked at.
func (l *Ledger) Report(now time.Time, r *Report, dst []Result) []Result {
	l.stats.Reports++
	if l.stale(r) {
		l.stats.Stale++
		return dst
	}
	l.tick(now, r.Stamp)
	for i := range r.Flows {
		f := &r.Flows[i]
		a := l.flows[f.Flow]
		if a == nil {
			l.stats.Forged += uint64(len(f.Arrivals))
			continue
		}
		first := len(dst)
		dst = l.arrivals(a, f, dst)
		dst = l.losses(a, f, len(dst)-first, dst)
		a.settle(l.settler)
	}
	return dst
}

func (l *Ledger) stale(r *Report) bool {
	if l.clock.IsZero() || media.SeqDiff(r.Number, l.number) > 0 || l.staleRun >= staleLimit {
		l.number, l.staleRun = r.Number, 0
		return false
	}
	l.staleRun++
	return true
}

// tick moves the receiver's clock, in our time base, to the stamp of a report.
func (l *Ledger) tick(now time.Time, stamp time.Duration) {
	if l.clock.IsZero() {
		l.clock = now
	} else {
		// 2³² µs are 71 minutes; the difference may be negative after a restart.
		step := int32(uint32(stamp/time.Microsecond) - uint32(l.stamp/time.Microsecond))
		l.clock = l.clock.Add(time.Duration(step) * time.Microsecond)
	}
	l.stamp = stamp
}

func (l *Ledger) arrivals(a *account, f *FlowReport, dst []Result) []Result {
	for _, got := range f.Arrivals {
		e := a.find(got.Seq)
		if e == nil {
			l.stats.Forged++
			continue
		}
		switch e.fate {
		case flying:
			l.stats.Arrived++
			dst = append(dst, e.result(a.flow, l.clock.Add(-got.Age)))
		case lost:
			l.stats.Late++
			a.told++ // was told as lost, is in Received all the same
		case arrived:
		}
		e.fate = arrived
	}
	return dst
}

// losses finds the packets that must be lost: those overtaken for longer than
// Wait, and those from before the span of the report.
func (l *Ledger) losses(a *account, f *FlowReport, fresh int, dst []Result) []Result {
	a.told += uint16(fresh)
	if len(f.Arrivals) == 0 {
		return dst
	}
	first := a.extend(f.First)
	overtaken := first
	for _, got := range f.Arrivals {
		if got.Age >= l.cfg.Wait {
			overtaken = a.extend(got.Seq)
		}
	}
	// What Received counts beyond what reports told came while reports were
	// lost: the oldest of those we know nothing of, most likely.
	untold := media.SeqDiff(f.Received, a.told)
	for v := a.lowest; v < min(overtaken, a.next); v++ {
		e := a.at(v)
		if e == nil || e.fate != flying {
			continue
		}
		if v < first && untold > 0 {
			untold--
			a.told++
			e.fate = arrived
			l.stats.Unknown++
			continue
		}
		e.fate = lost
		l.stats.Lost++
		dst = append(dst, e.result(a.flow, time.Time{}))
	}
	return dst
}
