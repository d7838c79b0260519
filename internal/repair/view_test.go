package repair

import (
	"slices"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/feedback"
)

// report is a report with one request, made when the given packets had come at the
// given times.
func report(made time.Time, came map[uint16]time.Time, q feedback.Request) *feedback.FlowReport {
	r := &feedback.FlowReport{Requests: []feedback.Request{q}}
	for seq, at := range came {
		r.Arrivals = append(r.Arrivals, feedback.Arrival{Seq: seq, Age: made.Sub(at)})
	}
	return r
}

func TestWhetherAnAnswerIsUnderWayIsReadFromTheReport(t *testing.T) {
	missing := feedback.Run{Seq: 3, N: 2}
	for _, c := range []struct {
		name   string
		asked  time.Duration // when the second request is made; the answer left at 62 ms
		wait   time.Duration // of the packets in a queue
		queue  time.Duration // what the link takes for the queue
		answer bool
	}{
		{"a millisecond before the answer can have come", 91 * ms, 0, 0, false},
		{"when it should have come", 97 * ms, 0, 0, true},
		{"when it should have come, after a key frame that made a queue", 97 * ms, 0, 20 * ms, true},
		{"while the answer stands in a queue", 97 * ms, 10 * ms, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := direct(t, 15)
			s.SetPath(Path{Queue: c.queue})
			came := map[uint16]time.Time{14: t0().Add(14*250*time.Microsecond + 30*ms + c.wait)}
			s.Feedback(t0().Add(62*ms), report(t0().Add(32*ms), nil, feedback.Request{ID: 1, Runs: []feedback.Run{missing}}))
			if rows := drainRows(t, s); len(rows) != 2 {
				t.Fatalf("%d rows for the first request", len(rows))
			}
			made := t0().Add(c.asked)
			s.Feedback(made.Add(30*ms), report(made, came, feedback.Request{ID: 2, Runs: []feedback.Run{missing}}))
			if rows := drainRows(t, s); len(rows) > 0 != c.answer {
				t.Errorf("%d rows for the second one", len(rows))
			}
		})
	}
}

func TestRowsUnderWayCountForTheirWholeBlock(t *testing.T) {
	s := direct(t, 20)
	first, second := feedback.Run{Seq: 3, N: 4}, feedback.Run{Seq: 12, N: 3}
	for i, c := range []struct {
		name string
		runs []feedback.Run
		rows int
	}{
		{"the first burst", []feedback.Run{first}, 4},
		{"another burst, told with the first", []feedback.Run{first, second}, 3},
		{"both again", []feedback.Run{first, second}, 0},
		{"the second again", []feedback.Run{second}, 0},
		{"one packet more", []feedback.Run{{Seq: 18, N: 1}}, 1},
	} {
		s.Feedback(t0().Add(70*ms+time.Duration(i)*5*ms), ask(uint8(i+1), c.runs...))
		if rows := drainRows(t, s); len(rows) != c.rows {
			t.Errorf("%s: %d rows, not %d", c.name, len(rows), c.rows)
		}
	}
}

func TestACopyOfARequestSaysWhatWasMissingWhenItWasMade(t *testing.T) {
	s := direct(t, 15)
	run := feedback.Run{Seq: 3, N: 2}
	came := map[uint16]time.Time{14: t0().Add(34 * ms)}
	s.Feedback(t0().Add(62*ms), report(t0().Add(32*ms), nil, feedback.Request{ID: 1, Runs: []feedback.Run{run}}))
	drainRows(t, s)
	// Made just before the answer comes at 92 ms, copied just after.
	for i, made := range []time.Time{t0().Add(91 * ms), t0().Add(93 * ms), t0().Add(111 * ms)} {
		s.Feedback(made.Add(30*ms), report(made, came, feedback.Request{ID: 2, Runs: []feedback.Run{run}}))
		if rows := drainRows(t, s); len(rows) > 0 {
			t.Errorf("%d rows for copy %d of a request that the answer has crossed", len(rows), i)
		}
	}
}

// asks is when a receiver asks, and for what, while nothing comes.
func asks(r *Receiver, until time.Time) (at []time.Duration, last feedback.Request) {
	for now := t0(); now.Before(until); now = now.Add(ms) {
		for q, ok := r.PopRequest(now); ok; q, ok = r.PopRequest(now) {
			at, last = append(at, now.Sub(t0())), q
		}
	}
	return at, last
}

func TestARequestIsRepeatedOftenOnceItsAnswerIsOverdue(t *testing.T) {
	r := NewReceiver()
	for i := range 10 {
		if i < 3 || i > 4 {
			r.Push(t0(), picturePacket(t, uint16(i), 9000, 5, i, 10, false))
		}
	}
	r.open.tries = openTries // the flow has paused
	at, _ := asks(r, t0().Add(120*ms))
	want := []time.Duration{2 * ms, 68 * ms, 88 * ms, 108 * ms} // a round is 66 ms
	if !slices.Equal(at, want) {
		t.Errorf("asked at %v, not %v", at, want)
	}
}

func TestARequestNamesAllThatTheRowsHeldAreFor(t *testing.T) {
	for _, c := range []struct {
		name     string
		lost     int
		requests int
	}{
		{"ten packets", 10, 1},
		{"more than fit into a request", 60, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r := NewSender(SenderConfig{}, NewPlanner(PlannerConfig{}, modelOf(0.01, 1))), NewReceiver()
			for i := range 180 { // two blocks in turn
				p := picturePacket(t, uint16(i), 9000, 5, i, 180, true)
				s.Push(t0(), p)
				if i%2 == 0 || i >= 2*c.lost {
					r.Push(t0(), p)
				}
			}
			asks(r, t0().Add(5*ms))
			s.Feedback(t0().Add(70*ms), ask(1, feedback.Run{Seq: 1, N: 1}))
			row, _ := s.Pop(t0())
			if err := r.PushRepair(t0().Add(10*ms), row.Raw); err != nil {
				t.Fatal(err)
			}
			requests, named := 0, 0
			for q, ok := r.PopRequest(t0().Add(12 * ms)); ok; q, ok = r.PopRequest(t0().Add(12 * ms)) {
				requests++
				named += len(q.Runs)
			}
			if requests != c.requests || named != c.lost {
				t.Errorf("%d packets named in %d requests", named, requests)
			}
		})
	}
}
