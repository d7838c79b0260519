package viewer

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

func TestATraceHasEveryExpectedFrameInItsPlace(t *testing.T) {
	c := newClass()
	c.frames(1, 50, 50*millisecond)
	for n := 61; n <= 70; n++ { // ten frames never come, then the other layer's group begins
		c.frame(media.LayerSub, n-10, 450*millisecond, nil)
	}
	tr := c.Trace(c.end(70), 70)
	if want := c.Report(c.end(70), 70).FramesExpected; len(tr.Latency) != want || !tr.Began.Equal(c.sent(1)) {
		t.Fatalf("%d frames since %v, want %d", len(tr.Latency), tr.Began, want)
	}
	if tr.Latency[0] != 50*millisecond || tr.Latency[55] != 450*millisecond || tr.Latency[65] != Never {
		t.Errorf("latencies %v %v %v", tr.Latency[0], tr.Latency[55], tr.Latency[65])
	}
	if len(tr.Layers) != 2 || tr.Layers[1].Layer != media.LayerSub {
		t.Errorf("layers %+v", tr.Layers)
	}
	// One that a late layer ended, and one that is still going on.
	r := c.Report(c.end(70), 70)
	var all time.Duration
	for _, s := range tr.Stalls {
		all += s.For
	}
	if len(tr.Stalls) != r.Stalls || r.Stalls != 2 || !near(ms(all), r.StalledMs) {
		t.Errorf("stalls %+v, the report says %d and %v ms", tr.Stalls, r.Stalls, r.StalledMs)
	}
}

func TestATraceOfNothingIsEmpty(t *testing.T) {
	tr := newClass().Trace(time.Now(), 0)
	if len(tr.Latency)+len(tr.Stalls)+len(tr.Layers) != 0 {
		t.Errorf("%+v", tr)
	}
}
