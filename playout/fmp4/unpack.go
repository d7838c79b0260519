package fmp4

import (
	"errors"
	"fmt"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// unpacker takes NAL units or units of sound out of packets that come in order. ok:
// the packet was the last of an access unit. Units are never empty, and shared with
// the packets where those hold them whole.
type unpacker interface {
	next(p *rtp.Packet) (units [][]byte, ok bool, err error)
}

func newVideoUnpacker(c media.Codec) (unpacker, error) {
	switch c {
	case media.H264:
		d := &rtph264.Decoder{PacketizationMode: 1}
		if err := d.Init(); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", c, err)
		}
		return &videoUnpacker{d.Decode, rtph264.ErrMorePacketsNeeded, 1}, nil
	case media.H265:
		d := &rtph265.Decoder{}
		if err := d.Init(); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", c, err)
		}
		return &videoUnpacker{d.Decode, rtph265.ErrMorePacketsNeeded, 2}, nil
	case media.AAC, media.Opus, media.G711:
	}
	return nil, fmt.Errorf("%s is not a picture: %w", c, ErrCodec)
}

// videoUnpacker is gortsplib's for H.264 (RFC 6184) or H.265 (RFC 7798). The frames
// that a Splicer hands on end with the marker.
type videoUnpacker struct {
	decode func(*rtp.Packet) ([][]byte, error)
	more   error // not an error
	header int   // bytes of a NAL unit's header
}

func (u *videoUnpacker) next(p *rtp.Packet) ([][]byte, bool, error) {
	all, err := u.decode(p)
	if errors.Is(err, u.more) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	units := all[:0]
	for _, n := range all {
		if len(n) > u.header {
			units = append(units, n)
		}
	}
	return units, len(units) > 0, nil
}

// opusUnpacker: one packet is one unit (RFC 7587 §4.2).
type opusUnpacker struct{}

func (opusUnpacker) next(p *rtp.Packet) ([][]byte, bool, error) {
	return [][]byte{p.Payload}, len(p.Payload) > 0, nil
}

// The AAC-hbr mode as ingest makes it: headers of 16 bits (RFC 3640 §3.3.6).
const (
	auHeader = 2 // bytes
	auIndex  = 3 // bits of a header that are not the size
)

// errUnits is about a payload that is not AAC-hbr.
var errUnits = errors.New("not AAC-hbr")

// aacUnpacker takes AAC units out of packets of AAC-hbr. A unit in several packets
// states its whole size in each of them (RFC 3640 §3.2.1.1), which gortsplib's decoder
// does not know.
type aacUnpacker struct {
	part []byte // of a unit in several packets
	want int    // its size
	seq  uint16 // the packet it goes on in
}

func (u *aacUnpacker) next(p *rtp.Packet) ([][]byte, bool, error) {
	sizes, data, err := auHeaders(p.Payload)
	if err != nil {
		u.part = nil
		return nil, false, err
	}
	if len(sizes) == 1 && sizes[0] > len(data) {
		return u.fragment(p.SequenceNumber, sizes[0], data)
	}
	u.part = nil
	units := make([][]byte, 0, len(sizes))
	for _, n := range sizes {
		if n > len(data) {
			return nil, false, fmt.Errorf("%w: a unit of %d bytes, %d are there", errUnits, n, len(data))
		}
		if n > 0 {
			units = append(units, data[:n:n])
		}
		data = data[n:]
	}
	return units, len(units) > 0, nil
}

// auHeaders reads the AU-header section (RFC 3640 §3.2.1).
func auHeaders(b []byte) (sizes []int, data []byte, err error) {
	if len(b) < 2 {
		return nil, nil, fmt.Errorf("%w: %d bytes", errUnits, len(b))
	}
	bits := int(b[0])<<8 | int(b[1])
	n := bits / (8 * auHeader)
	b = b[2:]
	if bits%(8*auHeader) != 0 || n == 0 || n*auHeader > len(b) {
		return nil, nil, fmt.Errorf("%w: %d bits of headers in %d bytes", errUnits, bits, len(b))
	}
	for i := range n {
		sizes = append(sizes, (int(b[auHeader*i])<<8|int(b[auHeader*i+1]))>>auIndex)
	}
	return sizes, b[n*auHeader:], nil
}

// fragment adds a part of a unit.
func (u *aacUnpacker) fragment(seq uint16, size int, data []byte) ([][]byte, bool, error) {
	if u.part == nil || seq != u.seq || size != u.want {
		u.part, u.want = make([]byte, 0, size), size
	}
	u.part, u.seq = append(u.part, data...), seq+1
	switch {
	case len(u.part) < size:
		return nil, false, nil
	case len(u.part) > size:
		u.part = nil
		return nil, false, fmt.Errorf("%w: more than the %d bytes of the unit", errUnits, size)
	}
	whole := u.part
	u.part = nil
	return [][]byte{whole}, true, nil
}
