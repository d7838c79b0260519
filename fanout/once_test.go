package fanout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

// arrival is a packet of a picture for the once tests.
func arrival(ssrc uint32, seq uint16, at time.Duration) *media.Packet {
	p := &media.Packet{Layer: media.LayerMain, Arrival: time.Unix(1000, 0).Add(at)}
	p.SSRC, p.Seq = ssrc, seq
	return p
}

func TestAPacketIsTakenOnceByWhateverWayItComes(t *testing.T) {
	type step struct {
		ssrc uint32
		seq  uint16
		at   time.Duration
		want bool
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"the same packet over two lines", []step{{1, 5, 0, true}, {1, 5, 1, false}}},
		{"a gap that the second line fills", []step{
			{1, 5, 0, true}, {1, 7, 1, true}, {1, 5, 2, false}, {1, 6, 3, true}, {1, 7, 4, false}, {1, 6, 5, false},
		}},
		{"across the wrap of the numbers", []step{
			{1, 65535, 0, true}, {1, 0, 1, true}, {1, 65535, 2, false}, {1, 0, 3, false}, {1, 65534, 4, true},
		}},
		{"another source with the same numbers", []step{{1, 5, 0, true}, {2, 5, 1, true}, {2, 5, 2, false}}},
		{"a number one window further is not the old one", []step{
			{1, 5, 0, true}, {1, 5 + onceWindow - 1, 1, true}, {1, 5 + onceWindow, 2, true}, {1, 5 + onceWindow, 3, false},
		}},
		{"a jump out of the window begins anew", []step{
			{1, 5, 0, true}, {1, 5 + 2*onceWindow, 1, true}, {1, 5, 2, true}, {1, 5, 3, false},
		}},
		{"a long break begins anew: the numbers may have gone round", []step{
			{1, 5, 0, true}, {1, 5, onceFor, false}, {1, 5, 2*onceFor + 1, true},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o once
			for i, s := range tt.steps {
				if got := o.add(arrival(s.ssrc, s.seq, s.at)); got != s.want {
					t.Errorf("step %d, number %d of %d: taken %v, want %v", i, s.seq, s.ssrc, got, s.want)
				}
			}
		})
	}
}

// Whatever the order in which two lines bring a stream, each number is taken once.
func TestTwoLinesTogetherBringEachPacketOnce(t *testing.T) {
	var o once
	taken := make(map[int]int)
	const total, lag = 100_000, 900 // the second line is half a second behind
	for n := range total + lag {
		for _, i := range []int{n, n - lag} {
			lost := i == n && i%7 == 0 // the first line loses a seventh
			if i >= 0 && i < total && !lost && o.add(arrival(9, uint16(i), time.Duration(n)*time.Millisecond)) {
				taken[i]++
			}
		}
	}
	for i := range total {
		if taken[i] != 1 {
			t.Fatalf("packet %d was taken %d times", i, taken[i])
		}
	}
}

func TestARingThatForgetsTakesThePacketsAgain(t *testing.T) {
	f := NewFeed("room")
	wake := make(chan struct{}, 1)
	sub := f.Subscribe(media.LayerMain, wake)
	p := arrival(1, 1, 0)
	p.Key = true
	f.WritePacket(p)
	f.WritePacket(p)
	if got := sub.Read(nil); len(got) != 1 {
		t.Fatalf("%d packets, want 1", len(got))
	}
	if n := f.Stats(media.LayerMain).Again; n != 1 {
		t.Errorf("%d counted as repeated", n)
	}
	f.Freshen(p.Arrival.Add(staleAfter+1), media.LayerMain)
	f.WritePacket(p)
	if got := sub.Read(nil); len(got) != 1 {
		t.Errorf("after the ring has forgotten: %d packets, want 1", len(got))
	}
}
