package viewer

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/media"
)

// shoot tells a tally of frames from first to last, each 50 ms after its capture.
func shoot(t *Tally, start time.Time, first, last uint64, skip func(n uint64) bool) time.Time {
	now := start
	for n := first; n <= last; n++ {
		sent := start.Add(time.Duration(n) * 40 * time.Millisecond)
		now = sent.Add(50 * time.Millisecond)
		if !skip(n) {
			t.Frame(now, stamp.Stamp{Number: n, Sent: sent, Key: true, Layer: media.LayerMain}, nil)
			t.Sound(now, stamp.Stamp{Number: n}, nil)
		}
	}
	return now
}

func TestTurnsTogetherCountEveryFrameOnce(t *testing.T) {
	start := time.Unix(1000, 0)
	tally := NewTally(TallyConfig{})
	tally.Dial(start)
	tally.Join(start)
	var expected, good, sounds int
	for turn := range uint64(40) {
		first := turn*100 + 1
		now := shoot(tally, start, first, first+99, func(n uint64) bool { return n%10 == 5 })
		r := tally.Turn(now, first+99)
		expected, good, sounds = expected+r.FramesExpected, good+r.FramesGood, sounds+r.AudioGood
		if r.Latency.P50 != 50 || r.LongestStallMs != 0 {
			t.Fatalf("turn %d: %+v", turn, r)
		}
	}
	// The last seven frames still have time, of the 3,993 before each tenth was lost.
	if expected != 3993 || good != 3594 || sounds != 3600 {
		t.Errorf("%d expected, %d good, %d sounds", expected, good, sounds)
	}
	if len(tally.latency) > 100 {
		t.Errorf("%d frames are still remembered", len(tally.latency))
	}
}

func TestATurnWithoutFramesIsEmpty(t *testing.T) {
	tally := NewTally(TallyConfig{})
	if r := tally.Turn(time.Unix(1000, 0), 0); r.FramesExpected != 0 || r.Latency.Max != 0 {
		t.Errorf("%+v", r)
	}
}
