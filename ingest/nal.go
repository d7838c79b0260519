package ingest

import "github.com/classrelay/classrelay/media"

// unitKind is what the assembler has to know of a NAL unit.
type unitKind uint8

const (
	unitOther    unitKind = iota // SEI, end of sequence, filler and so on
	unitSlice                    // of a picture that refers to others
	unitKeySlice                 // of a random access picture
	unitLeading                  // of an H.265 picture that refers to what is before its key frame
	unitVPS
	unitSPS
	unitPPS
	unitAUD      // access unit delimiter
	unitRecovery // H.264 recovery point SEI: decoding may begin here
	unitStray    // a type that RTP cannot carry and decoders skip
	unitBroken   // forbidden bit set, or cut short
)

func (k unitKind) isSlice() bool { return k == unitSlice || k == unitKeySlice || k == unitLeading }

// kindOf looks at the header of a NAL unit.
func kindOf(codec media.Codec, u []byte) unitKind {
	const forbidden = 0x80
	if len(u) == 0 || u[0]&forbidden != 0 {
		return unitBroken
	}
	if codec == media.H265 {
		return kindOfH265(u)
	}
	return kindOfH264(u)
}

// kindOfH264: ISO/IEC 14496-10 table 7-1. Types 24 to 31 mean packets in RFC 6184.
func kindOfH264(u []byte) unitKind {
	const recoveryPoint = 6 // payload type of the SEI message, clause D.1.8
	switch typ := u[0] & 0x1f; {
	case typ == 0 || typ >= 24:
		return unitStray
	case len(u) < 2:
		return kindOfTinyH264(typ)
	case typ == 5:
		return unitKeySlice
	case typ <= 4:
		return unitSlice
	case typ == 6 && u[1] == recoveryPoint:
		return unitRecovery
	case typ == 7:
		return unitSPS
	case typ == 8:
		return unitPPS
	case typ == 9:
		return unitAUD
	}
	return unitOther
}

// kindOfTinyH264: only an end of sequence or of stream is one byte long.
func kindOfTinyH264(typ byte) unitKind {
	if typ == 10 || typ == 11 {
		return unitOther
	}
	return unitBroken
}

// kindOfH265: ISO/IEC 23008-2 table 7-1. Types 48 and up mean packets in RFC 7798.
func kindOfH265(u []byte) unitKind {
	if len(u) < 2 {
		return unitBroken
	}
	switch typ := u[0] >> 1 & 0x3f; {
	case typ >= 48:
		return unitStray
	case typ >= 16 && typ <= 21:
		return unitKeySlice
	case typ == 8 || typ == 9:
		return unitLeading
	case typ < 32:
		return unitSlice
	case typ == 32:
		return unitVPS
	case typ == 33:
		return unitSPS
	case typ == 34:
		return unitPPS
	case typ == 35:
		return unitAUD
	}
	return unitOther
}

// startsPicture tells whether a slice is the first of its picture: first_mb_in_slice
// is 0 (H.264 clause 7.3.3), first_slice_segment_in_pic_flag is set (H.265
// clause 7.3.6.1). Both are the first bit behind the header.
func startsPicture(codec media.Codec, slice []byte) bool {
	n := headerSize(codec)
	return len(slice) > n && slice[n]&0x80 != 0
}

func headerSize(codec media.Codec) int {
	if codec == media.H265 {
		return 2
	}
	return 1
}

// fragmentHeader rebuilds the header of the unit that a fragment belongs to.
func fragmentHeader(codec media.Codec, payload []byte) []byte {
	if codec == media.H265 {
		return []byte{payload[0]&0x81 | payload[2]&0x3f<<1, payload[1]}
	}
	return []byte{payload[0]&0xe0 | payload[1]&0x1f, 0}
}

// isDisposable tells whether no picture refers to the one of this slice.
func isDisposable(codec media.Codec, slice []byte) bool {
	if codec == media.H265 {
		typ := slice[0] >> 1 & 0x3f
		return typ < 15 && typ%2 == 0
	}
	return slice[0]&0x60 == 0
}

// fragment tells whether an RTP payload is a fragment of a NAL unit (FU-A, RFC 6184
// §5.8; FU, RFC 7798 §4.4.3), and whether it is the first.
func fragment(codec media.Codec, payload []byte) (is, first bool) {
	n := headerSize(codec)
	if len(payload) <= n {
		return false, false
	}
	if codec == media.H265 {
		is = payload[0]>>1&0x3f == 49
	} else {
		is = payload[0]&0x1f == 28
	}
	return is, is && payload[n]&0x80 != 0
}
