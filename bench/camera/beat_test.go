package camera

import (
	"testing"
	"time"
)

func TestBeatOfAFastClockComesEarly(t *testing.T) {
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		ppm  float64
		want time.Duration // when picture 90,000 (one hour) is due
	}{
		{0, time.Hour},
		{100, time.Hour - 359964*time.Microsecond},  // 3600 s / 1.0001
		{-100, time.Hour + 360036*time.Microsecond}, // 3600 s / 0.9999
	} {
		b := beat{start: start, driftPPM: c.ppm, pictures: 90_000, sounds: 180_000}
		got := b.pictureDue().Sub(start)
		if d := got - c.want; d.Abs() > time.Microsecond {
			t.Errorf("%v ppm: an hour of pictures takes %v, want %v", c.ppm, got, c.want)
		}
		if !b.soundDue().Equal(b.pictureDue()) {
			t.Errorf("%v ppm: sound and picture run apart", c.ppm)
		}
		// On its own clock the camera is always on time.
		if d := b.wall(b.pictureDue()).Sub(start.Add(time.Hour)); d.Abs() > time.Millisecond {
			t.Errorf("%v ppm: its wall clock is %v off its own pace", c.ppm, d)
		}
	}
}

func TestBeatByTheClockSendsPictureNAtNTimes40ms(t *testing.T) {
	for _, c := range []struct {
		now    int64 // ms of the UNIX clock
		number uint64
	}{
		{1_700_000_000_000, 42_500_000_000}, // on the beat: at once
		{1_700_000_000_001, 42_500_000_001},
		{1_700_000_000_039, 42_500_000_001},
	} {
		b := beatFrom(time.UnixMilli(c.now), true, 0)
		for range 3 {
			if got, want := b.pictureDue().UnixMilli(), int64(b.number())*40; got != want {
				t.Errorf("begun at %d: picture %d is due at %d, want %d", c.now, b.number(), got, want)
			}
			b.pictures++
		}
		if got := b.number() - 3; got != c.number {
			t.Errorf("begun at %d: the first picture is %d, want %d", c.now, got, c.number)
		}
	}
}
