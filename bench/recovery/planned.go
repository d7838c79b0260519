package recovery

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/feedback"
	"github.com/classrelay/classrelay/internal/repair"
	"github.com/classrelay/classrelay/media"
)

const mediaFlow = 7

// planned is the product's own repair.
type planned struct {
	model    *repair.LossModel
	sender   *repair.Sender
	ledger   *feedback.Ledger
	results  []feedback.Result
	receiver *repair.Receiver
	recorder *feedback.Recorder
}

func newPlanned(cell Cell) *planned {
	model := &repair.LossModel{}
	s := &planned{
		model:    model,
		sender:   repair.NewSender(repair.SenderConfig{}, repair.NewPlanner(repair.PlannerConfig{}, model)),
		ledger:   feedback.NewLedger(feedback.LedgerConfig{}, model),
		receiver: repair.NewReceiver(),
		recorder: feedback.NewRecorder(feedback.RecorderConfig{}),
	}
	s.sender.SetPath(cell.path())
	s.receiver.SetPath(cell.path())
	return s
}

func (s *planned) push(now time.Time, p *media.Packet) {
	s.sender.Push(now, p)
	s.ledger.Sent(now, mediaFlow, p.Seq, p.Size(), p.Key)
}

func (s *planned) feedback(now time.Time, b []byte) error {
	r, err := feedback.Parse(b)
	if err != nil {
		return fmt.Errorf("feedback: %w", err)
	}
	s.results = s.ledger.Report(now, r, s.results[:0])
	for i := range r.Flows {
		s.sender.Feedback(now, &r.Flows[i])
	}
	return nil
}

func (s *planned) repair(now time.Time) ([]byte, bool, bool) {
	r, ok := s.sender.Pop(now)
	return r.Raw, r.Type == fec.OnDemand, ok
}

func (s *planned) media(now time.Time, p *media.Packet) {
	s.receiver.Push(now, p)
	s.recorder.Arrived(now, mediaFlow, p.Seq)
}

func (s *planned) parity(now time.Time, b []byte) error { return s.receiver.PushRepair(now, b) }

func (s *planned) restored(now time.Time) ([]byte, bool) { return s.receiver.Pop(now) }

func (s *planned) report(now time.Time) ([]byte, bool) {
	for {
		q, ok := s.receiver.PopRequest(now)
		if !ok {
			break
		}
		s.recorder.Request(now, mediaFlow, q)
	}
	return s.recorder.Pop(now)
}

func (s *planned) next() time.Time { return earlier(s.receiver.Next(), s.recorder.Next()) }

// earlier returns the earlier time; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// path is what a link's shell would measure: jitter that keeps packets in order
// adds nearly all of itself to most of them.
func (c Cell) path() repair.Path {
	return repair.Path{Deadline: c.Deadline, RTT: c.RTT + 2*spread + 2*c.Jitter}
}
