package viewer

import (
	"time"

	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/media"
)

// TallyConfig says what counts. The zero value is what the package comment says.
type TallyConfig struct {
	Interval   time.Duration // between two frames; 0 = 40 ms
	Limit      time.Duration // a good frame is in time up to here; 0 = 300 ms
	StallAfter time.Duration // past a frame's slot; 0 = 80 ms
}

func (c *TallyConfig) setDefaults() {
	if c.Interval <= 0 {
		c.Interval = 40 * time.Millisecond
	}
	if c.Limit <= 0 {
		c.Limit = 300 * time.Millisecond
	}
	if c.StallAfter <= 0 {
		c.StallAfter = 80 * time.Millisecond
	}
}

// farthest is how far a frame number may lie from the first one, a week at 25
// frames a second: one beyond it cannot be true and must not cost memory.
const farthest = 7 * 24 * 3600 * 25

// Tally counts frames. It is a core: it is told the time, and has one owner.
type Tally struct {
	cfg TallyConfig

	dialled time.Time
	joined  time.Time
	begun   bool // there has been a good frame

	chains [media.NumLayers]chain
	// latency of frame first+i; zero means that it has not been good yet.
	latency []latency
	first   uint64    // number of the first expected frame; 0 = none yet
	started time.Time // when that one arrived
	newest  newest
	stall   stall
	sound   sound
	report  Report // what is counted at once
	recent  []arrival
	story   story
}

// latency is a time in µs plus one, so that zero can mean "none"; 32 bits reach
// for half an hour.
type latency int32

func latencyOf(d time.Duration) latency {
	const most = 1 << 30
	us := min(max(d.Microseconds(), -most), most)
	if us >= 0 {
		us++
	}
	return latency(us)
}

func (l latency) duration() time.Duration {
	if l > 0 {
		l--
	}
	return time.Duration(l) * time.Microsecond
}

// chain tells whether a layer can be decoded: each frame needs the one before.
type chain struct {
	number uint64
	ok     bool
}

// newest is the good frame with the highest number.
type newest struct {
	number  uint64
	sent    time.Time
	arrived time.Time
	layer   media.Layer
}

// arrival is a new good frame, for the last second.
type arrival struct {
	at      time.Time
	latency time.Duration
}

// NewTally makes a Tally that has seen nothing.
func NewTally(cfg TallyConfig) *Tally {
	cfg.setDefaults()
	return &Tally{cfg: cfg}
}

// Dial tells that the viewer begins to connect. Only the first time counts.
func (t *Tally) Dial(now time.Time) {
	if t.dialled.IsZero() {
		t.dialled = now
	}
}

// Join tells that the server has agreed to play. Only the first time counts: a
// viewer that had to connect again was still watching.
func (t *Tally) Join(now time.Time) {
	if t.joined.IsZero() {
		t.joined = now
	}
}

// Frame tells of an access unit whose last packet has arrived now, with what
// stamp.Verify said of it. A frame without its end is ErrBroken.
func (t *Tally) Frame(now time.Time, s stamp.Stamp, verdict error) {
	switch {
	case verdict == nil && t.decodable(s):
		t.good(now, s)
	case !t.begun:
		// A viewer that joins in the middle of a group waits for a key frame.
	case verdict != nil:
		t.report.Broken++
	default:
		t.report.Undecodable++
	}
}

// decodable moves the layer's chain on to this whole frame.
func (t *Tally) decodable(s stamp.Stamp) bool {
	c := &t.chains[s.Layer]
	ok := s.Key || c.ok && s.Number == c.number+1
	if s.Number < c.number && !s.Key {
		return false // a repeat or a straggler breaks nothing
	}
	*c = chain{number: s.Number, ok: ok}
	return ok
}

func (t *Tally) good(now time.Time, s stamp.Stamp) {
	if !t.begun {
		t.begun = true
		t.report.FirstFrameMs = ms(now.Sub(t.dialled))
	}
	if t.first == 0 {
		if s.Sent.Before(t.joined) {
			return
		}
		t.first, t.started, t.story.began = s.Number, now, s.Sent
	}
	if s.Number < t.first || s.Number-t.first > farthest {
		return
	}
	t.note(s.Number, now.Sub(s.Sent))
	if s.Number <= t.newest.number {
		return
	}
	if t.newest.number != 0 {
		t.stall.gap(now.Sub(t.newest.arrived), &t.cfg)
		t.story.stalls = stalled(t.story.stalls, t.newest.arrived, now, &t.cfg)
		if s.Layer != t.newest.layer {
			t.report.LayerSwitches++
		}
	}
	t.story.seen(now, s.Layer)
	t.newest = newest{number: s.Number, sent: s.Sent, arrived: now, layer: s.Layer}
	t.recent = append(t.dropOld(now), arrival{at: now, latency: now.Sub(s.Sent)})
}

// note keeps the latency of a good frame, the first time it is good.
func (t *Tally) note(number uint64, d time.Duration) {
	i := int(number - t.first)
	for len(t.latency) <= i {
		t.latency = append(t.latency, 0)
	}
	if t.latency[i] == 0 {
		t.latency[i] = latencyOf(d)
	}
}

// dropOld returns the arrivals of the last second.
func (t *Tally) dropOld(now time.Time) []arrival {
	for len(t.recent) > 0 && now.Sub(t.recent[0].at) > time.Second {
		t.recent = t.recent[1:]
	}
	return t.recent
}

// Sound tells of a packet of sound, with what stamp.VerifyAudio said of it.
// Sound without a stamp, or broken, counts for the gaps only.
func (t *Tally) Sound(now time.Time, s stamp.Stamp, verdict error) {
	t.sound.packet(now)
	if verdict == nil {
		t.sound.stamped(s.Number)
	}
}

// expected is how many frames count by now. stamped is the number of the last
// frame the camera has stamped, 0 when the caller does not know.
func (t *Tally) expected(now time.Time, stamped uint64) int {
	if t.first == 0 {
		return 0
	}
	// Frames up to here have had their time, at the camera's pace.
	since := now.Add(-t.cfg.Limit).Sub(t.newest.sent)
	frames := since / t.cfg.Interval
	if since < 0 && since%t.cfg.Interval != 0 {
		frames--
	}
	last := int64(t.newest.number) + int64(frames)
	if stamped != 0 {
		last = min(last, int64(stamped))
	}
	return int(max(0, last-int64(t.first)+1))
}

// Report sums up. stamped is the number of the last frame the camera has stamped
// (camera.Stats), or 0 when the caller does not know; then every frame interval
// since the newest good frame counts as one frame.
func (t *Tally) Report(now time.Time, stamped uint64) Report {
	r := t.report
	r.FramesExpected = t.expected(now, stamped)
	all := t.latency[:min(len(t.latency), r.FramesExpected)]
	good := make([]time.Duration, 0, len(all))
	inTime := 0
	for _, l := range all {
		if l == 0 {
			continue
		}
		good = append(good, l.duration())
		if l.duration() <= t.cfg.Limit {
			inTime++
		}
	}
	r.FramesGood = len(good)
	if r.FramesExpected > 0 {
		r.GoodIn300msRatio = float64(inTime) / float64(r.FramesExpected)
	}
	r.Latency = percentiles(good)
	if t.first != 0 {
		s := t.stall
		if stamped == 0 || t.newest.number < stamped { // else there is no next frame to wait for
			s.gap(now.Sub(t.newest.arrived), &t.cfg)
		}
		r.Stalls, r.LongestStallMs, r.StalledMs = s.count, ms(s.longest), ms(s.total)
		r.WatchedMs = ms(now.Sub(t.started))
	}
	r.AudioGapMaxMs = ms(t.sound.longest(now))
	r.AudioExpected, r.AudioGood = t.sound.expected(), t.sound.good
	return r
}

// Snapshot is what a live table shows.
func (t *Tally) Snapshot(now time.Time) Snapshot {
	s := Snapshot{Whole: t.Report(now, 0)}
	if t.first == 0 {
		return s
	}
	t.recent = t.dropOld(now)
	last := make([]time.Duration, len(t.recent))
	for i, a := range t.recent {
		last[i] = a.latency
	}
	s.Layer = t.newest.layer.String()
	s.Good = len(last)
	s.Latency = percentiles(last)
	s.SilentMs = ms(now.Sub(t.newest.arrived))
	return s
}
