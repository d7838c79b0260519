package feedback

import (
	"testing"
	"time"
)

// stream is one main stream, 425 packets a second, between a sender and a receiver.
type stream struct {
	recorder *Recorder
	ledger   *Ledger
	now      time.Time
	seq      uint16
	results  []Result
}

func newStream() *stream {
	return &stream{recorder: NewRecorder(RecorderConfig{}), ledger: NewLedger(LedgerConfig{}, nil), now: t0()}
}

// packet sends the next one, which comes at once.
func (s *stream) packet() {
	s.now = s.now.Add(2350 * time.Microsecond)
	s.ledger.Sent(s.now, 1, s.seq, 1200, false)
	s.recorder.Arrived(s.now, 1, s.seq)
	s.seq++
}

// read gives a report to the sender.
func (s *stream) read(b *testing.B, out []byte) {
	report, err := Parse(out)
	if err != nil {
		b.Fatal(err)
	}
	s.results = s.ledger.Report(s.now, report, s.results[:0])
}

// BenchmarkPacket is the cost of feedback per media packet, both ends, at the
// rate of one main stream: a report every eight packets.
func BenchmarkPacket(b *testing.B) {
	s := newStream()
	b.ReportAllocs()
	for b.Loop() {
		s.packet()
		if out, ok := s.recorder.Pop(s.now); ok {
			s.read(b, out)
		}
	}
}

// BenchmarkSender is the part of BenchmarkPacket that the sending end has, for
// every link: noting the packet, and reading its share of a report.
func BenchmarkSender(b *testing.B) {
	s := newStream()
	b.ReportAllocs()
	for b.Loop() {
		s.packet()
		if s.seq%8 != 0 {
			continue
		}
		b.StopTimer()
		out, ok := s.recorder.Pop(s.recorder.Next())
		b.StartTimer()
		if ok {
			s.read(b, out)
		}
	}
}
