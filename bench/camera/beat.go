package camera

import "time"

// beat says when the next picture and the next sound are due, on a clock that
// may run fast or slow. It is a core: it is told where it starts and asked.
type beat struct {
	start    time.Time
	driftPPM float64 // above 0: the camera's clock is fast
	pictures int64   // done so far
	sounds   int64
}

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
