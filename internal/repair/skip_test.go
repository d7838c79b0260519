package repair

import (
	"testing"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/feedback"
)

// TestRowsLeftOutKeepTheirNumbers: a key frame half lost beside a full queue had all of
// its 128 numbers used up by rows that the link's budget withheld.
func TestRowsLeftOutKeepTheirNumbers(t *testing.T) {
	s := NewSender(SenderConfig{}, NewPlanner(PlannerConfig{}, &LossModel{}))
	const n = 20
	for i := range uint16(n) {
		s.Push(t0(), picturePacket(t, 100+i, 0, 77, int(i), n, false))
	}
	now := t0().Add(100 * ms)
	for id := range uint8(60) { // of each three rows or more
		now = now.Add(100 * ms)
		s.Feedback(now, ask(id, feedback.Run{Seq: 100, N: 3}))
		for {
			if _, _, ok := s.Peek(); !ok {
				break
			}
			s.Skip()
		}
		if now.Sub(t0()) > 900*ms {
			break
		}
	}
	s.Feedback(now.Add(100*ms), ask(100, feedback.Run{Seq: 100, N: 3}))
	typ, size, ok := s.Peek()
	if !ok || typ != fec.OnDemand {
		t.Fatalf("no answer: %v %v", typ, ok)
	}
	r, ok := s.Pop(now)
	if !ok || len(r.Raw) != size {
		t.Fatalf("%d bytes, %d were told", len(r.Raw), size)
	}
	h, _, err := fec.Parse(r.Raw)
	if err != nil || h.Row != 0 {
		t.Fatalf("row %d, want the first: %v", h.Row, err)
	}
}

func TestAQueueOfOthersLeavesFewerRounds(t *testing.T) {
	p := Path{RTT: 60 * ms}.withDefaults()
	alone := p.Sendings(200 * ms)
	p.Held = 80 * ms
	if beside := p.Sendings(200 * ms); alone != 3 || beside != 1 {
		t.Errorf("%d sendings alone, %d beside", alone, beside)
	}
}
