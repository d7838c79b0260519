package feedback

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// accountSize is how many packets of a flow are remembered: two seconds at
// 2,000 packets/s. It is a power of two and at least MaxSpan.
const accountSize = 4096

// account holds the latest packets sent on one flow.
type account struct {
	flow    uint64
	lowest  int64   // first packet whose fate is not settled
	next    int64   // one above the highest packet sent
	entries []entry // ring by extended sequence number
	told    uint16  // how much of Received the reports have told one by one
}

// entry is one packet. Extended sequence numbers begin at 65,536, so that 0 is
// an empty place.
type entry struct {
	seq    int64
	sent   time.Time
	size   int32
	key    bool
	copied bool
	fate   fate
}

type fate uint8

const (
	flying fate = iota
	arrived
	lost
)

func (e *entry) result(flow uint64, at time.Time) Result {
	return Result{
		Flow: flow, Seq: uint16(e.seq), Sent: e.sent, Arrived: at,
		Size: int(e.size), Key: e.key, Copied: e.copied,
	}
}

func newAccount(flow uint64, seq uint16) *account {
	a := &account{flow: flow, entries: make([]entry, accountSize)}
	a.begin(seq)
	return a
}

func (a *account) begin(seq uint16) {
	clear(a.entries)
	a.next = int64(seq) + 1<<16
	a.lowest = a.next
}

// extend finds the extended sequence number nearest to the latest packet.
func (a *account) extend(seq uint16) int64 {
	latest := a.next - 1
	return latest + int64(media.SeqDiff(seq, uint16(latest)))
}

// note enters a packet and returns how many unsettled ones it pushes out.
func (a *account) note(seq uint16, e entry) (unknown uint64) {
	e.seq = a.extend(seq)
	if e.seq < a.next-accountSize || e.seq > a.next+accountSize {
		a.begin(seq) // the source began anew
		e.seq = a.extend(seq)
	}
	place := &a.entries[e.seq%accountSize]
	if place.seq == e.seq {
		place.copied = true
		return 0
	}
	a.next = max(a.next, e.seq+1)
	for ; a.lowest < a.next-accountSize; a.lowest++ {
		if old := a.at(a.lowest); old != nil && old.fate == flying {
			unknown++
		}
	}
	*place = e
	return unknown
}

func (a *account) at(v int64) *entry {
	if v < 0 {
		return nil
	}
	if e := &a.entries[v%accountSize]; e.seq == v {
		return e
	}
	return nil
}

func (a *account) find(seq uint16) *entry { return a.at(a.extend(seq)) }

// settle tells the fates that are known, in order, up to the first that is not.
func (a *account) settle(s Settler) {
	for ; a.lowest < a.next; a.lowest++ {
		e := a.at(a.lowest)
		if e == nil {
			continue
		}
		if e.fate == flying {
			return
		}
		if s != nil {
			s.Settle(a.flow, e.fate == lost)
		}
	}
}
