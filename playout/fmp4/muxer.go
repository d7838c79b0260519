package fmp4

import (
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// Segment is one piece to append to a SourceBuffer, in order.
type Segment struct {
	// Start is set where this is an init segment, and describes it.
	Start *Start
	// Data is the init segment, or moof and mdat.
	Data []byte
	// Key says that a decoder can begin with this fragment.
	Key bool
}

// Start describes what follows an init segment.
type Start struct {
	// MIME is for addSourceBuffer and isTypeSupported (RFC 6381), such as
	// video/mp4; codecs="avc1.64001f,mp4a.40.2".
	MIME string
	// Width and Height of the picture in pixels; 0 without one.
	Width, Height int
}

// Stats counts what a Muxer did.
type Stats struct {
	Pictures uint64 // in fragments
	Sounds   uint64 // units of sound in fragments, silence included
	Silence  uint64 // of these, what was put where sound was missing
	Starts   uint64 // init segments
	Broken   uint64 // packets that could not be understood
	Dropped  uint64 // pictures without a key frame in front, sound that came too late
}

// The numbers of the tracks in the segments.
const (
	pictureID = 1
	soundID   = 2
)

// Muxer makes segments of one picture and one sound. See the package comment. It
// is not safe for concurrent use.
type Muxer struct {
	epoch   time.Time // when media time 0 was; zero: nothing is out yet
	picture *picture  // nil: none
	sound   *sound    // nil: none
	serial  uint32    // of fragments
	out     []Segment
	stats   Stats
	fresh   bool // an init segment is needed whatever the parameter sets
}

// NewMuxer makes one without tracks; Attach gives it some.
func NewMuxer() *Muxer { return &Muxer{} }

// Attach says how the packets from now on are encoded; nil: no such packets. What
// follows is on the same time line, after a new init segment. Sound that a browser
// cannot play from a MediaSource is left out. The error names the codec when
// nothing is left; it wraps ErrCodec.
func (m *Muxer) Attach(video, audio *media.Track) error {
	newest, last := int64(-1), int64(-1) // so that the first picture is decoded at 0
	if m.picture != nil {
		newest, last = m.picture.newest, m.picture.last
	}
	after := time.Duration(0)
	if s := m.sound; s != nil {
		after = s.clock.duration(s.end)
	}
	m.picture, m.sound, m.fresh = nil, nil, true
	var err error
	if audio != nil {
		if m.sound, err = newSound(audio); err != nil {
			m.sound = nil
			if video == nil {
				return err
			}
		} else {
			m.sound.after = after
		}
	}
	if video == nil {
		return nil
	}
	m.picture, err = newPicture(video, newest, last)
	return err
}

// Picture takes the next packet of the picture.
func (m *Muxer) Picture(p *rtp.Packet) {
	if m.picture == nil {
		return
	}
	units, ok, err := m.picture.unpack.next(p)
	switch {
	case err != nil:
		m.stats.Broken++
		m.picture.blind = true // until the next key frame
	case ok:
		m.picture.hold(frame{units, p.Timestamp})
		m.settle()
	}
}

// Sound takes the next packet of the sound.
func (m *Muxer) Sound(p *rtp.Packet) {
	if m.sound == nil {
		return
	}
	units, ok, err := m.sound.unpack.next(p)
	switch {
	case err != nil:
		m.stats.Broken++
	case ok:
		m.sound.hold(frame{units, p.Timestamp})
		m.settle()
	}
}

// PictureReport says what timestamp a picture taken at that moment has (RFC 3550
// §6.4.1). Pictures wait for the first one.
func (m *Muxer) PictureReport(at time.Time, timestamp uint32) {
	if m.picture != nil {
		m.picture.clock.report(at, timestamp)
		m.adjust(&m.picture.clock)
		m.settle()
	}
}

// SoundReport is the same for the sound.
func (m *Muxer) SoundReport(at time.Time, timestamp uint32) {
	if m.sound != nil {
		m.sound.clock.report(at, timestamp)
		m.adjust(&m.sound.clock)
		m.settle()
	}
}

// Pop returns the next segment, if there is one.
func (m *Muxer) Pop() (Segment, bool) {
	if len(m.out) == 0 {
		return Segment{}, false
	}
	s := m.out[0]
	m.out[0] = Segment{}
	m.out = m.out[1:]
	return s, true
}

// Position is the newest picture's time in the fragments, or the newest sound's,
// and when it was taken. It reports false before the first fragment.
func (m *Muxer) Position() (media time.Duration, taken time.Time, ok bool) {
	switch {
	case m.epoch.IsZero():
		return 0, time.Time{}, false
	case m.picture != nil:
		media = m.picture.clock.duration(m.picture.newest)
	case m.sound != nil:
		media = m.sound.clock.duration(m.sound.end)
	}
	return media, m.epoch.Add(media), true
}

// Stats returns a copy of the counters.
func (m *Muxer) Stats() Stats { return m.stats }

// settle moves on what can be placed in time.
func (m *Muxer) settle() {
	if m.epoch.IsZero() && !m.begin() {
		return
	}
	if p := m.picture; p != nil && p.clock.placed {
		for _, f := range p.take() {
			m.show(f)
		}
	}
	s := m.sound
	if s == nil || !s.clock.placed || m.picture != nil && m.fresh {
		return
	}
	for _, f := range s.take() {
		m.play(f)
	}
	if s.waiting() >= s.clock.ticks(soundAlone) {
		m.fragment(nil)
	}
}

// begin sets media time 0: the first picture that can be shown, or the first sound
// where there is no picture.
func (m *Muxer) begin() bool {
	switch p, s := m.picture, m.sound; {
	case p != nil:
		p.toKey(&m.stats)
		if !p.clock.known || len(p.held) == 0 {
			return false
		}
		m.epoch = p.clock.taken(p.held[0].timestamp)
	case s != nil:
		if !s.clock.known || len(s.held) == 0 {
			return false
		}
		m.epoch = s.clock.taken(s.held[0].timestamp)
	}
	for _, c := range m.clocks() {
		m.adjust(c)
	}
	return !m.epoch.IsZero()
}

func (m *Muxer) clocks() (all []*clock) {
	if m.picture != nil {
		all = append(all, &m.picture.clock)
	}
	if m.sound != nil {
		all = append(all, &m.sound.clock)
	}
	return all
}

// adjust puts a clock on the common time line, after a report.
func (m *Muxer) adjust(c *clock) {
	if !m.epoch.IsZero() && c.known {
		m.epoch = m.epoch.Add(c.place(m.epoch))
	}
}

// show puts a picture into a fragment.
func (m *Muxer) show(f frame) {
	p := m.picture
	key := p.inspect(f.units)
	if !key && (p.blind || m.fresh) {
		m.stats.Dropped++
		return
	}
	if key {
		changed := p.sets.learn(f.units)
		if !p.sets.complete() {
			p.blind = true
			m.stats.Dropped++
			return
		}
		if changed || m.fresh {
			m.start()
		}
		p.blind = false
	}
	s, dts, err := p.sample(f, key)
	if err != nil {
		m.stats.Broken++
		return
	}
	if m.sound != nil {
		m.silence(key)
	}
	m.stats.Pictures++
	m.fragment(&track{id: pictureID, base: dts, samples: []*sample{s}, key: key})
}

// silence stands in for sound that has not come for too long, up to the picture. Where
// the time of sound jumps, a browser throws away the pictures up to the next key frame:
// so it jumps only with one, in one fragment.
func (m *Muxer) silence(key bool) {
	s := m.sound
	shown := m.picture.clock.duration(m.picture.newest)
	until := s.clock.ticks(shown - s.wait.read())
	switch {
	case !s.open && s.after == 0: // sound from before the first picture cannot be played
		s.begin(s.clock.ticks(shown))
	case !s.open:
		s.begin(max(s.clock.ticks(shown), s.clock.ticks(s.after)))
		m.quiet(s.fill(s.end + s.lasting))
	case key && until > s.end+s.clock.ticks(longHole):
		m.fragment(nil)
		s.begin(until)
		m.quiet(s.fill(s.end + s.lasting))
	default:
		m.quiet(s.fill(until))
	}
}

func (m *Muxer) quiet(n int) {
	m.stats.Sounds += uint64(n)
	m.stats.Silence += uint64(n)
}

// play adds sound to what goes with the next picture.
func (m *Muxer) play(f frame) {
	if m.fresh {
		m.start()
	}
	s := m.sound
	at := s.clock.media(f.timestamp)
	if p := m.picture; p != nil {
		shown := p.clock.duration(p.newest)
		s.wait.note(shown, shown-s.clock.duration(at))
	}
	for _, u := range f.units {
		length := s.lengthOf(u)
		if m.picture == nil && (!s.open || at > s.end+s.clock.ticks(longHole)) {
			m.fragment(nil) // what follows is in a place of its own
			s.begin(max(at, 0))
		}
		m.quiet(s.fill(at + min(length, s.lasting)/2)) // to the nearest unit
		if s.add(at, length, u) {
			m.stats.Sounds++
		} else {
			m.stats.Dropped++
		}
		at += length
	}
}

// start puts an init segment in front of what follows.
func (m *Muxer) start() {
	if m.sound != nil {
		m.fragment(nil)
	}
	var tracks []initTrack
	start := &Start{}
	if p := m.picture; p != nil {
		tracks = append(tracks, initTrack{pictureID, p.clock.rate, p.sets.codec(), p.sets.described})
		start.Width, start.Height = p.sets.width, p.sets.height
	}
	if s := m.sound; s != nil {
		tracks = append(tracks, initTrack{soundID, s.clock.rate, s.codec, s.name})
	}
	data, err := initSegment(tracks)
	if err != nil {
		m.stats.Broken++
		return
	}
	start.MIME = mimeOf(tracks, m.picture != nil)
	m.fresh = false
	m.stats.Starts++
	m.out = append(m.out, Segment{Start: start, Data: data})
}

// fragment emits a picture and the sound there is, or the sound alone.
func (m *Muxer) fragment(shown *track) {
	var tracks []track
	key := shown == nil && m.picture == nil
	if shown != nil {
		tracks, key = append(tracks, *shown), shown.key
	}
	if s := m.sound; s != nil && len(s.pending) > 0 {
		tracks = append(tracks, track{id: soundID, base: s.base, samples: s.pending, key: true})
		s.pending = nil
	}
	if len(tracks) == 0 {
		return
	}
	m.serial++
	data, err := fragmentOf(m.serial, tracks)
	if err != nil {
		m.stats.Broken++
		return
	}
	m.out = append(m.out, Segment{Data: data, Key: key})
}

// HasSound tells whether Attach found a sound that browsers play.
func (m *Muxer) HasSound() bool { return m.sound != nil }
