package ingest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

var testEpoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// tsDiff returns the difference of two of our timestamps as a duration.
func tsDiff(a, b uint32, rate int) time.Duration {
	return time.Duration(media.TimestampDiff(a, b)) * time.Second / time.Duration(rate)
}

func TestTimestampIsTheTimeOfCapture(t *testing.T) {
	tl := NewTimeline(testEpoch)
	tl.Begin(media.LayerMain, 90000)
	now := testEpoch.Add(3 * time.Second)
	s := tl.Stamp(media.LayerMain, now, 0xfffffff0)
	want := uint32(now.Unix() * 90000)
	if s.Timestamp != want || !s.Capture.Equal(now) || s.Jumped {
		t.Fatalf("%+v, want timestamp %d", s, want)
	}
	// One frame later, 20 ms late and across the wrap: the difference stays exact,
	// the capture is that of a camera with an even clock.
	s2 := tl.Stamp(media.LayerMain, now.Add(60*time.Millisecond), 3600-16)
	if s2.Timestamp-s.Timestamp != 3600 || s2.Capture.Sub(s.Capture) != 40*time.Millisecond {
		t.Fatalf("%+v after %+v", s2, s)
	}
}

func TestATrackThatWasNeverBegunHasNoClock(t *testing.T) {
	tl := NewTimeline(testEpoch)
	tl.Report(media.LayerSub, 1, 1)
	if s := tl.Stamp(media.LayerSub, testEpoch, 5); s != (Stamp{Capture: testEpoch}) {
		t.Fatalf("%+v", s)
	}
}

func TestTwoLayersLineUp(t *testing.T) {
	main, sub := NewTimeline(testEpoch), NewTimeline(testEpoch)
	main.Begin(media.LayerMain, 90000)
	sub.Begin(media.LayerSub, 90000)
	now := testEpoch.Add(time.Minute)
	a := main.Stamp(media.LayerMain, now, 12345)
	b := sub.Stamp(media.LayerSub, now.Add(40*time.Millisecond), 99999999)
	if b.Timestamp-a.Timestamp != 3600 {
		t.Fatalf("%d ticks apart, want 3600", b.Timestamp-a.Timestamp)
	}
}

func TestReorderedFramesKeepTheirDifferences(t *testing.T) {
	tl := NewTimeline(testEpoch)
	tl.Begin(media.LayerMain, 90000)
	// I P B B P B B …: decoding order. The camera sends a frame every 40 ms.
	shown := func(i int) int {
		switch {
		case i == 0:
			return 0
		case i%3 == 1:
			return i + 2
		}
		return i - 1
	}
	const frames, settles = 25 * 60, 25 * 30
	var stamps [frames + 3]uint32
	for i := range frames {
		now := testEpoch.Add(time.Duration(i) * 40 * time.Millisecond)
		s := tl.Stamp(media.LayerMain, now, uint32(7000+shown(i)*3600))
		if s.Jumped || s.Capture.After(now) {
			t.Fatalf("frame %d: %+v at %v", i, s, now)
		}
		stamps[shown(i)] = s.Timestamp
	}
	for i := 1; i < frames-3; i++ {
		d := media.TimestampDiff(stamps[i], stamps[i-1])
		// The first P frame tells that the I frame came late: that is slewed.
		if d != 3600 && (i > settles || d < 3600*9/10 || d > 3600*11/10) {
			t.Fatalf("frame %d is shown %d ticks after the one before, want 3600", i, d)
		}
	}
}

// latencySlope runs a camera of 25 frames per second for an hour and returns how
// the distance from our timestamp to the arrival changes, in ms per hour, as the
// means of the fifth and the last minute tell it.
func latencySlope(t *testing.T, ppm float64, jitter time.Duration) float64 {
	t.Helper()
	tl := NewTimeline(testEpoch)
	tl.Begin(media.LayerMain, 90000)
	rng := rand.New(rand.NewPCG(1, 2))
	var early, late, worst float64
	var last uint32
	const frames = 25 * 3600
	for i := range frames {
		camera := float64(i) * 0.04
		taken := testEpoch.Add(time.Duration(camera / (1 + ppm/1e6) * 1e9))
		now := taken.Add(5*time.Millisecond + time.Duration(rng.Int64N(int64(jitter)+1)))
		s := tl.Stamp(media.LayerMain, now, uint32(int64(camera*90000+0.5)))
		if s.Jumped {
			t.Fatal("drift was taken for a jump")
		}
		if s.Capture.After(now) {
			t.Fatal("captured after it came")
		}
		if i > 0 && media.TimestampDiff(s.Timestamp, last) <= 0 {
			t.Fatal("the timestamp does not rise")
		}
		last = s.Timestamp
		latency := tsDiff(uint32(taken.Unix()*90000+int64(taken.Nanosecond())*9/1e5), s.Timestamp, 90000)
		worst = max(worst, math.Abs(latency.Seconds()*1000))
		switch minute := i / (25 * 60); minute {
		case 4:
			early += latency.Seconds() * 1000 / (25 * 60)
		case 59:
			late += latency.Seconds() * 1000 / (25 * 60)
		}
	}
	if worst > 40 {
		t.Fatalf("%.0f ppm: our timestamp was up to %.1f ms off", ppm, worst)
	}
	t.Logf("%.0f ppm: %.2f ms off in minute 5, %.2f ms in minute 60, %.1f ms at worst", ppm, early, late, worst)
	return late - early
}

func TestDriftMakesNoLatency(t *testing.T) {
	for _, ppm := range []float64{0, 100, -100, 1000, -1000} {
		// A wrong clock of 100 ppm left alone would be 360 ms in the hour.
		if slope := latencySlope(t, ppm, 10*time.Millisecond); math.Abs(slope) > 1.5 {
			t.Errorf("%.0f ppm: latency grows by %.2f ms per hour", ppm, slope)
		}
	}
}

func TestSteadyClockIsNotTouched(t *testing.T) {
	tl := NewTimeline(testEpoch)
	tl.Begin(media.LayerAudio, 8000)
	rng := rand.New(rand.NewPCG(3, 4))
	var last uint32
	for i := range 50 * 600 {
		now := testEpoch.Add(time.Duration(i)*20*time.Millisecond + time.Duration(rng.Int64N(3e6)))
		s := tl.Stamp(media.LayerAudio, now, uint32(i*160))
		if i > 0 && s.Timestamp-last != 160 {
			t.Fatalf("packet %d: %d ticks after the one before, want 160", i, s.Timestamp-last)
		}
		last = s.Timestamp
	}
}

func TestJumpsAreAnchoredAnew(t *testing.T) {
	const frame = 3600
	for _, ca := range []struct {
		name  string
		jump  int64         // of the camera's clock, in ticks
		pause time.Duration // before the frame after the jump
		begin bool          // a new session
		want  bool
	}{
		{"the clock leaps an hour ahead", 3600 * 90000, 0, false, true},
		{"the clock leaps 1.1 seconds ahead", 99000, 0, false, true},
		{"the clock goes back by two seconds", -2 * 90000, 0, false, true},
		{"the clock goes back by six hours", -6 * 3600 * 90000, 0, false, true},
		{"packets were lost for two seconds", 2 * 90000, 2 * time.Second, false, false},
		{"frames were held up for 800 ms", 0, 800 * time.Millisecond, false, false},
		{"the camera starts over after five seconds", 1 << 30, 5 * time.Second, true, false},
	} {
		t.Run(ca.name, func(t *testing.T) {
			tl := NewTimeline(testEpoch)
			tl.Begin(media.LayerMain, 90000)
			now, rtp := testEpoch, uint32(5000)
			var before Stamp
			for range 250 {
				before = tl.Stamp(media.LayerMain, now, rtp)
				now = now.Add(40 * time.Millisecond)
				rtp += frame
			}
			if ca.begin {
				tl.Begin(media.LayerMain, 90000)
			}
			now = now.Add(ca.pause)
			rtp += uint32(ca.jump)
			after := tl.Stamp(media.LayerMain, now, rtp)
			if after.Jumped != ca.want {
				t.Fatalf("jumped is %v", after.Jumped)
			}
			passed := tsDiff(after.Timestamp, before.Timestamp, 90000)
			really := ca.pause + 40*time.Millisecond
			if ca.name == "frames were held up for 800 ms" {
				really = 40 * time.Millisecond // late, and said to be
			}
			if d := passed - really; d < -time.Millisecond || d > time.Millisecond {
				t.Fatalf("our timestamp went on by %v, really %v passed", passed, really)
			}
			if after.Capture.After(now) {
				t.Fatal("captured after it came")
			}
		})
	}
}

func TestStandingClockIsCaughtUpWith(t *testing.T) {
	tl := NewTimeline(testEpoch)
	tl.Begin(media.LayerMain, 90000)
	now, rtp := testEpoch, uint32(0)
	step := func(n int) (s Stamp, jumps int) {
		for range n {
			s = tl.Stamp(media.LayerMain, now, rtp)
			if s.Jumped {
				jumps++
			}
			now = now.Add(40 * time.Millisecond)
			rtp += 3600
		}
		return s, jumps
	}
	step(250)
	now = now.Add(2 * time.Second) // the camera's clock stood still, nothing shows it at once
	s, jumps := step(12 * 25)
	late := now.Add(-40 * time.Millisecond).Sub(s.Capture)
	if jumps != 1 || late > 10*time.Millisecond {
		t.Fatalf("%d jumps, %v late after twelve seconds", jumps, late)
	}
}

func TestBurstAtTheBeginningIsNotNew(t *testing.T) {
	tl := NewTimeline(testEpoch)
	tl.Begin(media.LayerMain, 90000)
	// A camera that sends its last two seconds at once, then goes on live.
	var s Stamp
	now := testEpoch
	for i := range 50 {
		s = tl.Stamp(media.LayerMain, now, uint32(i*3600))
	}
	if s.Capture.After(now) {
		t.Fatal("captured after it came")
	}
	for i := 50; i < 25*180; i++ {
		now = now.Add(40 * time.Millisecond)
		s = tl.Stamp(media.LayerMain, now, uint32(i*3600))
		if s.Jumped {
			t.Fatal("the burst was taken for a jump")
		}
	}
	ahead := tsDiff(s.Timestamp, uint32(now.Unix()*90000+int64(now.Nanosecond())*9/1e5), 90000)
	if !s.Capture.Equal(now) || ahead > slewStart {
		t.Fatalf("after three minutes our timestamp is %v ahead, capture %v", ahead, now.Sub(s.Capture))
	}
}

func TestSenderReportsSetPictureAndSoundRight(t *testing.T) {
	for _, ca := range []struct {
		name   string
		lie    time.Duration // of the sound's report
		wobble time.Duration // between the reports of the sound
		sync   bool
	}{
		{"reports of both tracks", 0, 0, true},
		{"the sound's reports are seconds off", 5 * time.Second, 0, false},
		{"the sound's reports contradict each other", 0, 300 * time.Millisecond, false},
	} {
		t.Run(ca.name, func(t *testing.T) {
			tl := NewTimeline(testEpoch)
			tl.Begin(media.LayerMain, 90000)
			tl.Begin(media.LayerAudio, 8000)
			camera := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) // a clock that was never set
			var picture, sound Stamp
			var wobble time.Duration
			for i := range 60 * 50 { // every 20 ms
				taken := testEpoch.Add(time.Duration(i) * 20 * time.Millisecond)
				wall := camera.Add(taken.Sub(testEpoch))
				if i%2 == 0 { // the encoder takes 120 ms, the microphone 10
					picture = tl.Stamp(media.LayerMain, taken.Add(120*time.Millisecond), uint32(i*1800))
				}
				sound = tl.Stamp(media.LayerAudio, taken.Add(10*time.Millisecond), uint32(777+i*160))
				if i%250 == 249 {
					wobble = ca.wobble - wobble
					tl.Report(media.LayerMain, media.NTP(wall), uint32(i*1800))
					tl.Report(media.LayerAudio, media.NTP(wall.Add(ca.lie+wobble)), uint32(777+i*160))
				}
			}
			// The last of both: picture of i = 2998, sound of i = 2999.
			apart := sound.Capture.Sub(picture.Capture) - 20*time.Millisecond
			want := -110 * time.Millisecond
			if ca.sync {
				want = 0
			}
			if d := apart - want; d < -time.Millisecond || d > time.Millisecond {
				t.Fatalf("the sound is %v after the picture, want %v", apart, want)
			}
			ours := tsDiff(sound.Timestamp, uint32((uint64(sound.Capture.UnixNano()) / 125000)), 8000)
			if max(ours, -ours) > slewStart+time.Millisecond {
				t.Fatalf("the sound's timestamp is %v off its capture", ours)
			}
		})
	}
}

func TestRisingFramesHaveRisingTimestampsWhateverTheClockDoes(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 9))
		tl := NewTimeline(testEpoch)
		tl.Begin(media.LayerMain, 90000)
		now, rtp := testEpoch, rng.Uint32()
		var last uint32
		for i := range 5000 {
			switch rng.IntN(200) {
			case 0:
				rtp += rng.Uint32() // a jump, anywhere
			case 1:
				now = now.Add(time.Duration(rng.Int64N(8e9))) // a stall, or lost packets
			case 2:
				tl.Begin(media.LayerMain, 90000)
				rtp = rng.Uint32()
			}
			rtp += 3600
			now = now.Add(time.Duration(rng.Int64N(80e6)))
			s := tl.Stamp(media.LayerMain, now, rtp)
			if s.Capture.After(now) {
				t.Fatalf("seed %d, frame %d: captured %v after it came", seed, i, s.Capture.Sub(now))
			}
			if d := media.TimestampDiff(s.Timestamp, last); i > 0 && d <= 0 {
				t.Fatalf("seed %d, frame %d: a step of %d ticks", seed, i, d)
			}
			last = s.Timestamp
		}
	}
}

func TestMinFilterForgetsAfterTenSeconds(t *testing.T) {
	var f minFilter
	if _, ok := f.min(0); ok {
		t.Fatal("nothing came, yet there is a lowest")
	}
	sec := int64(time.Second)
	f.push(100*sec, 5)
	f.push(101*sec, 9)
	for at, want := range map[int64]int64{101: 5, 109: 5, 110: 9} {
		if got, ok := f.min(at * sec); !ok || got != want {
			t.Errorf("at %d s: %d, %v; want %d", at, got, ok, want)
		}
	}
	if _, ok := f.min(111 * sec); ok {
		t.Fatal("what is ten seconds old still counts")
	}
}
