package fanout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

func TestReadersAreWokenForPicturesNotForPackets(t *testing.T) {
	video := func(seq uint16, at time.Duration, end bool) *media.Packet {
		return &media.Packet{
			Layer: media.LayerMain, Seq: seq, Marker: end, Arrival: time.Unix(100, 0).Add(at),
		}
	}
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		packets []*media.Packet
		wakes   []bool
	}{
		{"a picture that comes at once wakes at its end", []*media.Packet{
			video(9, 0, true), video(10, 40*ms, false), video(11, 40*ms, false), video(12, 41*ms, true),
		}, []bool{true, false, false, true}},
		{"a picture that trickles in goes on in pairs", []*media.Packet{
			video(9, 0, true), video(10, 40*ms, false), video(11, 43*ms, false), video(12, 46*ms, false),
			video(13, 49*ms, false),
		}, []bool{true, false, true, false, true}},
		{"what comes after a gap, and what fills it, wakes at once", []*media.Packet{
			video(9, 0, true), video(12, 1*ms, false), video(10, 1*ms, false), video(11, 1*ms, false),
			video(13, 1*ms, false), video(14, 1*ms, true),
		}, []bool{true, true, true, true, false, true}},
		{"the numbers wrap within a picture", []*media.Packet{
			video(65534, 0, true), video(65535, 40*ms, false), video(0, 40*ms, false), video(1, 40*ms, true),
		}, []bool{true, false, false, true}},
		{"sound wakes at once", []*media.Packet{
			{Layer: media.LayerAudio, Seq: 1}, {Layer: media.LayerAudio, Seq: 2},
		}, []bool{true, true}},
		{"packets after a leap wake at once", []*media.Packet{
			video(1, 0, true), {Layer: media.LayerMain, Seq: 2, Leap: true, Arrival: time.Unix(100, 0)},
		}, []bool{true, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var g gather
			for i, p := range c.packets {
				if got := g.due(p); got != c.wakes[i] {
					t.Errorf("packet %d (number %d): due %v, want %v", i, p.Seq, got, c.wakes[i])
				}
			}
		})
	}
	t.Run("a long picture wakes for each call that can be filled", func(t *testing.T) {
		var g gather
		wakes := 0
		for i := range 1 + 4*gatherMost {
			if g.due(video(uint16(i), 0, false)) {
				wakes++
			}
		}
		if wakes != 1+4 {
			t.Errorf("%d wakes for %d packets, want 5", wakes, 1+4*gatherMost)
		}
	})
}
