package camera

import (
	"encoding/hex"
	"math/rand/v2"

	"github.com/classrelay/classrelay/media"
)

// Synthetic is a Source that needs no file: NAL units with right headers and
// parameter sets and random bytes for a picture, in the sizes of a camera on a
// still tripod. No decoder shows them. The zero value is ready for use.
type Synthetic struct {
	Encoding  media.Codec // H264 or H265; empty = H264
	MainRate  int         // bit/s without packet headers; 0 = 4 Mbit/s
	SubRate   int         // bit/s; 0 = 0.5 Mbit/s
	GOPLength int         // pictures from one key picture to the next; 0 = 50
	KeyFactor float64     // a key picture is so many times as large; 0 = 8
	Noise     float64     // sizes vary by so much up and down, evenly (0 to 1); 0 = not at all
	Seed      uint64      // of the bytes and the noise
}

// Parameter sets of 1920x1080 and 640x360 at 25 pictures a second, as x264 and
// x265 write them, in hexadecimal: VPS (H.265 only), SPS, PPS.
var syntheticSets = map[media.Codec][media.LayerAudio][]string{ //nolint:gochecknoglobals // a lookup table
	media.H264: {
		{"67640028acb603c0113f2e0220000003002000000641e3065c", "68eaccb22c"},
		{"674d401edb0280bfe5c044000003000400000300c83c58bb80", "68eaccb2"},
	},
	media.H265: {
		{
			"40010c01ffff016000000300900000030000030078959809",
			"420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000c84",
			"4401c172b46240",
		},
		{
			"40010c01ffff01600000030090000003000003003f959809",
			"42010101600000030090000003000003003fa00502016965959a4932bc05a02000000300200000030321",
			"4401c172b46240",
		},
	},
}

// Codec implements Source.
func (s *Synthetic) Codec() media.Codec {
	if s.Encoding == "" {
		return media.H264
	}
	return s.Encoding
}

// ParameterSets implements Source.
func (s *Synthetic) ParameterSets(layer media.Layer) [][]byte {
	var sets [][]byte
	for _, text := range syntheticSets[s.Codec()][layer] {
		nal, err := hex.DecodeString(text)
		if err != nil {
			return nil // the table is wrong; its test says so
		}
		sets = append(sets, nal)
	}
	return sets
}

// Picture implements Source.
func (s *Synthetic) Picture(layer media.Layer, index uint64) Picture {
	gop := index % uint64(s.gopLength())
	rnd := rand.New(rand.NewPCG(s.Seed, index<<8|uint64(layer)))
	p := Picture{Key: gop == 0, GOP: int(gop)}
	if p.Key {
		p.NALs = s.ParameterSets(layer)
	}
	size := float64(s.deltaSize(layer))
	if p.Key {
		size *= s.keyFactor()
	}
	size *= 1 + s.Noise*(2*rnd.Float64()-1)
	p.NALs = append(p.NALs, s.slice(p.Key, int(size), rnd))
	return p
}

// NextKey implements Source.
func (s *Synthetic) NextKey(_ media.Layer, index uint64) uint64 {
	group := uint64(s.gopLength())
	return (index + group - 1) / group * group
}

// deltaSize is the size of a picture that is not a key picture, in bytes, so
// that a whole group comes out at the rate.
func (s *Synthetic) deltaSize(layer media.Layer) int {
	rate := s.MainRate
	if layer == media.LayerSub {
		rate = s.SubRate
		if rate == 0 {
			rate = 500_000
		}
	}
	if rate == 0 {
		rate = 4_000_000
	}
	group := float64(rate) / 8 * FrameInterval.Seconds() * float64(s.gopLength())
	return int(group / (float64(s.gopLength()-1) + s.keyFactor()))
}

// slice is a NAL unit with the header of a coded slice. Its bytes are 1 to 255:
// without zeros there is nothing to escape.
func (s *Synthetic) slice(key bool, size int, rnd *rand.Rand) []byte {
	var header []byte
	switch {
	case s.Codec() == media.H265 && key:
		header = []byte{19 << 1, 1, 0xaf} // IDR_W_RADL, first slice of the picture
	case s.Codec() == media.H265:
		header = []byte{1 << 1, 1, 0xd0} // TRAIL_R
	case key:
		header = []byte{0x65, 0x88} // IDR, nal_ref_idc 3, first_mb_in_slice 0
	default:
		header = []byte{0x41, 0x9a} // non-IDR, nal_ref_idc 2
	}
	nal := make([]byte, max(size, len(header)+1))
	for i := copy(nal, header); i < len(nal); i += 8 {
		word := rnd.Uint64() | 0x0101010101010101 // no byte is zero
		for j := i; j < min(i+8, len(nal)); j++ {
			nal[j] = byte(word)
			word >>= 8
		}
	}
	return nal
}

func (s *Synthetic) gopLength() int {
	if s.GOPLength <= 0 {
		return 50
	}
	return s.GOPLength
}

func (s *Synthetic) keyFactor() float64 {
	if s.KeyFactor <= 0 {
		return 8
	}
	return s.KeyFactor
}
