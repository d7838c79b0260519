package feedback

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// t0 is when everything begins.
func t0() time.Time { return time.Unix(1_700_000_000, 0) }

// ends is a recorder and a ledger with a perfect way back between them.
type ends struct {
	t        *testing.T
	recorder *Recorder
	ledger   *Ledger
	fates    fates
	way      []coming
	longest  int // report, in bytes
}

// coming is a packet on its way.
type coming struct {
	at   time.Time
	flow uint64
	seq  uint16
}

// arrive has a packet arrive at a later time.
func (e *ends) arrive(at time.Time, flow uint64, seq uint16) {
	e.way = append(e.way, coming{at, flow, seq})
}

// fates notes what a Settler is told.
type fates []bool

func (f *fates) Settle(_ uint64, lost bool) { *f = append(*f, lost) }

func newEnds(t *testing.T) *ends {
	t.Helper()
	e := &ends{t: t, recorder: NewRecorder(RecorderConfig{})}
	e.ledger = NewLedger(LedgerConfig{}, &e.fates)
	return e
}

// report lets everything arrive until the given time, makes the reports due and
// reads them.
func (e *ends) report(until time.Time) []Result {
	e.t.Helper()
	slices.SortStableFunc(e.way, func(a, b coming) int { return a.at.Compare(b.at) })
	var results []Result
	for len(e.way) > 0 && !e.way[0].at.After(until) {
		c := e.way[0]
		e.way = e.way[1:]
		results = e.reports(c.at, results)
		e.recorder.Arrived(c.at, c.flow, c.seq)
	}
	return e.reports(until, results)
}

func (e *ends) reports(until time.Time, results []Result) []Result {
	e.t.Helper()
	for next := e.recorder.Next(); !next.IsZero() && !next.After(until); next = e.recorder.Next() {
		b, ok := e.recorder.Pop(next)
		if !ok {
			e.t.Fatal("Next promised a report, Pop has none")
		}
		results = e.ledger.Report(next, e.parse(b), results)
	}
	return results
}

func (e *ends) parse(b []byte) *Report {
	e.t.Helper()
	e.longest = max(e.longest, len(b))
	if len(b) > MaxSize {
		e.t.Fatalf("a report of %d bytes", len(b))
	}
	r, err := Parse(b)
	if err != nil {
		e.t.Fatal(err)
	}
	return r
}

func TestResultsTellSentArrivedAndSize(t *testing.T) {
	e := newEnds(t)
	for i := range 10 {
		e.ledger.Sent(t0().Add(time.Duration(i)*ms), 3, uint16(65530+i), 1000+i, i == 0)
	}
	for i := range 10 {
		// 30 ms on the way, and a queue that grows by 300 µs per packet.
		e.arrive(t0().Add(30*ms+time.Duration(i)*1300*time.Microsecond), 3, uint16(65530+i))
	}
	results := e.report(t0().Add(100 * ms))
	if len(results) != 10 {
		t.Fatalf("%d results", len(results))
	}
	for i, r := range results {
		if r.Flow != 3 || r.Seq != uint16(65530+i) || r.Size != 1000+i || r.Key != (i == 0) || r.Copied {
			t.Errorf("result %d: %+v", i, r)
		}
		delay := r.Arrived.Sub(r.Sent) - results[0].Arrived.Sub(results[0].Sent)
		if off := delay - time.Duration(i)*300*time.Microsecond; off < -Unit || off > Unit {
			t.Errorf("result %d: queue delay %v", i, delay)
		}
	}
}

func TestWhatDoesNotComeIsLostOnceOvertaken(t *testing.T) {
	e := newEnds(t)
	for i := range 100 {
		at := t0().Add(time.Duration(i) * 2 * ms)
		e.ledger.Sent(at, 1, uint16(i), 1200, false)
		if i%10 != 3 {
			e.arrive(at.Add(20*ms), 1, uint16(i))
		}
	}
	lost := make(map[uint16]bool)
	for _, r := range e.report(t0().Add(time.Second)) {
		if r.Arrived.IsZero() {
			lost[r.Seq] = true
		}
	}
	for i := range 100 {
		if lost[uint16(i)] != (i%10 == 3) {
			t.Errorf("packet %d lost: %v", i, lost[uint16(i)])
		}
		if i < len(e.fates) && e.fates[i] != (i%10 == 3) {
			t.Errorf("packet %d was settled as lost: %v", i, e.fates[i])
		}
	}
	if len(e.fates) != 100 {
		t.Errorf("%d packets settled", len(e.fates))
	}
	if s := e.ledger.Stats(); s.Lost != 10 || s.Arrived != 90 {
		t.Errorf("%+v", s)
	}
}

func TestPacketsThatNeverLeftAreNotLost(t *testing.T) {
	e := newEnds(t)
	for i := range 50 {
		at := t0().Add(time.Duration(i) * ms)
		if i >= 20 && i < 30 { // dropped in the sender's own queue
			continue
		}
		e.ledger.Sent(at, 1, uint16(i), 1200, false)
		e.arrive(at.Add(20*ms), 1, uint16(i))
	}
	for _, r := range e.report(t0().Add(time.Second)) {
		if r.Arrived.IsZero() {
			t.Errorf("packet %d counts as lost", r.Seq)
		}
	}
	if len(e.fates) != 40 {
		t.Errorf("%d packets settled, 40 were sent", len(e.fates))
	}
}

func TestReorderedPacketsAreNotLost(t *testing.T) {
	e := newEnds(t)
	for i := range 200 {
		at := t0().Add(time.Duration(i) * ms)
		e.ledger.Sent(at, 1, uint16(i), 1200, false)
		if i%10 == 5 {
			at = at.Add(8 * ms)
		}
		e.arrive(at.Add(20*ms), 1, uint16(i))
		e.report(at.Add(18 * ms))
	}
	e.report(t0().Add(time.Second))
	if s := e.ledger.Stats(); s.Lost != 0 || s.Arrived != 200 {
		t.Errorf("%+v", s)
	}
}

func TestTwoReportsInARowMayGetLost(t *testing.T) {
	e := newEnds(t)
	arrived, n := 0, 0
	for i := range 1000 {
		at := t0().Add(time.Duration(i) * ms)
		e.ledger.Sent(at, 1, uint16(i), 1200, false)
		e.recorder.Arrived(at.Add(10*ms), 1, uint16(i))
		b, ok := e.recorder.Pop(at.Add(10 * ms))
		if !ok {
			continue
		}
		if n++; n%3 == 0 {
			arrived += len(e.ledger.Report(at.Add(20*ms), e.parse(b), nil))
		}
	}
	if s := e.ledger.Stats(); s.Lost != 0 || s.Unknown != 0 || arrived < 900 {
		t.Errorf("%d results, %+v", arrived, s)
	}
}

func TestPacketsThatCameWhileReportsWereLostAreNotLost(t *testing.T) {
	e := newEnds(t)
	for i := range 1000 {
		at := t0().Add(time.Duration(i) * ms)
		e.ledger.Sent(at, 1, uint16(i), 1200, false)
		if i < 700 || i >= 800 { // of the ones behind 600, a hundred are lost
			e.recorder.Arrived(at.Add(10*ms), 1, uint16(i))
		}
		b, ok := e.recorder.Pop(at.Add(10 * ms))
		if ok && (i < 600 || i >= 900) { // no report comes through in between
			e.ledger.Report(at.Add(20*ms), e.parse(b), nil)
		}
	}
	s := e.ledger.Stats()
	if s.Lost != 100 {
		t.Errorf("a hundred were lost: %+v", s)
	}
	if s.Unknown < 100 || s.Unknown > 200 {
		t.Errorf("between one and two hundred came untold: %+v", s)
	}
}

func TestRequestsGoIntoThreeReports(t *testing.T) {
	r := NewRecorder(RecorderConfig{})
	r.Arrived(t0(), 5, 1)
	now := t0().Add(5 * ms)
	q := Request{ID: 9, Held: 2, Slack: 3 * ms, Runs: []Run{{Seq: 65535, N: 3}, {Seq: 7}}}
	r.Request(now, 5, q)
	var at []time.Duration
	for next := r.Next(); !next.After(t0().Add(100 * ms)); next = r.Next() {
		b, _ := r.Pop(next)
		report, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Flows {
			if len(f.Requests) > 0 {
				at = append(at, next.Sub(now))
				if f.Flow != 5 || !reflect.DeepEqual(f.Requests, []Request{q}) {
					t.Errorf("flow %d: %+v", f.Flow, f.Requests)
				}
			}
		}
	}
	if want := []time.Duration{0, 2 * ms, 15 * ms}; !reflect.DeepEqual(at, want) {
		t.Errorf("reported after %v, want %v", at, want)
	}
}

// A third of everything is lost, and something new to ask for comes every millisecond. The way
// back may be as thin as the way here.
func TestRequestsDoNotFloodTheWayBack(t *testing.T) {
	r := NewRecorder(RecorderConfig{})
	r.Arrived(t0(), 5, 1)
	reports, told := 0, make(map[uint8]bool)
	var slowest time.Duration
	for i := range 2000 {
		now := t0().Add(time.Duration(i) * ms)
		if i < 1000 {
			r.Request(now, 5, Request{ID: uint8(i / 4), Runs: []Run{{Seq: uint16(i), N: 1}}})
		}
		for !r.Next().After(now) {
			b, ok := r.Pop(now)
			report, err := Parse(b)
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			if reports++; i >= 1000 {
				reports-- // the last copies
			}
			for _, f := range report.Flows {
				for _, q := range f.Requests {
					if !told[q.ID] {
						told[q.ID] = true
						slowest = max(slowest, now.Sub(t0().Add(time.Duration(q.ID)*4*ms)))
					}
				}
			}
		}
	}
	if reports > 320 || len(told) != 250 || slowest > 8*ms {
		t.Errorf("%d reports in a second, %d of 250 requests told, the slowest after %v", reports, len(told), slowest)
	}
}

func TestReportFitsADatagramAtAnyRate(t *testing.T) {
	for _, flows := range []int{1, 5, 50, 400} {
		t.Run(fmt.Sprintf("%d flows", flows), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, uint64(flows)))
			e := newEnds(t)
			for i := range 8000 { // 8,000 packets/s
				at := t0().Add(time.Duration(i) * 125 * time.Microsecond)
				flow := uint64(i % flows)
				e.ledger.Sent(at, flow, uint16(i/flows), 1200, false)
				if rnd.Float64() < 0.1 {
					e.recorder.Request(at, flow, Request{ID: uint8(i), Runs: []Run{{Seq: uint16(i), N: 1}}})
				} else {
					e.arrive(at.Add(ms*time.Duration(rnd.IntN(10))), flow, uint16(i/flows))
				}
				e.report(at)
			}
			s := e.ledger.Stats()
			if s.Arrived+s.Lost+s.Unknown < 6000 && flows <= 50 {
				t.Errorf("reports told of too little: %+v", s)
			}
			t.Logf("longest report %d bytes, %+v", e.longest, s)
		})
	}
}

func TestReportsGoOnSlowlyWhenNothingComes(t *testing.T) {
	r := NewRecorder(RecorderConfig{})
	r.Arrived(t0(), 1, 1)
	n := 0
	for next := r.Next(); !next.After(t0().Add(10 * time.Second)); next = r.Next() {
		r.Pop(next)
		n++
	}
	if n < 90 || n > 120 {
		t.Errorf("%d reports in ten silent seconds", n)
	}
}

func TestSourceBeginsAnewWithOtherNumbers(t *testing.T) {
	for _, second := range []uint16{20000, 40000, 60000, 100} {
		e := newEnds(t)
		send := func(from uint16, at time.Time) {
			for i := range uint16(100) {
				at = at.Add(ms)
				e.ledger.Sent(at, 1, from+i, 1200, false)
				e.arrive(at.Add(10*ms), 1, from+i)
			}
			e.report(at.Add(100 * ms))
		}
		send(30000, t0())
		send(second, t0().Add(time.Second))
		if s := e.ledger.Stats(); s.Arrived != 200 || s.Lost != 0 || s.Forged != 0 {
			t.Errorf("second run from %d: %+v", second, s)
		}
	}
}

func TestParseRefusesWhatIsNoReport(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":             {},
		"a head cut short":    {1, 0, 0, 0, 0, 0},
		"another version":     {2, 0, 0, 0, 0, 0, 0},
		"a flow cut short":    {1, 0, 0, 0, 0, 0, 0, 5, 0},
		"a span too long":     {1, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0, 1, 0xff, 0xff, 3},
		"a bitmap cut short":  {1, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0, 1, 100, 1},
		"a span with no ends": {1, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0, 1, 2, 0, 0},
		"too many requests":   {1, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0, 1, 0, 0xff, 1},
	} {
		if _, err := Parse(b); !errors.Is(err, ErrReport) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzReport(f *testing.F) {
	r := NewRecorder(RecorderConfig{})
	for i := range 40 {
		r.Arrived(t0().Add(time.Duration(i)*ms), uint64(i%3), uint16(i*3))
	}
	r.Request(t0().Add(50*ms), 1, Request{ID: 1, Runs: []Run{{Seq: 4, N: 9}, {Seq: 77}}})
	b, _ := r.Pop(t0().Add(50 * ms))
	f.Add(b)
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		report, err := Parse(b)
		if err != nil {
			return
		}
		again, err := Parse(report.Append(nil))
		if err != nil || !reflect.DeepEqual(report, again) {
			t.Fatalf("%+v\nbecame (%v)\n%+v", report, err, again)
		}
		// Whatever it says, nobody may lose count by it.
		l := NewLedger(LedgerConfig{}, nil)
		for i := range 500 {
			l.Sent(t0().Add(time.Duration(i)*ms), uint64(i%4), uint16(i/4), 1000, false)
		}
		n := len(l.Report(t0().Add(time.Second), report, nil))
		n += len(l.Report(t0().Add(time.Second), report, nil))
		if s := l.Stats(); n > 500 || s.Arrived+s.Lost+s.Unknown-s.Late > 500 || uint64(n) != s.Arrived+s.Lost {
			t.Fatalf("%d results of 500 packets, %+v", n, s)
		}
	})
}
