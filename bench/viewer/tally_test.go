package viewer

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/media"
)

// class is a tally with hand-moved time: frame n is sent at n*40 ms, a key frame
// every 50.
type class struct {
	*Tally
	begin time.Time
}

func newClass() class {
	c := class{NewTally(TallyConfig{}), time.Unix(1_700_000_000, 0)}
	c.Dial(c.begin)
	c.Join(c.begin)
	return c
}

func (c class) sent(n int) time.Time { return c.begin.Add(time.Duration(n) * 40 * time.Millisecond) }

// frame arrives late ms after it was sent.
func (c class) frame(layer media.Layer, n int, late time.Duration, verdict error) {
	gop := (n - 1) % 50
	s := stamp.Stamp{Sent: c.sent(n), Number: uint64(n), Layer: layer, Key: gop == 0, GOP: uint16(gop)}
	c.Frame(c.sent(n).Add(late), s, verdict)
}

func (c class) frames(from, to int, late time.Duration) {
	for n := from; n <= to; n++ {
		c.frame(media.LayerMain, n, late, nil)
	}
}

// end is when frame n has had its 300 ms.
func (c class) end(n int) time.Time { return c.sent(n).Add(300 * time.Millisecond) }

func near(a, b float64) bool { return math.Abs(a-b) < 0.01 }

const millisecond = time.Millisecond

func TestWholeLessonIsGood(t *testing.T) {
	c := newClass()
	c.frames(1, 100, 50*millisecond)
	r := c.Report(c.end(100), 0)
	if r.FramesExpected != 100 || r.FramesGood != 100 || r.GoodIn300msRatio != 1 {
		t.Errorf("%d of %d, %v in time", r.FramesGood, r.FramesExpected, r.GoodIn300msRatio)
	}
	if r.Latency != (Percentiles{50, 50, 50, 50}) || r.FirstFrameMs != 90 {
		t.Errorf("latency %+v, first frame %v", r.Latency, r.FirstFrameMs)
	}
}

func TestPercentilesAreTheSmallestValueWithTheShareBelow(t *testing.T) {
	var d []time.Duration
	for i := 200; i > 0; i-- {
		d = append(d, time.Duration(i)*millisecond)
	}
	if got := percentiles(d); got != (Percentiles{100, 190, 198, 200}) {
		t.Errorf("%+v", got)
	}
	if got := percentiles(d[:1]); got != (Percentiles{1, 1, 1, 1}) {
		t.Errorf("of one value: %+v", got)
	}
}

func TestALostFrameSpoilsTheRestOfItsGroup(t *testing.T) {
	c := newClass()
	c.frames(1, 20, 50*millisecond)
	c.frame(media.LayerMain, 21, 50*millisecond, stamp.ErrBroken)
	c.frames(22, 100, 50*millisecond)
	r := c.Report(c.end(100), 100)
	if r.FramesExpected != 100 || r.FramesGood != 70 || r.Broken != 1 || r.Undecodable != 29 {
		t.Errorf("%d of %d good, %d broken, %d undecodable", r.FramesGood, r.FramesExpected, r.Broken, r.Undecodable)
	}
	// From the slot of frame 21 to frame 51: 30 frames.
	if r.Stalls != 1 || !near(r.LongestStallMs, 1200) || !near(r.StalledMs, 1200) {
		t.Errorf("%d stalls, longest %v ms", r.Stalls, r.LongestStallMs)
	}
}

func TestAFrameThatNeverCameSpoilsTheRestToo(t *testing.T) {
	c := newClass()
	c.frames(1, 20, 0)
	c.frames(22, 60, 0)
	if r := c.Report(c.end(60), 0); r.FramesGood != 30 || r.FramesExpected != 60 || r.Broken != 0 || r.Undecodable != 29 {
		t.Errorf("%+v", r)
	}
}

func TestCachedFramesCountNeitherAsExpectedNorAsGood(t *testing.T) {
	c := newClass()
	c.Tally = NewTally(TallyConfig{})
	c.Dial(c.sent(30))
	c.Join(c.sent(30).Add(10 * millisecond))
	now := c.sent(30).Add(20 * millisecond)
	for n := 1; n <= 30; n++ { // the relay sends the group so far at once
		c.frame(media.LayerMain, n, now.Sub(c.sent(n)), nil)
	}
	c.frames(31, 60, 50*millisecond)
	r := c.Report(c.end(60), 0)
	if r.FramesExpected != 30 || r.FramesGood != 30 || r.Latency.Max != 50 || r.FirstFrameMs != 20 {
		t.Errorf("%+v", r)
	}
}

func TestJoiningInTheMiddleOfAGroupIsNoFault(t *testing.T) {
	c := newClass()
	c.frame(media.LayerMain, 20, 0, stamp.ErrNone)
	c.frames(21, 60, 0)
	if r := c.Report(c.end(60), 0); r.Broken+r.Undecodable != 0 || r.FramesExpected != 10 || r.FramesGood != 10 {
		t.Errorf("%+v", r)
	}
}

func TestLateFramesAreGoodButNotInTime(t *testing.T) {
	c := newClass()
	c.frames(1, 10, 50*millisecond)
	c.frame(media.LayerMain, 11, 300*millisecond, nil)
	c.frame(media.LayerMain, 12, 301*millisecond, nil)
	r := c.Report(c.end(12).Add(millisecond), 12)
	if r.FramesGood != 12 || !near(r.GoodIn300msRatio, 11.0/12) || r.Latency.Max != 301 {
		t.Errorf("%+v", r)
	}
}

func TestStallIsMoreThan80msPastTheSlot(t *testing.T) {
	for _, c := range []struct {
		gap    time.Duration
		stalls int
	}{{120 * millisecond, 0}, {121 * millisecond, 1}} {
		k := newClass()
		k.frame(media.LayerMain, 1, 0, nil)
		k.frame(media.LayerMain, 2, c.gap-40*millisecond, nil)
		r := k.Report(k.sent(1).Add(c.gap), 2)
		if r.Stalls != c.stalls || c.stalls == 1 && r.LongestStallMs != 81 {
			t.Errorf("gap of %v: %d stalls, %v ms", c.gap, r.Stalls, r.LongestStallMs)
		}
	}
}

func TestStallThatIsStillOnCountsOnce(t *testing.T) {
	c := newClass()
	c.frames(1, 10, 0)
	for range 2 { // asking does not change the answer
		r := c.Report(c.sent(35), 0)
		if r.Stalls != 1 || r.LongestStallMs != 960 {
			t.Errorf("%d stalls, longest %v ms", r.Stalls, r.LongestStallMs)
		}
	}
	c.frames(11, 11, 1000*millisecond)
	if r := c.Report(c.sent(37), 0); r.Stalls != 1 || r.LongestStallMs != 1000 {
		t.Errorf("once it is over: %d stalls, longest %v ms", r.Stalls, r.LongestStallMs)
	}
}

func TestExpectedGoesOnWhenNothingArrives(t *testing.T) {
	c := newClass()
	c.frames(1, 10, 0)
	for _, k := range []struct {
		after   time.Duration // since frame 10 was sent
		stamped uint64
		want    int
	}{
		{0, 0, 2}, // frames 3 to 10 may still be in time
		{300 * millisecond, 0, 10},
		{300*millisecond + time.Second, 0, 35},
		{300*millisecond + time.Second, 12, 12}, // the camera knows better
		{-10 * time.Second, 0, 0},
	} {
		if r := c.Report(c.sent(10).Add(k.after), k.stamped); r.FramesExpected != k.want {
			t.Errorf("%v after the last frame, %d stamped: %d expected, want %d", k.after, k.stamped, r.FramesExpected, k.want)
		}
	}
}

func TestLayersAreCountedOncePerPictureAndSwitchesTold(t *testing.T) {
	c := newClass()
	c.frames(1, 60, 50*millisecond)
	// Down: the sub stream's cached group from its key frame on, late, then live.
	for n := 51; n <= 61; n++ {
		c.frame(media.LayerSub, n, 2440*millisecond-time.Duration(n-1)*40*millisecond+100*millisecond, nil)
	}
	for n := 62; n <= 100; n++ {
		c.frame(media.LayerSub, n, 30*millisecond, nil)
	}
	c.frames(101, 110, 50*millisecond) // up at a key frame
	r := c.Report(c.end(110), 0)
	if r.FramesGood != 110 || r.FramesExpected != 110 || r.LayerSwitches != 2 || r.Undecodable != 0 {
		t.Errorf("%+v", r)
	}
	if r.Latency.Max > 200 {
		t.Errorf("a repeat of an old picture moved the latency to %v ms", r.Latency.Max)
	}
}

func TestASwitchBetweenKeyFramesCannotBeDecoded(t *testing.T) {
	c := newClass()
	c.frames(1, 20, 0)
	for n := 21; n <= 30; n++ {
		c.frame(media.LayerSub, n, 0, nil)
	}
	if r := c.Report(c.end(30), 30); r.FramesGood != 20 || r.Undecodable != 10 {
		t.Errorf("%+v", r)
	}
}

func TestAnImpossibleNumberCostsNoMemory(t *testing.T) {
	c := newClass()
	c.frames(1, 10, 0)
	c.Frame(c.sent(11), stamp.Stamp{Sent: c.sent(11), Number: 1 << 60, Key: true}, nil)
	if r := c.Report(c.end(10), 10); r.FramesGood != 10 || len(c.latency) != 10 {
		t.Errorf("%d good, room for %d", r.FramesGood, len(c.latency))
	}
}

func TestSoundGapsAndLosses(t *testing.T) {
	c := newClass()
	packet := func(n int, verdict error) {
		at := c.begin.Add(time.Duration(n) * 20 * millisecond)
		c.Sound(at, stamp.Stamp{Number: uint64(n), Sent: at}, verdict)
	}
	for n := 1; n <= 50; n++ {
		switch {
		case n >= 20 && n < 23: // lost
		case n == 30:
			packet(n, stamp.ErrBroken)
		default:
			packet(n, nil)
		}
	}
	r := c.Report(c.begin.Add(1010*millisecond), 0)
	if r.AudioGapMaxMs != 80 || r.AudioExpected != 50 || r.AudioGood != 46 {
		t.Errorf("gap %v ms, %d of %d", r.AudioGapMaxMs, r.AudioGood, r.AudioExpected)
	}
	if r := c.Report(c.begin.Add(2*time.Second), 0); r.AudioGapMaxMs != 1000 {
		t.Errorf("a gap that is still open: %v ms", r.AudioGapMaxMs)
	}
}

func TestSnapshotShowsTheLastSecond(t *testing.T) {
	c := newClass()
	if s := c.Snapshot(c.begin); s.Good != 0 || s.Layer != "" {
		t.Errorf("before the first frame: %+v", s)
	}
	c.frames(1, 50, 100*millisecond)
	c.frames(51, 75, 20*millisecond)
	s := c.Snapshot(c.sent(75).Add(20 * millisecond))
	// Frames 51 to 75, and 48 to 50, which were on their way when the second began.
	if s.Layer != "main" || s.Good != 28 || s.Latency.P50 != 20 || s.SilentMs != 0 {
		t.Errorf("%+v", s)
	}
	if s.Whole.Latency.P95 != 100 {
		t.Errorf("whole: %+v", s.Whole)
	}
}

func TestReportHasTheNamesOthersRead(t *testing.T) {
	b, err := json.Marshal(Report{})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"frames_expected", "frames_good", "good_in_300ms_ratio", "latency_ms", "stalls", "longest_stall_ms",
	} {
		if _, ok := got[name]; !ok {
			t.Errorf("no %s in %s", name, b)
		}
	}
	latency, _ := got["latency_ms"].(map[string]any)
	for _, name := range []string{"p50", "p95", "p99", "max"} {
		if _, ok := latency[name]; !ok {
			t.Errorf("no %s in %s", name, b)
		}
	}
}
