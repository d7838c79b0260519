package playout

import (
	"testing"

	"github.com/classrelay/classrelay/media"
)

// BenchmarkSplicer is the cost per packet of a 1080p stream: a key frame of 150
// packets, then 49 frames of 12.
func BenchmarkSplicer(b *testing.B) {
	t := &testing.T{}
	s := NewSplicer(Config{}, h264, Start{}, media.LayerMain, media.LayerSub)
	c := &clip{t: t}
	var shots []shot
	for i := range 50 {
		n := 12
		if i == 0 {
			n = 150
		}
		shots = append(shots, c.frame(40*float64(i), n, i == 0, false))
	}
	b.ReportAllocs()
	seq, at, n := uint16(0), 0.0, 0
	for b.Loop() { // one operation is one group of pictures
		for _, sh := range shots {
			for _, p := range sh.packets {
				q := *p // numbers go on from one round to the next
				q.Seq, q.Timestamp, q.Capture = seq, uint32(at*90), ms(at)
				seq++
				n++
				s.Push(ms(at), &q)
				for ok := true; ok; {
					_, ok = s.Pop(ms(at))
				}
			}
			at += 40
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/packet")
	if st := s.Stats(); st.Broken != 0 || st.Skipped != 0 {
		b.Fatalf("%+v", st)
	}
}
