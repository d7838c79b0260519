package repair

import (
	"testing"
	"time"
)

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
