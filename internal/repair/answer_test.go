package repair

import (
	"errors"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/feedback"
)

// direct is a sender without a link, that has sent one frame of n packets.
func direct(t *testing.T, n int) *Sender {
	t.Helper()
	s := NewSender(SenderConfig{}, NewPlanner(PlannerConfig{}, modelOf(0.01, 1)))
	s.SetPath(Path{})
	for i := range n {
		s.Push(t0().Add(time.Duration(i)*ms/4), picturePacket(t, uint16(i), 9000, 5, i, n, false))
	}
	drainRows(t, s)
	return s
}

func drainRows(t *testing.T, s *Sender) (rows []fec.Header) {
	t.Helper()
	for {
		r, ok := s.Pop(t0())
		if !ok {
			return rows
		}
		h, _, err := fec.Parse(r.Raw)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, h)
	}
}

func ask(id uint8, runs ...feedback.Run) *feedback.FlowReport {
	return &feedback.FlowReport{Requests: []feedback.Request{{ID: id, Runs: runs}}}
}

func TestPacketsStillOnTheWayAreNotRepaired(t *testing.T) {
	s := direct(t, 20)
	// All 20 left between 0 and 4.75 ms; the RTT is 60.
	s.Feedback(t0().Add(20*ms), ask(1, feedback.Run{Seq: 0, N: 20}))
	if rows := drainRows(t, s); len(rows) > 0 {
		t.Errorf("%d rows 20 ms after the packets left", len(rows))
	}
	// An open request at 62.1 ms can have missed what left until 2.1 ms: 9 packets.
	s.Feedback(t0().Add(62*ms+100*time.Microsecond), ask(2, feedback.Run{Seq: 0}))
	if rows := drainRows(t, s); len(rows) != 9 {
		t.Errorf("%d rows, 9 packets were due", len(rows))
	}
}

func TestOpenRequestLeavesSlackForJitter(t *testing.T) {
	s := direct(t, 20)
	q := ask(2, feedback.Run{Seq: 0})
	q.Requests[0].Slack = 2 * ms
	s.Feedback(t0().Add(62*ms+100*time.Microsecond), q)
	if rows := drainRows(t, s); len(rows) != 1 {
		t.Errorf("%d rows, only one packet left 62 ms before", len(rows))
	}
}

func TestRepeatedRequestIsAnsweredOnce(t *testing.T) {
	s := direct(t, 15)
	for i := range 3 {
		s.Feedback(t0().Add(70*ms+time.Duration(i)*2*ms), ask(7, feedback.Run{Seq: 3, N: 2}))
	}
	if rows := drainRows(t, s); len(rows) != 2 {
		t.Errorf("%d rows for 2 packets", len(rows))
	}
	if st := s.Stats(); st.Repeated != 2 || st.Requests != 1 {
		t.Errorf("%+v", st)
	}
	// Another number within a round trip: the answer is on its way.
	s.Feedback(t0().Add(90*ms), ask(8, feedback.Run{Seq: 3, N: 2}))
	if rows := drainRows(t, s); len(rows) != 0 {
		t.Errorf("%d rows while the answer is on its way", len(rows))
	}
	s.Feedback(t0().Add(140*ms), ask(9, feedback.Run{Seq: 3, N: 2}))
	rows := drainRows(t, s)
	if len(rows) < 2 {
		t.Fatalf("%d rows after the answer must have been lost", len(rows))
	}
	for _, h := range rows {
		if h.Row < 2 {
			t.Errorf("row %d was sent before", h.Row)
		}
	}
}

func TestRowsHeldAreNotSentAgain(t *testing.T) {
	s := direct(t, 15)
	q := ask(7, feedback.Run{Seq: 3, N: 5})
	q.Requests[0].Held = 3
	s.Feedback(t0().Add(70*ms), q)
	if rows := drainRows(t, s); len(rows) != 2 {
		t.Errorf("%d rows for 5 packets with 3 held", len(rows))
	}
}

func TestLongFramesAreSplitIntoBlocksInTurn(t *testing.T) {
	s := direct(t, 200)
	s.Feedback(t0().Add(70*ms), ask(1, feedback.Run{Seq: 10, N: 4}))
	rows := drainRows(t, s)
	var lost [3]int
	for _, h := range rows {
		if h.Stride != 3 || h.K < 66 || h.K > 67 || h.Base > 2 {
			t.Fatalf("%+v", h)
		}
		lost[h.Base]++
	}
	// 10, 13 are of block 1; 11 of block 2; 12 of block 0.
	if lost != [3]int{1, 2, 1} {
		t.Errorf("rows per block %v", lost)
	}
}

func TestNoRowGoesOverAPacketThatWasNeverSent(t *testing.T) {
	s := NewSender(SenderConfig{}, NewPlanner(PlannerConfig{}, modelOf(0.01, 1)))
	for i := range 20 {
		if i != 8 {
			s.Push(t0(), picturePacket(t, uint16(i), 9000, 5, i, 20, false))
		}
	}
	s.Feedback(t0().Add(70*ms), ask(1, feedback.Run{Seq: 4, N: 8}))
	rows := drainRows(t, s)
	if len(rows) != 7 {
		t.Errorf("%d rows for 7 packets that were sent", len(rows))
	}
	for _, h := range rows {
		if h.Index(8) >= 0 {
			t.Errorf("%+v covers packet 8", h)
		}
	}
	// The packet comes at last: later rows may cover it, those sent stay true.
	s.Push(t0().Add(80*ms), picturePacket(t, 8, 9000, 5, 8, 20, false))
	s.Feedback(t0().Add(170*ms), ask(2, feedback.Run{Seq: 8, N: 1}))
	if rows := drainRows(t, s); len(rows) == 0 || rows[0].Index(8) < 0 {
		t.Errorf("%+v", rows)
	}
}

func TestLateFramesAreRepairedOnlyIfOthersReferToThem(t *testing.T) {
	for _, disposable := range []bool{false, true} {
		s := NewSender(SenderConfig{}, NewPlanner(PlannerConfig{}, modelOf(0.01, 1)))
		for i := range 10 {
			p := picturePacket(t, uint16(i), 9000, 5, i, 10, false)
			p.Disposable = disposable
			s.Push(t0(), p)
		}
		s.Feedback(t0().Add(400*ms), ask(1, feedback.Run{Seq: 2, N: 1}))
		if rows := drainRows(t, s); (len(rows) > 0) == disposable {
			t.Errorf("disposable %v: %d rows after the deadline", disposable, len(rows))
		}
		s.Feedback(t0().Add(1300*ms), ask(2, feedback.Run{Seq: 3, N: 1}))
		if rows := drainRows(t, s); len(rows) > 0 {
			t.Errorf("%d rows long after the deadline", len(rows))
		}
	}
}

func TestRowsOfAnotherSourceAreRefused(t *testing.T) {
	s := direct(t, 15) // SSRC 5
	s.Feedback(t0().Add(70*ms), ask(1, feedback.Run{Seq: 3, N: 1}))
	r, _ := s.Pop(t0())
	other := NewReceiver()
	if err := other.PushRepair(t0(), r.Raw); !errors.Is(err, ErrForeign) {
		t.Errorf("before any packet: %v", err)
	}
	for i := range 15 {
		if i != 3 {
			other.Push(t0(), picturePacket(t, uint16(i), 9000, 6, i, 15, false))
		}
	}
	if err := other.PushRepair(t0(), r.Raw); !errors.Is(err, ErrForeign) {
		t.Errorf("of another SSRC: %v", err)
	}
	if _, ok := other.Pop(t0()); ok {
		t.Error("a packet was made of two sources")
	}
}
