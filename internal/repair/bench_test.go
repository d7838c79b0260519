package repair

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/feedback"
	"github.com/classrelay/classrelay/media"
)

// BenchmarkPacket is the cost of repair per media packet, both ends together,
// feedback apart: frames of 15 packets of 1,311 bytes, on a clean link and with
// one packet in twenty lost and brought back.
func BenchmarkPacket(b *testing.B) {
	b.Run("clean", func(b *testing.B) { benchmarkPacket(b, 0) })
	b.Run("5% lost", func(b *testing.B) { benchmarkPacket(b, 20) })
}

func benchmarkPacket(b *testing.B, every int) {
	b.Helper()
	s := NewSender(SenderConfig{}, NewPlanner(PlannerConfig{}, modelOf(0.05, 1)))
	r := NewReceiver()
	path := Path{RTT: 20 * ms}
	s.SetPath(path)
	r.SetPath(path)
	var frame [15]*media.Packet
	for i := range frame {
		p := picturePacket(b, 0, 0, 5, i, len(frame), false)
		p.Raw = append(p.Raw[:14:14], make([]byte, 1311-14)...)
		frame[i] = p
	}
	now := t0()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p := *frame[i%15] // one allocation, as at ingest
		p.Seq, p.Timestamp = uint16(i), uint32(i/15)*3600
		s.Push(now, &p)
		if every == 0 || i%every != 3 {
			r.Push(now.Add(10*ms), &p)
		}
		now = now.Add(ms / 4)
		if p.Marker {
			now = now.Add(40*ms - 15*ms/4)
			exchange(b, s, r, now)
		}
	}
	b.ReportMetric(float64(r.Stats().Restored)/float64(b.N), "restored/packet")
}

// exchange carries requests and rows.
func exchange(b *testing.B, s *Sender, r *Receiver, now time.Time) {
	b.Helper()
	for {
		q, ok := r.PopRequest(now)
		if !ok {
			break
		}
		s.Feedback(now.Add(10*ms), &feedback.FlowReport{Requests: []feedback.Request{q}})
	}
	for {
		row, ok := s.Pop(now)
		if !ok {
			break
		}
		if err := r.PushRepair(now.Add(20*ms), row.Raw); err != nil {
			b.Fatal(err)
		}
	}
	for {
		if _, ok := r.Pop(now); !ok {
			return
		}
	}
}

// BenchmarkPush is what every packet costs the sending end of every link when
// nothing is lost.
func BenchmarkPush(b *testing.B) {
	s := NewSender(SenderConfig{}, NewPlanner(PlannerConfig{}, modelOf(0.001, 1)))
	s.SetPath(Path{RTT: 20 * ms})
	var frame [15]*media.Packet
	for i := range frame {
		frame[i] = picturePacket(b, 0, 0, 5, i, len(frame), false)
	}
	now := t0()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p := frame[i%15]
		p.Seq, p.Timestamp = uint16(i), uint32(i/15)*3600
		s.Push(now, p)
		now = now.Add(2 * ms)
	}
}

// BenchmarkPlan is a new plan for a loss that was not met before.
func BenchmarkPlan(b *testing.B) {
	for b.Loop() {
		plan := newPlan(newGilbert(0.05, 5), 1000, 66*ms)
		plan.proactive(96, 1, 38)
		plan.answer(5, 2)
	}
}
