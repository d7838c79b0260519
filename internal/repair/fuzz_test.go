package repair

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/feedback"
)

// FuzzReceiver feeds a receiver packets, rows and time as the bytes say. It must
// come to rest after each, and keep within its bounds.
func FuzzReceiver(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1, 0, 3, 2, 30, 1, 0x40, 0, 2, 0x8f, 3, 9, 2, 90})
	f.Add([]byte{0, 1, 1, 0x4f, 0xff, 0xf0, 96, 1, 1, 0, 200, 2, 255, 2, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReceiver()
		now := t0()
		var seq uint16
		for len(b) >= 2 {
			switch b[0] % 3 {
			case 0:
				seq += uint16(b[1] % 8)
				r.Push(now, picturePacket(t, seq, uint32(seq/16)*3600, 0, int(seq%16), 16, seq%512 == 0))
			case 1:
				n := min(len(b), 12)
				row := append([]byte{b[0]%16 | 0x40}, b[1:n]...)
				row = append(row, make([]byte, 40)...)
				row[5] = 0 // fits SSRC 0
				binary.BigEndian.PutUint16(row[1:], seq+uint16(row[1]%64)-32)
				_ = r.PushRepair(now, row)
			case 2:
				now = now.Add(time.Duration(b[1]) * ms)
			}
			b = b[2:]
			rest(t, r, now)
		}
	})
}

// rest drains the receiver.
func rest(t *testing.T, r *Receiver, now time.Time) {
	t.Helper()
	for i := 0; ; i++ {
		if _, ok := r.Pop(now); !ok {
			break
		}
		if i > ringSize {
			t.Fatal("Pop does not end")
		}
	}
	for i := 0; ; i++ {
		if _, ok := r.PopRequest(now); !ok {
			break
		}
		if i > ringSize {
			t.Fatal("PopRequest does not end")
		}
	}
	if next := r.Next(); !next.IsZero() && !next.After(now) {
		t.Fatalf("Next is %v ago, but nothing is due", now.Sub(next))
	}
	if len(r.rows) > maxRowsHeld || len(r.ring.missing) > ringSize {
		t.Fatalf("%d rows and %d holes", len(r.rows), len(r.ring.missing))
	}
}

// FuzzRequest asks a sender for anything. It must answer within bounds.
func FuzzRequest(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 3, 4, 0, 9, 0}, byte(70))
	f.Fuzz(func(t *testing.T, b []byte, after byte) {
		s := NewSender(SenderConfig{}, NewPlanner(PlannerConfig{}, &LossModel{}))
		for i := range 150 {
			s.Push(t0(), picturePacket(t, uint16(i), uint32(i/30)*3600, 5, i%30, 30, false))
		}
		s.Push(t0(), picturePacket(t, 170, 6*3600, 5, 0, 30, false)) // a frame under way, after a gap
		q := feedback.Request{}
		for ; len(b) >= 3 && len(q.Runs) < feedback.MaxRuns; b = b[3:] {
			q.Runs = append(q.Runs, feedback.Run{Seq: binary.BigEndian.Uint16(b), N: b[2]})
			q.Held = b[2]
		}
		now := t0().Add(time.Duration(after) * 8 * ms)
		for id := range 100 {
			q.ID = uint8(id)
			s.Feedback(now, &feedback.FlowReport{Requests: []feedback.Request{q}})
		}
		n := 0
		for {
			r, ok := s.Pop(now)
			if !ok {
				break
			}
			if n++; n > 151*8*3 || len(r.Raw) == 0 {
				t.Fatal("one moment, and no end of rows")
			}
		}
	})
}
