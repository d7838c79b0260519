package fmp4

import (
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// h265Key is a key frame of 320×180, Main profile, level 3.1: real parameter sets and a
// slice that says nothing.
func h265Key() [][]byte {
	return [][]byte{h265VPS(), h265SPS(), {0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40}, {0x28, 0x01, 0xaf, 0x01, 0x02, 0x03}}
}

func TestTheNameOfH265SaysProfileTierLevelAndConstraints(t *testing.T) {
	all := [32]bool{}
	all[1], all[2] = true, true
	var main10 [32]bool
	main10[2] = true
	for _, c := range []struct {
		want string
		p    h265.SPS_ProfileTierLevel
	}{
		{"hev1.1.6.L93", h265.SPS_ProfileTierLevel{GeneralProfileIdc: 1, GeneralLevelIdc: 93, GeneralProfileCompatibilityFlag: all}},
		{"hev1.2.4.H153.B0", h265.SPS_ProfileTierLevel{
			GeneralProfileIdc: 2, GeneralLevelIdc: 153, GeneralTierFlag: 1, GeneralProfileCompatibilityFlag: main10,
			GeneralProgressiveSourceFlag: true, GeneralNonPackedConstraintFlag: true, GeneralFrameOnlyConstraintFlag: true,
		}},
		{"hev1.A4.0.L30.0.80", h265.SPS_ProfileTierLevel{
			GeneralProfileSpace: 1, GeneralProfileIdc: 4, GeneralLevelIdc: 30, GeneralMax420ChromaConstraintFlag: true,
		}},
	} {
		if got := nameH265(&c.p); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func h265VPS() []byte {
	return []byte{
		0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03,
		0x00, 0x00, 0x03, 0x00, 0x5d, 0x95, 0x98, 0x09,
	}
}

func h265SPS() []byte {
	return []byte{
		0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03,
		0x00, 0x5d, 0xa0, 0x0a, 0x08, 0x0b, 0x9f, 0x79, 0x65, 0x66, 0x92, 0x4c, 0xaf, 0x01, 0x68, 0x08,
		0x00, 0x00, 0x03, 0x00, 0x08, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x40,
	}
}
