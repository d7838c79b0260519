package camera

import (
	"time"

	"github.com/classrelay/classrelay/media"
)

// FrameInterval is the time between two pictures: 25 a second, as cameras in
// countries with 50 Hz mains make them.
const FrameInterval = 40 * time.Millisecond

// videoClock is the RTP clock of H.264 and H.265 in Hz (RFC 6184 §8.2.1).
const videoClock = 90_000

// Picture is one access unit of one layer.
type Picture struct {
	NALs [][]byte // without start codes; shared, read only
	Key  bool
	GOP  int // pictures since the key picture, which is 0
}

// Source is where a camera's pictures come from. It is a function of the index,
// so that any number of cameras can share one.
type Source interface {
	// Codec is the encoding of both layers.
	Codec() media.Codec
	// ParameterSets are those of a layer: SPS and PPS, for H.265 a VPS in front.
	ParameterSets(layer media.Layer) [][]byte
	// Picture is the index-th picture of a layer, LayerMain or LayerSub. Index 0
	// is a key picture.
	Picture(layer media.Layer, index uint64) Picture
	// NextKey is the first index from this one on whose picture is a key picture.
	NextKey(layer media.Layer, index uint64) uint64
}
