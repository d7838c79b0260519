package repair

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/feedback"
)

// TestNothingWrongIsRestored runs until so many packets were restored, on links
// that lose, delay and copy. REPAIR_RECOVERIES=1000000 is the long version.
func TestNothingWrongIsRestored(t *testing.T) {
	want := 20_000
	if n, err := strconv.Atoi(os.Getenv("REPAIR_RECOVERIES")); err == nil {
		want = n
	}
	paths := []Path{
		{RTT: 20 * ms, Deadline: 150 * ms},
		{RTT: 60 * ms},
		{RTT: 200 * ms}, // windows
	}
	total := 0
	for seed := uint64(1); total < want; seed++ {
		l := newLink(t, paths[seed%3])
		l.lose(0.02+0.02*float64(seed%7), float64(1+seed%6), 0.1, 0.05, seed)
		for i := range 300 {
			n := 5 + i*7%23
			if i%50 == 0 {
				n = 110 + i%150
			}
			l.frame(n, i%50 == 0)
		}
		l.run(l.now.Add(2 * time.Second))
		total += l.restored
		if s := l.receiver.Stats(); s.GivenUp > s.Media/20 {
			t.Errorf("seed %d: %+v", seed, s)
		}
	}
	t.Logf("%d packets restored, all right", total)
}

func TestCleanLinkIsLeftAlone(t *testing.T) {
	l := newLink(t, Path{})
	for i := range 200 {
		l.frame(15+i%3, i%50 == 0)
	}
	if s := l.sender.Stats(); s.OnDemand+s.Late+s.Proactive > 0 {
		t.Errorf("%+v", s)
	}
	if s := l.receiver.Stats(); s.Requests > 0 {
		t.Errorf("%+v", s)
	}
}

// loseOnly loses the given media packets, counted from the beginning.
func (l *link) loseOnly(lost ...int) {
	n := -1
	l.fate = func(repair bool) []time.Duration {
		if !repair {
			n++
			if slices.Contains(lost, n) {
				return nil
			}
		}
		return []time.Duration{0}
	}
}

func TestWhatIsLostComesBackWithoutSurplusWhileThereIsTime(t *testing.T) {
	for name, c := range map[string]struct {
		lost  []int
		rows  uint64
		known time.Duration // when the request is made, at the latest, from the start of the frame's arrival
	}{
		"one packet in the middle":    {[]int{30*15 + 7}, 1, 8 * ms},
		"three packets":               {[]int{30*15 + 3, 30*15 + 7, 30*15 + 8}, 3, 8 * ms},
		"the first packet":            {[]int{30 * 15}, 1, 8 * ms},
		"the last packet":             {[]int{30*15 + 14}, 1, 12 * ms},
		"the last three packets":      {[]int{30*15 + 12, 30*15 + 13, 30*15 + 14}, 3, 12 * ms},
		"the whole frame":             {seqs(30*15, 15), 15, 16 * ms},
		"the last and the next first": {[]int{30*15 + 14, 31 * 15}, 2, 48 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLink(t, Path{RTT: 40 * ms, Deadline: 200 * ms})
			l.loseOnly(c.lost...)
			for range 30 {
				l.frame(15, false)
			}
			begin := l.now
			for range 5 {
				l.frame(15, false)
			}
			if len(l.asked) == 0 || l.asked[0].Sub(begin) > l.path.OneWay+c.known {
				t.Errorf("nothing asked for after %v", c.known)
			}
			if s := l.sender.Stats(); s.OnDemand != c.rows || s.Late != 0 {
				t.Errorf("rows: %+v", s)
			}
			if l.restored != len(c.lost) {
				t.Errorf("%d of %d packets restored", l.restored, len(c.lost))
			}
		})
	}
}

func seqs(from, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = from + i
	}
	return list
}

func TestOutageEndsWithoutAskingForEver(t *testing.T) {
	l := newLink(t, Path{})
	for range 25 {
		l.frame(15, false)
	}
	l.fate = func(bool) []time.Duration { return nil }
	for range 250 {
		l.frame(15, false)
	}
	if s := l.receiver.Stats(); s.Requests > openTries {
		t.Errorf("%d requests into ten seconds of silence", s.Requests)
	}
	l.fate = func(bool) []time.Duration { return []time.Duration{0} }
	for range 50 {
		l.frame(15, false)
	}
	if next := l.receiver.Next(); next.Before(l.now.Add(-ms)) {
		t.Errorf("after the outage Next is stuck at %v ago", l.now.Sub(next))
	}
}

func TestAfterAnOutageLateRepairComesInPortions(t *testing.T) {
	l := newLink(t, Path{RTT: 20 * ms})
	for i := range 25 {
		l.frame(15, i == 0)
	}
	cut := true
	l.fate = func(bool) []time.Duration {
		if cut {
			return nil
		}
		return []time.Duration{0}
	}
	for range 20 {
		l.frame(15, false)
	}
	cut = false
	before := l.sender.Stats()
	l.frame(15, false)
	after := l.sender.Stats()
	if rows := after.Late - before.Late; rows == 0 || rows > 3*150 {
		t.Errorf("%d late rows within 40 ms of the end of the outage", rows)
	}
	for range 25 {
		l.frame(15, false)
	}
	if l.restored != 20*15 {
		t.Errorf("%d of %d packets restored in the end", l.restored, 20*15)
	}
}

func TestNothingBeforeACompleteKeyFrameIsAskedFor(t *testing.T) {
	l := newLink(t, Path{RTT: 20 * ms, Deadline: 60 * ms})
	l.loseOnly(31*15 + 4)
	media := l.fate
	l.fate = func(repair bool) []time.Duration {
		if repair {
			return nil // what is lost stays lost
		}
		return media(repair)
	}
	for i := range 40 {
		l.frame(15, i == 35)
	}
	if s := l.receiver.Stats(); s.GivenUp != 1 {
		t.Errorf("%+v", s)
	}
	// The frame came at 31·40 ms, the key frame at 35·40 ms.
	if last := l.asked[len(l.asked)-1].Sub(t0()); last > 35*40*ms+20*ms {
		t.Errorf("still asked for at %v", last)
	}
}

func TestFramesMayComeOutOfTheOrderOfTheirTimestamps(t *testing.T) {
	l := newLink(t, Path{RTT: 40 * ms})
	l.lose(0.05, 2, 0, 0, 3)
	for i := range 300 { // I P B B P B B …
		shown := i // the place of the frame when shown
		if i > 0 {
			shown += [3]int{2, -1, -1}[(i-1)%3]
		}
		l.stamp = uint32(shown) * 3600
		l.frame(15, i%51 == 0)
	}
	l.run(l.now.Add(time.Second))
	s := l.receiver.Stats()
	if s.GivenUp > 0 || s.Media+s.Restored < 300*15 {
		t.Errorf("%+v", s)
	}
}

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

func TestSourceMayBeginAnewAtAnyNumber(t *testing.T) {
	l := newLink(t, Path{})
	l.lose(0.05, 2, 0.01, 0.01, 5)
	for round, jump := range []uint16{0, 3000, 30000, 60000, 500} {
		l.seq += jump
		if round%2 == 1 {
			l.ssrc++
		}
		clear(l.sent)
		before := l.restored
		for i := range 100 {
			l.frame(15, i%50 == 0)
		}
		if l.restored == before {
			t.Errorf("nothing restored after a jump by %d", jump)
		}
		// Rows on the way belong to the source before: let them arrive.
		l.run(l.now.Add(time.Second))
	}
}

func TestDoublerRepeats(t *testing.T) {
	var d Doubler
	for i := range 5 {
		d.Push(t0().Add(time.Duration(i)*20*ms), picturePacket(t, uint16(65534+i), 0, 1, 0, 1, false), 0.01)
	}
	d.Push(t0().Add(100*ms), picturePacket(t, 3, 0, 1, 0, 1, false), 0.06)
	var at []time.Duration
	for next := d.Next(); !next.IsZero(); next = d.Next() {
		if _, ok := d.Pop(next.Add(-1)); ok {
			t.Fatal("a copy before its time")
		}
		if _, ok := d.Pop(next); !ok {
			t.Fatal("no copy when it was due")
		}
		at = append(at, next.Sub(t0()))
	}
	want := []time.Duration{40 * ms, 60 * ms, 80 * ms, 100 * ms, 120 * ms, 140 * ms, 146 * ms}
	if len(at) != len(want) {
		t.Fatalf("copies at %v", at)
	}
	for i := range want {
		if at[i] != want[i] {
			t.Errorf("copies at %v", at)
		}
	}
}
