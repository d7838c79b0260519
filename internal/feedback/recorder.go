package feedback

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/media"
)

// RecorderConfig sets how often reports are made; the zero value works.
type RecorderConfig struct {
	// Interval between regular reports. Default 20 ms: half a frame at 25 fps.
	Interval time.Duration
	// Window is how far back each report repeats arrivals. Default 60 ms: three
	// reports, so that two lost in a row hide nothing.
	Window time.Duration
	// Again is when a report that carries a new request is followed by a second
	// one. Default 2 ms.
	Again time.Duration
	// MaxSize is the longest report in bytes. Default and maximum MaxSize.
	MaxSize int
}

func (c RecorderConfig) withDefaults() RecorderConfig {
	if c.Interval <= 0 {
		c.Interval = 20 * time.Millisecond
	}
	if c.Window <= 0 {
		c.Window = 3 * c.Interval
	}
	if c.Again <= 0 {
		c.Again = 2 * time.Millisecond
	}
	if c.MaxSize <= headSize || c.MaxSize > MaxSize {
		c.MaxSize = MaxSize
	}
	return c
}

// idle is the interval of reports when nothing came during a whole window: they
// only say that the link is alive.
const idle = 100 * time.Millisecond

// Reports for requests: one every urgentEvery in the long run, urgentBurst of them at once. At
// 5 % loss a picture of 12 Mbit/s takes a sixth of it. Where a third of everything is lost,
// what is missing would be asked for 1,600 times a second without, over a way back that
// may be as thin as the way here; then the requests of 4 ms go together.
const (
	urgentEvery = 4 * time.Millisecond
	urgentBurst = 16
)

// Recorder builds the reports of one link at its receiving end. Not safe for
// concurrent use.
type Recorder struct {
	cfg     RecorderConfig
	epoch   time.Time // zero of Stamp
	number  uint16
	flows   map[uint64]*record
	order   []*record // by flow, so that reports are the same in every run
	regular time.Time // when the next regular report is due
	urgent  time.Time // when the next report for a request is due, or zero
	paid    time.Time // until when the reports for requests have used up their share
	last    time.Time // latest arrival on any flow
}

// record is what the recorder remembers of one flow.
type record struct {
	flow     uint64
	numbers  media.Unwrapper
	highest  int64
	seen     [MaxSpan / 64]uint64 // a bit for each of the last MaxSpan numbers
	received uint16
	arrivals []arrival // in order of arrival
	requests []pending
}

type arrival struct {
	seq int64
	at  time.Time
}

// pending is a request with the number of reports it still goes into.
type pending struct {
	Request
	left int
}

// requestCopies: in the report made for it, in the one 2 ms later, and in the
// next regular one, which is free.
const requestCopies = 3

// NewRecorder returns a recorder without flows; flows begin with their first
// packet.
func NewRecorder(cfg RecorderConfig) *Recorder {
	return &Recorder{cfg: cfg.withDefaults(), flows: make(map[uint64]*record)}
}

// Arrived tells that packet seq of a flow came off the link. Copies of a packet
// are known by their number; the first counts.
func (r *Recorder) Arrived(now time.Time, flow uint64, seq uint16) {
	f := r.record(now, flow)
	r.last = now
	if soon := now.Add(r.cfg.Interval); r.regular.After(soon) { // the end of an idle time
		r.regular = soon
	}
	v, fresh := f.unwrap(seq)
	if !fresh {
		return
	}
	f.received++
	f.arrivals = append(f.arrivals, arrival{v, now})
	if len(f.arrivals) >= maxArrivals {
		f.forget(now.Add(-r.cfg.Window))
	}
}

// maxArrivals is how many arrivals a flow keeps before it forgets early: more
// than MaxSize could carry.
const maxArrivals = 2 * MaxSpan

// Request has a request reported at once, again 2 ms later, and with the next
// regular report; where very many are made, with others at most urgentEvery later.
func (r *Recorder) Request(now time.Time, flow uint64, q Request) {
	f := r.record(now, flow)
	f.requests = append(f.requests, pending{q, requestCopies})
	r.hurry(now)
}

// hurry has a report leave at a time, or as soon after as the share of such reports allows.
func (r *Recorder) hurry(at time.Time) {
	if from := r.paid.Add(-urgentBurst * urgentEvery); from.After(at) {
		at = from
	}
	if r.urgent.IsZero() || at.Before(r.urgent) {
		r.urgent = at
	}
}

// Forget drops a flow that is not received any more.
func (r *Recorder) Forget(flow uint64) {
	if f := r.flows[flow]; f != nil {
		delete(r.flows, flow)
		r.order = slices.DeleteFunc(r.order, func(o *record) bool { return o == f })
	}
}

func (r *Recorder) record(now time.Time, flow uint64) *record {
	if r.epoch.IsZero() {
		r.epoch, r.regular = now, now.Add(r.cfg.Interval)
	}
	f := r.flows[flow]
	if f == nil {
		f = &record{flow: flow}
		r.flows[flow] = f
		at, _ := slices.BinarySearchFunc(r.order, flow, func(o *record, id uint64) int {
			if o.flow < id {
				return -1
			}
			return 1
		})
		r.order = slices.Insert(r.order, at, f)
	}
	return f
}

// Next is when the next report is due; zero before the first packet.
func (r *Recorder) Next() time.Time {
	if !r.urgent.IsZero() && r.urgent.Before(r.regular) {
		return r.urgent
	}
	return r.regular
}

// Pop returns the report that is due, if one is, ready to be sent.
func (r *Recorder) Pop(now time.Time) ([]byte, bool) {
	next := r.Next()
	if next.IsZero() || now.Before(next) {
		return nil, false
	}
	r.reschedule(now)
	return r.build(now), true
}

func (r *Recorder) reschedule(now time.Time) {
	if !now.Before(r.regular) {
		interval := r.cfg.Interval
		if now.Sub(r.last) > max(r.cfg.Window, idle) {
			interval = idle
		}
		r.regular = now.Add(interval)
	}
	if !r.urgent.IsZero() && !now.Before(r.urgent) {
		if r.paid.Before(now) {
			r.paid = now
		}
		r.paid = r.paid.Add(urgentEvery)
	}
	r.urgent = time.Time{}
	for _, f := range r.order {
		for _, q := range f.requests {
			if q.left == requestCopies {
				r.hurry(now.Add(r.cfg.Again))
			}
		}
	}
}

// build makes the report. If it gets too long, the oldest arrivals are left out:
// earlier reports have told them already. Requests are never left out for them.
func (r *Recorder) build(now time.Time) []byte {
	r.number++
	report := Report{Number: r.number, Stamp: now.Sub(r.epoch)}
	requests := make([][]Request, len(r.order))
	for i, f := range r.order {
		f.forget(now.Add(-r.cfg.Window))
		requests[i] = f.takeRequests()
	}
	for window := r.cfg.Window; ; window /= 2 {
		report.Flows = report.Flows[:0]
		for i, f := range r.order {
			fr := f.report(now, window)
			fr.Requests = requests[i]
			if len(fr.Arrivals) > 0 || len(fr.Requests) > 0 {
				report.Flows = append(report.Flows, fr)
			}
		}
		b := report.Append(make([]byte, 0, r.cfg.MaxSize))
		if len(b) <= r.cfg.MaxSize {
			return b
		}
		if window < Unit {
			return r.truncate(&report)
		}
	}
}

// truncate drops flows from the end until the report fits. It takes more
// requests than any sane receiver makes to get here.
func (r *Recorder) truncate(report *Report) []byte {
	for {
		report.Flows = report.Flows[:len(report.Flows)-1]
		if b := report.Append(nil); len(b) <= r.cfg.MaxSize {
			return b
		}
	}
}

// unwrap extends seq and tells whether it comes for the first time. A number
// further back than MaxSpan means that the source began anew.
func (f *record) unwrap(seq uint16) (v int64, fresh bool) {
	v = f.numbers.Unwrap(seq)
	if f.highest-v >= MaxSpan {
		*f = record{flow: f.flow, received: f.received, requests: f.requests}
		v = f.numbers.Unwrap(seq)
	}
	for f.highest = max(f.highest, v-MaxSpan); f.highest < v; {
		f.highest++
		f.seen[f.highest/64%(MaxSpan/64)] &^= 1 << (f.highest % 64)
	}
	word, bit := &f.seen[v/64%(MaxSpan/64)], uint64(1)<<(v%64)
	fresh = *word&bit == 0
	*word |= bit
	return v, fresh
}

func (f *record) takeRequests() []Request {
	var taken []Request
	for i := range f.requests {
		taken = append(taken, f.requests[i].Request)
		f.requests[i].left--
	}
	f.requests = slices.DeleteFunc(f.requests, func(q pending) bool { return q.left == 0 })
	return taken
}

// forget drops arrivals before the given time, but the latest stays.
func (f *record) forget(before time.Time) {
	old := 0
	for old < len(f.arrivals)-1 && f.arrivals[old].at.Before(before) {
		old++
	}
	f.arrivals = slices.Delete(f.arrivals, 0, old)
}

// report states the arrivals of the last window.
func (f *record) report(now time.Time, window time.Duration) FlowReport {
	fr := FlowReport{Flow: f.flow, Highest: uint16(f.highest), Received: f.received}
	from := now.Add(-window)
	var seen []arrival
	for _, a := range f.arrivals {
		if !a.at.Before(from) && f.highest-a.seq < MaxSpan {
			seen = append(seen, a)
		}
	}
	if len(seen) == 0 {
		return fr
	}
	slices.SortFunc(seen, func(a, b arrival) int { return int(a.seq - b.seq) })
	// The highest may be older than the latest: then the span ends before it.
	fr.Highest = uint16(seen[len(seen)-1].seq)
	fr.First = uint16(seen[0].seq)
	for _, a := range seen {
		fr.Arrivals = append(fr.Arrivals, Arrival{Seq: uint16(a.seq), Age: max(0, now.Sub(a.at)).Truncate(Unit)})
	}
	return fr
}
