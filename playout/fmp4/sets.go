package fmp4

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4"
)

// unit says what a NAL unit is to us.
type unit uint8

const (
	unitOther unit = iota
	unitVPS
	unitSPS
	unitPPS
	unitDelimiter
	unitEntry // a slice of an IDR or IRAP picture
)

// maxSet bounds a parameter set, in bytes; real ones are below 200, and the box has
// 16 bits for the length.
const maxSet = 4096

// sets are the parameter sets of the last key frame. A box has room for one of
// each; what a stream has more of stays in the samples.
type sets struct {
	h265          bool
	vps, sps, pps []byte
	inband        bool // there is more than one of a kind, so samples hold some

	width, height int    // by the SPS
	described     string // RFC 6381's name of it
}

// kind looks at a NAL unit's header.
func (s *sets) kind(u []byte) unit {
	if s.h265 {
		switch t := h265.NALUType(u[0] >> 1 & 0x3f); {
		case t == h265.NALUType_VPS_NUT:
			return unitVPS
		case t == h265.NALUType_SPS_NUT:
			return unitSPS
		case t == h265.NALUType_PPS_NUT:
			return unitPPS
		case t == h265.NALUType_AUD_NUT:
			return unitDelimiter
		case t >= h265.NALUType_BLA_W_LP && t <= h265.NALUType_CRA_NUT:
			return unitEntry
		}
		return unitOther
	}
	switch h264.NALUType(u[0] & 0x1f) { //nolint:exhaustive // the others are not ours to know
	case h264.NALUTypeSPS:
		return unitSPS
	case h264.NALUTypePPS:
		return unitPPS
	case h264.NALUTypeAccessUnitDelimiter:
		return unitDelimiter
	case h264.NALUTypeIDR:
		return unitEntry
	}
	return unitOther
}

// learn takes the first set of each kind out of a key frame, and tells whether
// something has changed.
func (s *sets) learn(units [][]byte) (changed bool) {
	var seen [unitEntry + 1]bool
	for _, u := range units {
		k := s.kind(u)
		if s.h265 && !s.inband && seen[k] && k != unitOther && s.further(k, u) {
			s.inband, changed = true, true
			s.read()
		}
		if seen[k] || len(u) > maxSet {
			continue
		}
		seen[k] = true
		switch k {
		case unitVPS:
			changed = renew(&s.vps, u) || changed
		case unitSPS:
			if renew(&s.sps, u) {
				changed = true
				s.read()
			}
		case unitPPS:
			changed = renew(&s.pps, u) || changed
		case unitOther, unitDelimiter, unitEntry:
		}
	}
	return changed
}

// further tells whether a set is another one than the first of its kind.
func (s *sets) further(k unit, u []byte) bool {
	switch k {
	case unitVPS:
		return !bytes.Equal(u, s.vps)
	case unitSPS:
		return !bytes.Equal(u, s.sps)
	case unitPPS:
		return !bytes.Equal(u, s.pps)
	case unitOther, unitDelimiter, unitEntry:
	}
	return false
}

// renew copies a set that is another one: a packet is not to be kept for it.
func renew(set *[]byte, u []byte) (changed bool) {
	if bytes.Equal(*set, u) {
		return false
	}
	*set = slices.Clone(u)
	return true
}

// complete tells whether an init segment can be made.
func (s *sets) complete() bool {
	return s.described != "" && len(s.pps) > 0 && (len(s.vps) > 0 || !s.h265)
}

// read parses the SPS; one that cannot be read leaves nothing behind.
func (s *sets) read() {
	s.described, s.width, s.height = "", 0, 0
	if s.h265 {
		s.readH265()
		return
	}
	var sps h264.SPS
	if err := sps.Unmarshal(s.sps); err != nil {
		return
	}
	s.width, s.height = sps.Width(), sps.Height()
	// RFC 6381 §3.3: profile_idc, constraint flags and level_idc.
	s.described = fmt.Sprintf("avc1.%02x%02x%02x", s.sps[1], s.sps[2], s.sps[3])
}

func (s *sets) readH265() {
	var sps h265.SPS
	if err := sps.Unmarshal(s.sps); err != nil {
		return
	}
	s.width, s.height = sps.Width(), sps.Height()
	s.described = "hvc1." + nameH265(&sps.ProfileTierLevel)
	if s.inband {
		s.described = "hev1." + nameH265(&sps.ProfileTierLevel)
	}
}

// nameH265 is what ISO/IEC 14496-15 annex E.3 has behind hvc1 or hev1: profile space and profile, compatibility
// flags with the bits reversed, tier and level, constraint flags as bytes.
func nameH265(p *h265.SPS_ProfileTierLevel) string {
	var b strings.Builder
	if p.GeneralProfileSpace > 0 {
		b.WriteByte('A' + p.GeneralProfileSpace - 1)
	}
	compatible := uint32(0)
	for i, set := range p.GeneralProfileCompatibilityFlag {
		if set {
			compatible |= 1 << (31 - i)
		}
	}
	tier := byte('L')
	if p.GeneralTierFlag > 0 {
		tier = 'H'
	}
	fmt.Fprintf(&b, "%d.%X.%c%d", p.GeneralProfileIdc, bits.Reverse32(compatible), tier, p.GeneralLevelIdc)
	first, second := constraints(p)
	if first != 0 || second != 0 {
		fmt.Fprintf(&b, ".%X", first)
	}
	if second != 0 {
		fmt.Fprintf(&b, ".%X", second)
	}
	return b.String()
}

// constraints are the first two bytes of the constraint flags; browsers look no
// further, and mediacommon reads no further.
func constraints(p *h265.SPS_ProfileTierLevel) (first, second byte) {
	for i, set := range [...]bool{
		p.GeneralProgressiveSourceFlag, p.GeneralInterlacedSourceFlag,
		p.GeneralNonPackedConstraintFlag, p.GeneralFrameOnlyConstraintFlag,
		p.GeneralMax12bitConstraintFlag, p.GeneralMax10bitConstraintFlag,
		p.GeneralMax8bitConstraintFlag, p.GeneralMax422ChromeConstraintFlag,
	} {
		if set {
			first |= 0x80 >> i
		}
	}
	for i, set := range [...]bool{
		p.GeneralMax420ChromaConstraintFlag, p.GeneralMaxMonochromeConstraintFlag,
		p.GeneralIntraConstraintFlag, p.GeneralOnePictureOnlyConstraintFlag,
		p.GeneralLowerBitRateConstraintFlag, p.GeneralMax14BitConstraintFlag,
	} {
		if set {
			second |= 0x80 >> i
		}
	}
	return first, second
}

// codec is what mediacommon writes boxes of.
func (s *sets) codec() mp4.Codec {
	if s.h265 {
		return &mp4.CodecH265{VPS: s.vps, SPS: s.sps, PPS: s.pps}
	}
	return &mp4.CodecH264{SPS: s.sps, PPS: s.pps}
}

// without leaves out what the init segment has, and delimiters: avc1 samples hold
// neither (ISO/IEC 14496-15 §5.4.2). A further PPS stays; decoders take it there.
func (s *sets) without(units [][]byte) [][]byte {
	kept := make([][]byte, 0, len(units))
	for _, u := range units {
		switch s.kind(u) {
		case unitDelimiter, unitVPS, unitSPS:
			continue
		case unitPPS:
			if bytes.Equal(u, s.pps) {
				continue
			}
		case unitOther, unitEntry:
		}
		kept = append(kept, u)
	}
	return kept
}
