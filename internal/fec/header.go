package fec

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Limits of the code and of its header.
const (
	// MaxPackets is the most packets that one row covers. With 128 places for
	// packets and 128 for rows in GF(256) it could be 128; at 96 a loss of the
	// whole block costs the solver well under a millisecond.
	MaxPackets = 96
	// MaxRows is the most rows that one cover can have, ever.
	MaxRows = 128
	// MaxStride is the most blocks that one frame is split into; with MaxPackets
	// that is a frame of 1,536 packets or 2 MB.
	MaxStride = 16
	// HeaderSize is the length of the header of a repair packet in bytes.
	HeaderSize = 6

	version = 1
)

// Type says why a row was sent.
type Type uint8

// The types of row.
const (
	Proactive Type = iota // sent with the frame, before any loss is known
	OnDemand              // answers a request
	Probe                 // sent to fill the link, useful all the same
	Window                // proactive, over several frames
)

// Header describes one row.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---+---+-------+-------------------------------+-+-------------+
//	|V=1| T |Str.-1 |   base sequence number        |L|      K      |
//	+-+-+---+-------+---------------+---------------+-+-------------+
//	|0|     row     |     check     |  body …
//	+-+-------------+---------------+
type Header struct {
	Type   Type
	Stride uint8  // distance of neighbouring packets, 1 to MaxStride
	Base   uint16 // sequence number of the first packet covered
	K      uint8  // packets covered, 1 to MaxPackets
	Row    uint8  // which row of the matrix, below MaxRows
	Last   bool   // no more rows follow now: of this frame, or of this answer
	Check  uint8  // SSRC of the packets, folded by Check
}

// ErrHeader is wrapped by the errors of Parse.
var ErrHeader = errors.New("not a repair packet")

// Check folds an SSRC into the byte that ties a row to its source: rows that are
// still on the way when a source starts anew with another SSRC must not mix with
// the new packets.
func Check(ssrc uint32) uint8 {
	// A multiplicative hash: SSRCs that differ in one bit differ here too.
	return uint8(ssrc * 0x9e3779b1 >> 24)
}

// Append appends the header in wire format.
func (h *Header) Append(b []byte) []byte {
	b = append(b, version<<6|byte(h.Type&3)<<4|(h.Stride-1)&0x0f)
	b = binary.BigEndian.AppendUint16(b, h.Base)
	return append(b, flag(h.Last)|h.K, h.Row, h.Check)
}

func flag(on bool) byte {
	if on {
		return 0x80
	}
	return 0
}

// Parse reads a repair packet. The body is the rest of b, not a copy. Whatever
// the bytes are, it never panics, and a row without error is within all limits.
func Parse(b []byte) (h Header, body []byte, err error) {
	if len(b) <= HeaderSize+prefixSize {
		return h, nil, fmt.Errorf("%w: %d bytes are too few", ErrHeader, len(b))
	}
	if v := b[0] >> 6; v != version {
		return h, nil, fmt.Errorf("%w: version %d", ErrHeader, v)
	}
	h = Header{
		Type:   Type(b[0] >> 4 & 3),
		Stride: b[0]&0x0f + 1,
		Base:   binary.BigEndian.Uint16(b[1:]),
		K:      b[3] & 0x7f,
		Row:    b[4] & (MaxRows - 1),
		Last:   b[3]&0x80 != 0,
		Check:  b[5],
	}
	if h.K == 0 || h.K > MaxPackets {
		return h, nil, fmt.Errorf("%w: it covers %d packets, not 1 to %d", ErrHeader, h.K, MaxPackets)
	}
	return h, b[HeaderSize:], nil
}

// Seq is the sequence number of packet i of the cover.
func (h *Header) Seq(i int) uint16 { return h.Base + uint16(i)*uint16(h.Stride) }

// Index is the place of a sequence number in the cover, −1 if it is not in it.
func (h *Header) Index(seq uint16) int {
	d := int(seq - h.Base)
	i := d / int(h.Stride)
	if d%int(h.Stride) != 0 || i >= int(h.K) {
		return -1
	}
	return i
}
