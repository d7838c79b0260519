package fanout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

// The far end cannot know of packets that were lost before the first one it got.
// The notices in front of a flow tell it.
func TestTheFirstPacketsOfAFlowAreRepairedToo(t *testing.T) {
	f := newFar(t, DownlinkConfig{})
	f.open(mainFlow, media.LayerMain)
	c := newCamera(media.LayerMain)
	n := 0
	f.lose = func(Out) bool { n++; return n <= 8 } // a burst takes the notice too
	f.run(2*time.Second, f.show(mainFlow, c, 10))
	got := popAll(f.u)
	if len(got) == 0 || len(got) < f.sent[mainFlow]-30 {
		t.Fatalf("%d of %d packets", len(got), f.sent[mainFlow])
	}
	st, _ := f.u.Flow(f.now, mainFlow)
	var first, leap bool
	for _, r := range got {
		if r.Packet.Seq == 0 {
			first, leap = true, r.Packet.Leap
		}
	}
	if !first || !leap {
		t.Fatalf("the very first packet: came %v, marked %v; %+v", first, leap, st)
	}
}
