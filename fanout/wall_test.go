package fanout

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/classrelay/classrelay/internal/wallstep"
	"github.com/classrelay/classrelay/media"
)

func TestPacketsAreNumberedAsTheyLeftWhenTheWallClockIsSet(t *testing.T) {
	for _, seconds := range []int64{-3600, 3600} {
		var o order
		start := time.Now()
		for i := range 200 {
			now := start.Add(time.Duration(i) * time.Millisecond)
			if i >= 100 {
				now = wallstep.Step(now, seconds)
			}
			sent := o.add(now)
			if got := sent.Sub(now); got != 0 {
				t.Fatalf("step by %d s: packet %d counts as sent %v late", seconds, i, got)
			}
			if got, _ := o.of(sent); got != int64(i) {
				t.Fatalf("step by %d s: packet %d is numbered %d", seconds, i, got)
			}
		}
	}
}

// A packet from before the wall clock was set is sent after it, as a cached group of
// pictures is. The receiver knows the clock as it is now.
func TestASenderReportIsDatedByTheClockAsItIsNow(t *testing.T) {
	capture := time.Now()
	now := wallstep.Step(capture.Add(100*time.Millisecond), 3600)
	b, ok := (&flow{}).senderReport(now, &media.Packet{Capture: capture})
	var report rtcp.SenderReport
	if err := report.Unmarshal(b); err != nil || !ok {
		t.Fatal(ok, err)
	}
	want := now.Round(0).Add(-100 * time.Millisecond)
	if off := media.FromNTP(report.NTPTime).Sub(want).Abs(); off > time.Microsecond {
		t.Errorf("dated %v off", off)
	}
}
