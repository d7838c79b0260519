package fmp4

import (
	"bytes"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4"
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
		{"1.6.L93", h265.SPS_ProfileTierLevel{GeneralProfileIdc: 1, GeneralLevelIdc: 93, GeneralProfileCompatibilityFlag: all}},
		{"2.4.H153.B0", h265.SPS_ProfileTierLevel{
			GeneralProfileIdc: 2, GeneralLevelIdc: 153, GeneralTierFlag: 1, GeneralProfileCompatibilityFlag: main10,
			GeneralProgressiveSourceFlag: true, GeneralNonPackedConstraintFlag: true, GeneralFrameOnlyConstraintFlag: true,
		}},
		{"A4.0.L30.0.80", h265.SPS_ProfileTierLevel{
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

func TestH265IsHvc1WhereAllParameterSetsAreInTheInitSegment(t *testing.T) {
	r := newRig(t, h265Track, nil)
	r.m.PictureReport(ms(0), videoStamp(0))
	key := h265Key()
	r.accessH265(0, append(key, key[2])) // the same PPS twice is no further one
	if got := r.starts[0].MIME; got != `video/mp4; codecs="hvc1.1.6.L93.90"` {
		t.Errorf("start %s", got)
	}
	config := r.inits[0].Tracks[0].Codec.(*mp4.CodecH265)
	if !bytes.Equal(config.VPS, h265VPS()) || !bytes.Equal(config.SPS, h265SPS()) || !bytes.Equal(config.PPS, key[2]) {
		t.Errorf("parameter sets %+v", config)
	}
	if !bytes.Contains(r.raw[0], []byte("hvc1")) || bytes.Contains(r.raw[0], []byte("hev1")) {
		t.Error("the box is hev1")
	}
	for _, set := range [][]byte{h265VPS(), h265SPS(), key[2]} {
		i := bytes.Index(r.raw[0], set)
		if typ := set[0] >> 1 & 0x3f; r.raw[0][i-5] != 0x80|typ { // array_completeness and NAL_unit_type
			t.Errorf("the array of type %d begins with %x", typ, r.raw[0][i-5])
		}
	}
	// A second PPS: from here on samples hold one.
	second := append([]byte{}, key[2]...)
	second[3]++
	r.accessH265(40, [][]byte{key[0], key[1], key[2], second, key[3]})
	if n := len(r.starts); n != 2 || r.starts[1].MIME != `video/mp4; codecs="hev1.1.6.L93.90"` {
		t.Fatalf("starts %+v", r.starts)
	}
	if !bytes.Contains(r.raw[1], []byte("hev1")) {
		t.Error("the box is hvc1")
	}
	if samples := r.track(pictureID).payloads; !bytes.Contains(samples[1], second) {
		t.Errorf("the sample is %x", samples[1])
	}
}
