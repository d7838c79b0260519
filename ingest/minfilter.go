package ingest

import "time"

// delayWindow is how long a lowest delay counts, in seconds: long enough to see a
// packet that did not wait, short enough for a clock that runs 1000 ppm slow to be
// 10 ms off at most.
const delayWindow = 10

// minFilter keeps the lowest delay of the last ten seconds, by the second. Times
// and delays are nanoseconds. The zero value is ready for use.
type minFilter struct {
	lowest [delayWindow]int64
	second [delayWindow]int64 // which second, counted from one; zero: none
}

func (f *minFilter) push(now, delay int64) {
	s := now/int64(time.Second) + 1
	i := s % delayWindow
	if f.second[i] != s || delay < f.lowest[i] {
		f.second[i], f.lowest[i] = s, delay
	}
}

// min returns false when nothing came in the window.
func (f *minFilter) min(now int64) (lowest int64, ok bool) {
	s := now/int64(time.Second) + 1
	for i, at := range f.second {
		if at <= s-delayWindow || at == 0 {
			continue
		}
		if !ok || f.lowest[i] < lowest {
			lowest, ok = f.lowest[i], true
		}
	}
	return lowest, ok
}

// reportTolerance is how far two sender reports in a row may disagree: ten seconds
// at 1000 ppm, and room for a camera that rounds to a frame. Some cameras write the
// fraction of the NTP second wrongly; theirs disagree by up to a second.
const reportTolerance = 50 * time.Millisecond

// senderClock is the camera's wall clock as its sender reports tell it. It counts
// once two in a row agree.
type senderClock struct {
	offset int64 // wall clock − RTP clock, in nanoseconds
	seen   bool
	valid  bool
}

func (s *senderClock) push(offset int64) {
	d := offset - s.offset
	s.valid = s.seen && max(d, -d) <= int64(reportTolerance)
	s.offset, s.seen = offset, true
}
