package camera

import (
	"bytes"
	"errors"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/classrelay/classrelay/media"
)

func TestEmbeddedClipLoopsWithoutASeam(t *testing.T) {
	c, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if c.Len() != 200 || len(clipMain)+len(clipSub) > 3<<20 {
		t.Errorf("%d pictures in %d bytes", c.Len(), len(clipMain)+len(clipSub))
	}
	sizes := map[media.Layer][2]int{media.LayerMain: {1920, 1080}, media.LayerSub: {640, 360}}
	for layer, size := range sizes {
		var sps h264.SPS
		if err := sps.Unmarshal(c.ParameterSets(layer)[0]); err != nil {
			t.Fatal(err)
		}
		if sps.Width() != size[0] || sps.Height() != size[1] || sps.FPS() != 25 {
			t.Errorf("%s: %dx%d at %v", layer, sps.Width(), sps.Height(), sps.FPS())
		}
		for i := range uint64(2 * c.Len()) {
			p := c.Picture(layer, i)
			if p.GOP != int(i%50) || p.Key != (i%50 == 0) {
				t.Fatalf("%s: picture %d is at %d of its group, key %v", layer, i, p.GOP, p.Key)
			}
			if p.Key && len(p.NALs) != 3 {
				t.Errorf("%s: key picture %d has %d NAL units, want SPS, PPS and slice", layer, i, len(p.NALs))
			}
		}
	}
}

func TestClipRefusesWhatItCannotLoop(t *testing.T) {
	whole := []byte("\x00\x00\x01\x67sps\x00\x00\x01\x68pps\x00\x00\x01\x65idr\x00\x00\x01\x41p")
	cases := map[string][2][]byte{
		"nothing":                       {nil, whole},
		"no parameter sets":             {whole[14:], whole},
		"begins with a delta picture":   {bytes.Replace(whole, []byte("\x65"), []byte("\x41"), 1), whole},
		"sub has a picture less":        {whole, whole[:len(whole)-5]},
		"parameter sets and no picture": {whole[:14], whole},
	}
	for name, c := range cases {
		if _, err := NewClip(c[0], c[1]); !errors.Is(err, ErrClip) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewClip(whole, whole); err != nil {
		t.Errorf("a whole clip: %v", err)
	}
}

func TestSplitAnnexBTakesBothStartCodes(t *testing.T) {
	got := splitAnnexB([]byte("\x09junk\x00\x00\x00\x01\x67a\x00\x00\x01\x68\x00\x00\x03b\x00\x00\x00\x00\x01\x00\x00\x01\x65c\x00\x00"))
	want := []string{"\x67a", "\x68\x00\x00\x03b", "\x65c"}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if string(got[i]) != want[i] {
			t.Errorf("unit %d is %q, want %q", i, got[i], want[i])
		}
	}
}

func FuzzSplitAnnexB(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x67a\x00\x00\x01\x68b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		nals := splitAnnexB(b)
		for _, nal := range nals {
			if len(nal) == 0 || bytes.Contains(nal, []byte{0, 0, 1}) || nal[len(nal)-1] == 0 {
				t.Fatalf("unit %q", nal)
			}
		}
		again := splitAnnexB(append([]byte{0, 0, 1}, bytes.Join(nals, []byte{0, 0, 1})...))
		if len(again) != len(nals) {
			t.Fatalf("%d units, and %d when joined and split again", len(nals), len(again))
		}
		for _, p := range groupPictures(nals) {
			if len(p.NALs) == 0 {
				t.Fatal("a picture without a NAL unit")
			}
		}
	})
}
