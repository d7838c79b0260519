package ingest

import (
	"errors"
	"fmt"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtplpcm"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpsimpleaudio"
	"github.com/pion/rtp"
)

// errIncomplete says that more packets are needed.
var errIncomplete = errors.New("incomplete")

var errEmpty = errors.New("empty payload")

// audioReader takes the sound out of RTP packets: the frames of one packet, the
// first of them at the packet's timestamp. It returns errIncomplete in the middle
// of a frame.
type audioReader interface {
	Read(p *rtp.Packet) (units [][]byte, err error)
}

func newAudioReader(f format.Format) (audioReader, error) {
	switch f := f.(type) {
	case *format.MPEG4Audio:
		return newAACReader(f)
	case *format.G711:
		d, err := f.CreateDecoder()
		return g711Reader{d}, err
	case *format.Opus:
		d, err := f.CreateDecoder()
		return opusReader{d}, err
	}
	return nil, fmt.Errorf("%s is not a sound", f.Codec())
}

type g711Reader struct{ d *rtplpcm.Decoder }

func (r g711Reader) Read(p *rtp.Packet) ([][]byte, error) { return single(r.d.Decode(p)) }

type opusReader struct{ d *rtpsimpleaudio.Decoder }

func (r opusReader) Read(p *rtp.Packet) ([][]byte, error) { return single(r.d.Decode(p)) }

func single(unit []byte, err error) ([][]byte, error) {
	if err != nil {
		return nil, err
	}
	if len(unit) == 0 {
		return nil, errEmpty
	}
	return [][]byte{unit}, nil
}

// aacReader is gortsplib's decoder with the fragments of RFC 3640 §3.2.1.1 put
// together in front of it: there the size in every fragment's header is that of
// the whole access unit, which gortsplib takes for garbage.
type aacReader struct {
	d          *rtpmpeg4audio.Decoder
	sizeLength int
	headerSize int // AU-headers-length and one AU-header, in bytes

	whole []byte // the packet being put together
	want  int
	next  uint16
}

func newAACReader(f *format.MPEG4Audio) (*aacReader, error) {
	d, err := f.CreateDecoder()
	if err != nil {
		return nil, err
	}
	return &aacReader{d: d, sizeLength: f.SizeLength, headerSize: 2 + (f.SizeLength+f.IndexLength+7)/8}, nil
}

func (r *aacReader) Read(p *rtp.Packet) ([][]byte, error) {
	size, is := r.fragment(p.Payload)
	if !is {
		r.whole = nil
		units, err := r.d.Decode(p)
		if errors.Is(err, rtpmpeg4audio.ErrMorePacketsNeeded) {
			return nil, errIncomplete // fragments as gortsplib writes them
		}
		return dropEmpty(units), err
	}
	if r.whole == nil || p.SequenceNumber != r.next || size != r.want {
		r.whole = append([]byte(nil), p.Payload[:r.headerSize]...)
		r.want = size
	}
	r.next = p.SequenceNumber + 1
	r.whole = append(r.whole, p.Payload[r.headerSize:]...)
	if len(r.whole) < r.headerSize+size {
		return nil, errIncomplete
	}
	whole := *p
	whole.Marker = true
	whole.Payload, r.whole = r.whole, nil
	units, err := r.d.Decode(&whole)
	return dropEmpty(units), err
}

// fragment tells whether a payload holds one AU-header whose access unit is longer
// than the payload, and how long it is.
func (r *aacReader) fragment(b []byte) (size int, is bool) {
	if len(b) <= r.headerSize || len(b) < 4 || r.sizeLength > 16 {
		return 0, false
	}
	bitsLen := int(b[0])<<8 | int(b[1])
	if bitsLen == 0 || 2+(bitsLen+7)/8 != r.headerSize {
		return 0, false
	}
	size = (int(b[2])<<8 | int(b[3])) >> (16 - r.sizeLength)
	return size, size > len(b)-r.headerSize
}

func dropEmpty(units [][]byte) [][]byte {
	kept := units[:0]
	for _, u := range units {
		if len(u) > 0 {
			kept = append(kept, u)
		}
	}
	return kept
}
