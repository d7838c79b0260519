package fit

import (
	"math/rand/v2"
	"time"
)

// Rates of a camera on the wire without parity, in bits per second.
const (
	mainRate   = 4.257e6 // with 5 % parity 4.47 Mbit/s
	subRate    = 0.552e6 // with 5 % parity 0.58 Mbit/s
	parity     = 0.05
	audioRate  = 88_000 // sound, each packet twice
	audioSize  = 110
	audioEvery = 20 * time.Millisecond

	frameEvery = 40 * time.Millisecond
	gop        = 50
	keySize    = 8
	sizeNoise  = 0.2
	fullPacket = 1250
	deadline   = 300 * time.Millisecond
)

// frame is one picture of one layer.
type frame struct {
	slot    int // number of the frame in its feed
	capture instant
	key     bool
	packets []int // sizes
	parity  int   // parity packets

	got int // packets that came, parity included
}

// stream is one layer of a camera: it makes frames for ever, sent or not.
type stream struct {
	random *rand.Rand
	rate   float64 // without parity
	phase  int     // slots until its key frame
	keyBy  float64 // size of a key frame in others
	owed   float64 // parity packets
	recent []*frame
}

// next makes the frame of a slot and keeps it for a late start.
func (s *stream) next(slot int, now instant) *frame {
	f := &frame{slot: slot, capture: now, key: (slot+s.phase)%gop == 0}
	p := s.rate / 8 * frameEvery.Seconds() * gop / (gop - 1 + s.keyBy)
	size := p * (1 + sizeNoise*s.random.NormFloat64())
	if f.key {
		size *= s.keyBy
		s.recent = s.recent[:0]
	}
	for left := max(200, int(size)); left > 0; left -= fullPacket {
		f.packets = append(f.packets, min(left, fullPacket))
	}
	s.owed += float64(len(f.packets)) * parity
	f.parity = int(s.owed)
	s.owed -= float64(f.parity)
	s.recent = append(s.recent, f)
	return f
}

// untilKey is how many slots after the given one the next key frame comes.
func (s *stream) untilKey(slot int) int { return (gop - (slot+s.phase)%gop) % gop }

// wire is the rate on the wire.
func (s *stream) wire() float64 { return s.rate * (1 + parity) }

// camera is one feed: a main stream and perhaps a sub stream.
type camera struct {
	main, sub *stream
	slot      int
}

func newCamera(random *rand.Rand, main, sub, keyBy float64) *camera {
	c := &camera{main: &stream{random: random, rate: main, phase: random.IntN(gop), keyBy: keyBy}}
	if sub > 0 {
		c.sub = &stream{random: random, rate: sub, phase: random.IntN(gop), keyBy: keyBy}
	}
	return c
}
