package camera

import "time"

// beat says when the next picture and the next sound are due, on a clock that
// may run fast or slow. It is a core: it is told where it starts and asked.
type beat struct {
	start    time.Time
	first    uint64  // by the UNIX clock, the number of the picture sent at start
	driftPPM float64 // above 0: the camera's clock is fast
	pictures int64   // done so far
	sounds   int64
}

// beatFrom begins at now, or when aligned at the next whole FrameInterval of the UNIX
// clock.
func beatFrom(now time.Time, aligned bool, driftPPM float64) beat {
	b := beat{start: now, driftPPM: driftPPM}
	if aligned {
		beat, at := int64(FrameInterval), now.UnixNano()
		number := (at + beat - 1) / beat
		b.first = uint64(number)
		b.start = now.Add(time.Duration(number*beat - at))
	}
	return b
}

// number is that of the next picture by the UNIX clock, if the beat is aligned with it.
func (b *beat) number() uint64 { return b.first + uint64(b.pictures) }

// pictureDue is when the next picture is to be sent.
func (b *beat) pictureDue() time.Time { return b.real(time.Duration(b.pictures) * FrameInterval) }

// soundDue is when the next sound is to be sent.
func (b *beat) soundDue() time.Time { return b.real(time.Duration(b.sounds) * soundInterval) }

// next is the earlier of the two.
func (b *beat) next() time.Time {
	p, s := b.pictureDue(), b.soundDue()
	if s.Before(p) {
		return s
	}
	return p
}

// real turns a time on the camera's clock since the start into real time.
func (b *beat) real(d time.Duration) time.Time {
	return b.start.Add(time.Duration(float64(d) / (1 + b.driftPPM*1e-6)))
}

// wall is what the camera's wall clock says at now, without jumps.
func (b *beat) wall(now time.Time) time.Time {
	return now.Add(time.Duration(float64(now.Sub(b.start)) * b.driftPPM * 1e-6))
}
