package camera

import (
	_ "embed"
	"errors"
	"fmt"

	"github.com/classrelay/classrelay/media"
)

// The clip: 200 pictures, 8 s, made by clip/make.sh.
var (
	//go:embed clip/main.h264
	clipMain []byte
	//go:embed clip/sub.h264
	clipSub []byte
)

// ErrClip is wrapped by the errors of NewClip.
var ErrClip = errors.New("unusable clip")

// Clip is a Source that plays two H.264 files in a loop. The groups of pictures
// are closed and the first picture is a key picture, so the loop has no seam.
type Clip struct {
	layers [media.LayerAudio][]Picture // main and sub
	sets   [media.LayerAudio][][]byte
}

// Embedded returns the clip in this binary: 1920x1080 at 2.0 Mbit/s and 640x360
// at 0.44 Mbit/s, a key picture every 50, the number of the picture (0 to 199)
// burnt in. clip/make.sh says where.
func Embedded() (*Clip, error) { return NewClip(clipMain, clipSub) }

// NewClip makes a Source of two H.264 elementary streams (annex B), which it
// keeps: 25 pictures a second, one slice per picture, no B-frames, parameter
// sets at the beginning and the same number of pictures in both.
func NewClip(mainStream, subStream []byte) (*Clip, error) {
	c := new(Clip)
	for layer, stream := range [][]byte{media.LayerMain: mainStream, media.LayerSub: subStream} {
		nals := splitAnnexB(stream)
		if len(nals) < 3 || nals[0][0]&0x1f != nalSPS || nals[1][0]&0x1f != nalPPS {
			return nil, fmt.Errorf("%w: %s: does not begin with an SPS and a PPS", ErrClip, media.Layer(layer))
		}
		c.sets[layer] = nals[:2]
		c.layers[layer] = groupPictures(nals)
		if len(c.layers[layer]) == 0 || !c.layers[layer][0].Key {
			return nil, fmt.Errorf("%w: %s: does not begin with a key picture", ErrClip, media.Layer(layer))
		}
	}
	if m, s := len(c.layers[0]), len(c.layers[1]); m != s {
		return nil, fmt.Errorf("%w: %d pictures in main, %d in sub", ErrClip, m, s)
	}
	return c, nil
}

// Len is the number of pictures in the loop.
func (c *Clip) Len() int { return len(c.layers[media.LayerMain]) }

// Codec implements Source.
func (c *Clip) Codec() media.Codec { return media.H264 }

// ParameterSets implements Source.
func (c *Clip) ParameterSets(layer media.Layer) [][]byte { return c.sets[layer] }

// Picture implements Source.
func (c *Clip) Picture(layer media.Layer, index uint64) Picture {
	pictures := c.layers[layer]
	return pictures[index%uint64(len(pictures))]
}

// NextKey implements Source. It ends, since picture 0 of the loop is a key picture.
func (c *Clip) NextKey(layer media.Layer, index uint64) uint64 {
	for !c.Picture(layer, index).Key {
		index++
	}
	return index
}
