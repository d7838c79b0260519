package ingest

import (
	"bytes"
	"slices"

	"github.com/classrelay/classrelay/media"
)

// Bounds on what one camera can make us keep: real sets are below 200 bytes, and
// cameras use one or two picture parameter sets.
const (
	maxParamSize = 4096
	maxPPS       = 16
)

// paramSets are the parameter sets of one video track, from the SDP or from in
// band. A core with one owner; the sets themselves are never written to.
type paramSets struct {
	codec media.Codec
	vps   []byte // H.265 only
	sps   []byte
	pps   [][]byte
	ids   []uint32 // pic_parameter_set_id of each pps
}

// learn takes the sets out of an access unit.
func (s *paramSets) learn(units [][]byte) {
	for _, u := range units {
		if len(u) > maxParamSize {
			continue
		}
		switch k := kindOf(s.codec, u); {
		case k == unitVPS:
			s.vps = u
		case k == unitSPS && !bytes.Equal(u, s.sps):
			s.sps = u
			s.pps, s.ids = nil, nil // they belonged to the old one; the new come behind
		case k == unitPPS:
			s.learnPPS(u)
		}
	}
}

func (s *paramSets) learnPPS(u []byte) {
	id, ok := expGolomb(u[headerSize(s.codec):])
	if !ok {
		return
	}
	if i := slices.Index(s.ids, id); i >= 0 {
		s.pps[i] = u
		return
	}
	if len(s.pps) < maxPPS {
		s.pps, s.ids = append(s.pps, u), append(s.ids, id)
	}
}

// complete tells whether a decoder could start.
func (s *paramSets) complete() bool {
	return s.sps != nil && len(s.pps) > 0 && (s.codec != media.H265 || s.vps != nil)
}

// insert puts the sets that a key frame lacks in front of it: behind the access
// unit delimiter, in the order VPS, SPS, PPS. It returns units itself when nothing
// is missing, else a new slice; the units stay as they are, in their order.
func (s *paramSets) insert(units [][]byte) (out [][]byte, added bool) {
	has := [unitBroken + 1]bool{}
	for _, u := range units {
		has[kindOf(s.codec, u)] = true
	}
	if has[unitSPS] && has[unitPPS] && (has[unitVPS] || s.codec != media.H265) {
		return units, false
	}
	out = make([][]byte, 0, len(units)+2+len(s.pps))
	i := 0
	pass := func(k unitKind) { // up to and with the last unit of kind k
		for j := len(units) - 1; j >= i; j-- {
			if kindOf(s.codec, units[j]) == k {
				out = append(out, units[i:j+1]...)
				i = j + 1
				return
			}
		}
	}
	pass(unitAUD)
	switch {
	case s.codec != media.H265:
	case has[unitVPS]:
		pass(unitVPS)
	default:
		out = append(out, s.vps)
	}
	if has[unitSPS] {
		pass(unitSPS)
	} else {
		out = append(out, s.sps)
	}
	if !has[unitPPS] {
		out = append(out, s.pps...)
	}
	return append(out, units[i:]...), true
}

// expGolomb reads an ue(v) (ISO/IEC 14496-10 clause 9.1) of up to 16 bits.
func expGolomb(b []byte) (v uint32, ok bool) {
	bit := func(i int) uint32 { return uint32(b[i/8]>>(7-i%8)) & 1 }
	zeros, n := 0, len(b)*8
	for zeros < n && bit(zeros) == 0 {
		zeros++
	}
	if zeros > 16 || 2*zeros+1 > n {
		return 0, false
	}
	for i := zeros; i <= 2*zeros; i++ {
		v = v<<1 | bit(i)
	}
	return v - 1, true
}

func (s *paramSets) firstPPS() []byte {
	if len(s.pps) == 0 {
		return nil
	}
	return s.pps[0]
}
