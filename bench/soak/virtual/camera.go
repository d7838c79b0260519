package virtual

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/media"
)

const (
	frameEvery = 40 * time.Millisecond
	soundEvery = 20 * time.Millisecond
	gop        = 50 // frames from one key frame to the next
	keySize    = 8  // a key frame is so many times as large as others
	payload    = 1168
	// Bytes in front of the content: RTP header 12, FU-A 2 (RFC 6184 §5.8), label.
	header = 12 + 2
	label  = 8 + 4 + 2 + 2
	// beforeWrap is how long after its start a stream's timestamps wrap; sequence
	// numbers wrap after so many packets.
	beforeWrap  = 30 * time.Second
	seqsToWrap  = 500
	soundLength = 80
)

// tracks are how all rooms are encoded.
func tracks() [media.NumLayers]*media.Track {
	return [media.NumLayers]*media.Track{
		media.LayerMain:  {Codec: media.H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000"},
		media.LayerSub:   {Codec: media.H264, PayloadType: 97, ClockRate: 90000, RTPMap: "H264/90000"},
		media.LayerAudio: {Codec: media.Opus, PayloadType: 98, ClockRate: 48000, RTPMap: "opus/48000/2"},
	}
}

// room is a classroom with its camera, and its feed at the hub.
type room struct {
	id      media.FeedID
	feed    *fanout.Feed
	streams [media.NumLayers]stream
	dark    bool   // the camera is off
	frames  int    // made since the last window
	sounds  int    // the same of packets of sound
	number  uint32 // of the last frame
}

// stream is one layer of a camera.
type stream struct {
	layer  media.Layer
	track  *media.Track
	rate   int // bit/s
	ssrc   uint32
	seq    uint16
	start  uint32        // timestamp at began
	began  time.Duration // when it was switched on
	since  int           // frames since the last key frame
	wanted bool          // somebody asked for a key frame
	noise  []byte        // what contents are cut from
}

func newRoom(id media.FeedID, mainRate int, random *rand.Rand, noise []byte) *room {
	r := &room{id: id, feed: fanout.NewFeed(id)}
	for l, t := range tracks() {
		r.feed.SetTrack(media.Layer(l), t)
		r.streams[l] = stream{layer: media.Layer(l), track: t, noise: noise}
	}
	r.streams[media.LayerMain].rate, r.streams[media.LayerSub].rate = mainRate, mainRate/8
	r.begin(0, random)
	return r
}

// begin switches the camera on: new sources, whose numbers wrap soon.
func (r *room) begin(now time.Duration, random *rand.Rand) {
	r.dark = false
	for l := range r.streams {
		s := &r.streams[l]
		s.ssrc, s.began, s.since = random.Uint32(), now, gop
		s.seq = uint16(1<<16 - seqsToWrap)
		s.start = -uint32(beforeWrap.Seconds()) * uint32(s.track.ClockRate)
	}
}

// shoot makes the next frame of both layers.
func (r *room) shoot(now time.Duration, at time.Time) {
	if r.dark {
		return
	}
	r.frames++
	r.number++
	for _, l := range []media.Layer{media.LayerMain, media.LayerSub} {
		s := &r.streams[l]
		key := s.since >= gop || s.wanted
		if key {
			s.since, s.wanted = 0, false
		}
		s.since++
		s.write(r.feed, now, at, r.number, s.size(key), key)
	}
}

// speak makes the next packet of sound.
func (r *room) speak(now time.Duration, at time.Time) {
	if r.dark {
		return
	}
	r.sounds++
	r.streams[media.LayerAudio].write(r.feed, now, at, r.number, soundLength, false)
}

// size is that of a frame in bytes, so that a group comes out at the rate.
func (s *stream) size(key bool) int {
	size := s.rate / 8 * gop / 25 / (gop - 1 + keySize)
	if key {
		return size * keySize
	}
	return size
}

// write cuts a frame into packets, which share one allocation, and hands them to
// the feed.
func (s *stream) write(feed *fanout.Feed, now time.Duration, at time.Time, number uint32, size int, key bool) {
	n := (size + payload - 1) / payload
	slab := make([]byte, 0, n*(header+label+payload))
	for i := range n {
		from := len(slab)
		slab = s.packet(slab, now, number, i, n, min(payload, size-i*payload), key)
		p, err := media.Parse(slab[from:len(slab):len(slab)], s.layer, s.track.Codec, at)
		if err != nil {
			continue // cannot be: we wrote it
		}
		p.Capture = at
		feed.WritePacket(p)
	}
}

// packet appends packet i of n of a frame.
func (s *stream) packet(b []byte, now time.Duration, number uint32, i, n, size int, key bool) []byte {
	marker := byte(0)
	if i == n-1 {
		marker = 0x80
	}
	b = append(b, 0x80, marker|s.track.PayloadType)
	b = binary.BigEndian.AppendUint16(b, s.seq)
	b = binary.BigEndian.AppendUint32(b, s.start+uint32(ticks(now-s.began, s.track.ClockRate)))
	b = binary.BigEndian.AppendUint32(b, s.ssrc)
	s.seq++
	b = append(b, 0x7c, fragment(i == 0, i == n-1, key))
	b = binary.BigEndian.AppendUint64(b, uint64(now))
	b = binary.BigEndian.AppendUint32(b, number)
	b = binary.BigEndian.AppendUint16(b, uint16(i))
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	return append(b, content(s.noise, number, i, size)...)
}

// fragment is the second byte of an FU-A.
func fragment(first, last, key bool) byte {
	b := byte(1)
	if key {
		b = 5
	}
	if first {
		b |= 0x80
	}
	if last {
		b |= 0x40
	}
	return b
}

func ticks(d time.Duration, rate int) int64 {
	return int64(d/time.Second)*int64(rate) + int64(d%time.Second)*int64(rate)/int64(time.Second)
}

// content is what a packet carries: bytes that hardly another one has.
func content(noise []byte, number uint32, i, size int) []byte {
	at := (uint64(number)*2654435761 + uint64(i)*40503) % uint64(len(noise)-payload)
	return noise[at : at+uint64(size)]
}

// shot is what the label of a packet says.
type shot struct {
	taken  time.Duration
	number uint32
	i, n   int
}

// read reads a payload and tells whether it is as the camera made it.
func read(noise, b []byte) (s shot, ok bool) {
	if len(b) < 2+label {
		return s, false
	}
	b = b[2:]
	s.taken = time.Duration(binary.BigEndian.Uint64(b)) //nolint:gosec // our own
	s.number = binary.BigEndian.Uint32(b[8:])
	s.i, s.n = int(binary.BigEndian.Uint16(b[12:])), int(binary.BigEndian.Uint16(b[14:]))
	b = b[label:]
	return s, len(b) <= payload && bytes.Equal(b, content(noise, s.number, s.i, len(b)))
}
