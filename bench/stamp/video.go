package stamp

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/classrelay/classrelay/media"
)

// Append returns the access unit with the stamp in front of its first slice,
// where both H.264 (7.4.1.2.3) and H.265 (7.4.2.4.4) want an SEI message. It
// fills in s.CRC. The NAL units themselves are shared, not copied.
func Append(codec media.Codec, au [][]byte, s Stamp) [][]byte {
	s.CRC = sum(codec, au, &s)
	at := 0
	for at < len(au) && !isSlice(codec, au[at]) {
		at++
	}
	out := make([][]byte, 0, len(au)+1)
	out = append(out, au[:at]...)
	out = append(out, appendSEI(nil, codec, &s))
	return append(out, au[at:]...)
}

// Parse finds the stamp in an access unit. It says nothing about the rest of it.
func Parse(codec media.Codec, au [][]byte) (Stamp, error) {
	for _, nal := range au {
		if body, ok := seiBody(codec, nal); ok {
			return parse(body)
		}
	}
	return Stamp{}, ErrNone
}

// Verify finds the stamp in an access unit and checks that the unit is whole and
// has exactly one stamp. When the error is ErrBroken the
// Stamp may be what is broken.
func Verify(codec media.Codec, au [][]byte) (Stamp, error) {
	s, err := Parse(codec, au)
	if err != nil {
		return s, err
	}
	stamps := 0
	for _, nal := range au {
		if _, ok := seiBody(codec, nal); ok {
			stamps++
		}
	}
	if stamps > 1 {
		return s, fmt.Errorf("%w: %d stamps in one access unit", ErrBroken, stamps)
	}
	if got := sum(codec, au, &s); got != s.CRC {
		return s, fmt.Errorf("%w %d: checksum %08x, stamped %08x", ErrBroken, s.Number, got, s.CRC)
	}
	return s, nil
}

// sum is a CRC-32C over what the stamp says and over the slices, each behind its
// length so that they cannot be split or joined unnoticed.
func sum(codec media.Codec, au [][]byte, s *Stamp) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	said := s.appendTo(make([]byte, 0, size))
	crc := crc32.Update(0, table, said[:size-4])
	var length [4]byte
	for _, nal := range au {
		if !isSlice(codec, nal) {
			continue
		}
		binary.BigEndian.PutUint32(length[:], uint32(len(nal)))
		crc = crc32.Update(crc, table, length[:])
		crc = crc32.Update(crc, table, nal)
	}
	return crc
}

// isSlice tells whether the NAL unit is a part of the picture: H.264 types 1 to
// 5 (table 7-1), H.265 types 0 to 31 (table 7-1).
func isSlice(codec media.Codec, nal []byte) bool {
	if len(nal) == 0 {
		return false
	}
	if codec == media.H265 {
		return nal[0]>>1&0x3f < 32
	}
	typ := nal[0] & 0x1f
	return typ >= 1 && typ <= 5
}
