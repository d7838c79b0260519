package camera

import (
	"bytes"
	"math"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"github.com/classrelay/classrelay/media"
)

func TestSyntheticParameterSetsSayTheSizeOfThePicture(t *testing.T) {
	want := map[media.Layer][2]int{media.LayerMain: {1920, 1080}, media.LayerSub: {640, 360}}
	for layer, size := range want {
		var sps4 h264.SPS
		sets := (&Synthetic{}).ParameterSets(layer)
		if err := sps4.Unmarshal(sets[0]); err != nil || len(sets) != 2 {
			t.Fatalf("H.264 %s: %d sets, %v", layer, len(sets), err)
		}
		var sps5 h265.SPS
		sets = (&Synthetic{Encoding: media.H265}).ParameterSets(layer)
		if err := sps5.Unmarshal(sets[1]); err != nil || len(sets) != 3 {
			t.Fatalf("H.265 %s: %d sets, %v", layer, len(sets), err)
		}
		got4, got5 := [2]int{sps4.Width(), sps4.Height()}, [2]int{sps5.Width(), sps5.Height()}
		if got4 != size || got5 != size {
			t.Errorf("%s: H.264 says %v, H.265 %v, want %v", layer, got4, got5, size)
		}
	}
}

func TestSyntheticKeepsItsRateAndKeyFactor(t *testing.T) {
	for name, s := range map[string]*Synthetic{
		"as it comes":   {},
		"with noise":    {Noise: 0.2, Seed: 3},
		"8 Mbit/s H265": {Encoding: media.H265, MainRate: 8_000_000, KeyFactor: 12, GOPLength: 25},
	} {
		const pictures = 1000
		total, keys, key, delta := 0, 0, 0, 0
		for i := range uint64(pictures) {
			p := s.Picture(media.LayerMain, i)
			size := len(bytes.Join(p.NALs, nil))
			total += size
			if p.Key {
				keys++
				key += size
			} else {
				delta += size
			}
			if p.Key != (p.GOP == 0) || p.GOP != int(i)%s.gopLength() {
				t.Fatalf("%s: picture %d is at %d of its group, key %v", name, i, p.GOP, p.Key)
			}
		}
		rate := float64(total) * 8 / (pictures * FrameInterval.Seconds())
		want := 4e6
		if s.MainRate != 0 {
			want = float64(s.MainRate)
		}
		if math.Abs(rate/want-1) > 0.03 {
			t.Errorf("%s: %.2f Mbit/s, want %.2f", name, rate/1e6, want/1e6)
		}
		factor := float64(key) / float64(keys) / (float64(delta) / float64(pictures-keys))
		if math.Abs(factor/s.keyFactor()-1) > 0.1 {
			t.Errorf("%s: a key picture is %.1f times as large, want %.1f", name, factor, s.keyFactor())
		}
	}
}

func TestSyntheticIsAFunctionOfTheIndexAndHasNoStartCodes(t *testing.T) {
	s := &Synthetic{Noise: 0.2, Seed: 9}
	for _, layer := range []media.Layer{media.LayerMain, media.LayerSub} {
		for i := range uint64(60) {
			a, b := s.Picture(layer, i), s.Picture(layer, i)
			if !bytes.Equal(bytes.Join(a.NALs, nil), bytes.Join(b.NALs, nil)) {
				t.Fatalf("%s: picture %d is not the same twice", layer, i)
			}
			if slice := a.NALs[len(a.NALs)-1]; bytes.IndexByte(slice, 0) >= 0 {
				t.Fatalf("%s: picture %d has a zero byte", layer, i)
			}
		}
	}
}
