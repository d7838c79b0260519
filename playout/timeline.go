package playout

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

const (
	// catchUp is how much closer than taken frames are stamped while a viewer
	// catches up: 40 ms become 2 ms. A player that shows frames by their stamps
	// goes through a cached group of 50 pictures in 100 ms.
	catchUp = 20
	// spliceStep is the least distance between the last frame of one layer and
	// the first of the next.
	spliceStep = 2 * time.Millisecond
	// slack is how much earlier than all before a frame may come without moving
	// the line: half a frame, well above the jitter of a link that carries its
	// load.
	slack = 20 * time.Millisecond
	// soundSlack is the same for sound, which often comes in packets of 150 ms and
	// cannot be compressed: what does not fit is lost.
	soundSlack = 100 * time.Millisecond
	// soundStale is how long the sound that a viewer begins with may have been here.
	// A packet that is older sets the line so late that the next ones, coming as
	// they are taken, would be left out to catch up.
	soundStale = soundSlack / 2
	// reorder is how many frames B-frames may be out of order (H.264 A.3.1: 16).
	reorder = 16
	// jump is how far RTP timestamps and capture times of two frames in a row may
	// disagree before the timestamps are taken for broken.
	jump = time.Second
)

// timeline stamps frames of several layers, each with a time line of its own, on
// one time line that follows real time.
//
// Inside one stream a frame keeps its distance to the one before, to the tick.
// Where streams join, the capture times give the distance. The line is where a
// frame would be stamped that comes as quickly as the quickest so far. A frame
// that comes quicker by more than slack shows that the viewer is behind, as it is
// after starting with a cached group of pictures: then the line moves closer and
// the frames are stamped 1/20 of their distance apart until they meet it. So a
// player never stays behind by what it was given to begin with.
//
// Timestamps grow in order of capture, also with B-frames: one that is shown
// between two others is stamped between them. Sound is not compressed; what is
// older than the line is left out.
type timeline struct {
	rate  int64 // ticks per second, of all layers and of the outcome
	sound bool

	begun  bool
	lane   *lane
	stream int
	last   uint32    // RTP timestamp of the frame before
	lastM  int64     // its place on the common media time line
	lastAt time.Time // its capture time

	cut struct { // the first packet with this capture time
		lane      *lane
		stream    int
		at        time.Time
		timestamp uint32
	}

	newestM  int64 // the newest frame in order of capture
	newestAt time.Time
	first    int64 // where the stream at hand began: what is older has no references

	late  time.Duration // capture to leaving, of the quickest frame
	shift int64         // line = media time + shift
	maxX  int64         // the highest stamp given
	seen  []place       // the newest frames of this stream, in order of capture
}

// place is a frame on both time lines, in ticks.
type place struct{ m, x int64 }

func (t *timeline) ticks(d time.Duration) int64 {
	return int64(d/time.Second)*t.rate + int64(d%time.Second)*t.rate/int64(time.Second)
}

// stamp returns the frame's timestamp in ticks since the first frame's, and
// whether it was stamped closer than taken. newest is the capture time of the
// newest frame that leaves with it. It reports false for a frame that must not be
// handed on: a picture from before the key frame it came after, or sound that was
// overtaken.
func (t *timeline) stamp(now time.Time, l *lane, f *frame, newest time.Time) (x int64, closer, ok bool) {
	at := t.capture(l, f)
	if t.sound && !t.begun && (newest.Sub(at) > soundSlack || f.here(now) > soundStale) {
		return 0, false, false
	}
	m, join := t.place(l, f, at)
	if join {
		t.seen = t.seen[:0]
		t.first = m
	}
	if m < t.first && !t.sound {
		return 0, false, false
	}
	t.pullIn(now, at, newest)
	x, closer = t.mapped(m)
	if t.sound && t.begun && closer {
		return 0, false, false
	}
	t.remember(l, f, m, at)
	t.keep(place{m, x})
	t.maxX = max(t.maxX, x)
	return x, closer, true
}

// capture is when a frame was taken. Sound that was cut into several packets may
// carry the time of the first one in all of them.
func (t *timeline) capture(l *lane, f *frame) time.Time {
	at := f.when()
	c := &t.cut
	if c.lane != l || c.stream != f.stream || !at.Equal(c.at) || !t.sound {
		c.lane, c.stream, c.at, c.timestamp = l, f.stream, at, f.timestamp()
		return at
	}
	later := media.TimestampDiff(f.timestamp(), c.timestamp)
	return at.Add(time.Duration(later) * time.Second / time.Duration(t.rate))
}

// place puts the frame on the common media time line. join: its stream has just
// begun, or its timestamps make no sense.
func (t *timeline) place(l *lane, f *frame, at time.Time) (m int64, join bool) {
	if !t.begun {
		return 0, true
	}
	if t.lane == l && t.stream == f.stream {
		step := int64(media.TimestampDiff(f.timestamp(), t.last))
		off := step - t.ticks(at.Sub(t.lastAt))
		// A key frame is shown after all that came before it.
		backwards := f.key && !t.sound && len(t.seen) > 0 && t.lastM+step < t.seen[len(t.seen)-1].m
		if off < t.ticks(jump) && off > -t.ticks(jump) && !backwards {
			return t.lastM + step, false
		}
	}
	return t.newestM + t.ticks(at.Sub(t.newestAt)), true
}

// pullIn moves the line when a frame comes quicker than any before. The first
// frame gets stamp 0, and so does the newest that leaves with it on the line.
func (t *timeline) pullIn(now, at, newest time.Time) {
	late := now.Sub(newest)
	least := slack
	if t.sound {
		least = soundSlack
	}
	switch {
	case !t.begun:
		t.late = late
		t.shift = min(0, -t.ticks(newest.Sub(at)))
	case late < t.late-least:
		t.shift -= t.ticks(t.late - late)
		t.late = late
	}
}

// mapped is the stamp of media time m.
func (t *timeline) mapped(m int64) (x int64, closer bool) {
	line := m + t.shift
	n := len(t.seen)
	switch {
	case !t.begun:
		return max(line, 0), false
	case n == 0: // a stream joins
		least := t.maxX + t.ticks(spliceStep)
		return max(line, least), line < least
	case m > t.seen[n-1].m:
		least := t.maxX + max(1, (m-t.seen[n-1].m)/catchUp)
		return max(line, least), line < least
	}
	return t.between(m), false
}

// between stamps a frame that is shown before one that came earlier.
func (t *timeline) between(m int64) int64 {
	i := len(t.seen) - 1
	for i > 0 && t.seen[i-1].m >= m {
		i--
	}
	after := t.seen[i]
	if after.m == m || i == 0 {
		return after.x - (after.m - m)
	}
	before := t.seen[i-1]
	return before.x + (after.x-before.x)*(m-before.m)/(after.m-before.m)
}

func (t *timeline) remember(l *lane, f *frame, m int64, at time.Time) {
	if !t.begun || m > t.newestM || t.lane != l || t.stream != f.stream {
		t.newestM, t.newestAt = m, at
	}
	t.begun = true
	t.lane, t.stream = l, f.stream
	t.last, t.lastM, t.lastAt = f.timestamp(), m, at
}

// keep inserts a place in order of capture and forgets the oldest.
func (t *timeline) keep(p place) {
	i := len(t.seen)
	for i > 0 && t.seen[i-1].m > p.m {
		i--
	}
	t.seen = append(t.seen, place{})
	copy(t.seen[i+1:], t.seen[i:])
	t.seen[i] = p
	if len(t.seen) > reorder+1 {
		t.seen = append(t.seen[:0], t.seen[1:]...)
	}
}

// at is the point of the line for a capture time: what a sender report says.
func (t *timeline) at(capture time.Time) int64 {
	return t.newestM + t.shift + t.ticks(capture.Sub(t.newestAt))
}
