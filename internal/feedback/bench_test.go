package feedback

import (
	"testing"
	"time"
)

// BenchmarkPacket is the cost of feedback per media packet, both ends, at the
// rate of one main stream: a report every eight packets.
func BenchmarkPacket(b *testing.B) {
	r := NewRecorder(RecorderConfig{})
	l := NewLedger(LedgerConfig{}, nil)
	now := t0()
	var results []Result
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		now = now.Add(2350 * time.Microsecond)
		l.Sent(now, 1, uint16(i), 1200, false)
		r.Arrived(now, 1, uint16(i))
		if out, ok := r.Pop(now); ok {
			report, err := Parse(out)
			if err != nil {
				b.Fatal(err)
			}
			results = l.Report(now, report, results[:0])
		}
	}
}

// BenchmarkSender is the part of BenchmarkPacket that the sending end has, for
// every link: noting the packet, and reading its share of a report.
func BenchmarkSender(b *testing.B) {
	r := NewRecorder(RecorderConfig{})
	l := NewLedger(LedgerConfig{}, nil)
	now := t0()
	var results []Result
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		now = now.Add(2350 * time.Microsecond)
		l.Sent(now, 1, uint16(i), 1200, false)
		r.Arrived(now, 1, uint16(i))
		if i%8 != 0 {
			continue
		}
		b.StopTimer()
		out, ok := r.Pop(r.Next())
		b.StartTimer()
		if report, err := Parse(out); ok && err == nil {
			results = l.Report(now, report, results[:0])
		}
	}
}
