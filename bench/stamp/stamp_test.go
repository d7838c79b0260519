package stamp

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

// unit is an access unit of the codec: parameter sets and two slices.
func unit(codec media.Codec) [][]byte {
	if codec == media.H265 {
		return [][]byte{{32 << 1, 1, 9}, {33 << 1, 1, 8}, {34 << 1, 1, 7}, {19 << 1, 1, 1, 2, 3}, {19 << 1, 1, 4}}
	}
	return [][]byte{{0x67, 1}, {0x68, 2}, {0x65, 1, 2, 3}, {0x65, 4, 5, 6}}
}

func same(a, b Stamp) bool {
	return a.Sent.Equal(b.Sent) && a.Number == b.Number && a.Layer == b.Layer && a.Key == b.Key && a.GOP == b.GOP
}

func TestStampComesBackForBothCodecs(t *testing.T) {
	for _, codec := range []media.Codec{media.H264, media.H265} {
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 2000 {
			want := Stamp{
				// Whole seconds and small numbers: runs of zeros, which need escapes.
				Sent:   time.Unix(0, rnd.Int64()>>rnd.IntN(64)&^0xffffff),
				Number: rnd.Uint64() >> rnd.IntN(64),
				Layer:  media.Layer(rnd.IntN(2)),
				Key:    rnd.IntN(2) == 0,
				GOP:    uint16(rnd.IntN(4)),
			}
			au := Append(codec, unit(codec), want)
			got, err := Verify(codec, au)
			if err != nil || !same(got, want) {
				t.Fatalf("%s: %+v came back as %+v, %v", codec, want, got, err)
			}
			for _, nal := range au {
				if bytes.Contains(nal, []byte{0, 0, 0}) || bytes.Contains(nal, []byte{0, 0, 1}) {
					t.Fatalf("%s: a start code inside % x", codec, nal)
				}
			}
		}
	}
}

func TestStampStandsBetweenParameterSetsAndPicture(t *testing.T) {
	au := Append(media.H264, unit(media.H264), Stamp{Sent: time.Unix(1, 0)})
	var types []byte
	for _, nal := range au {
		types = append(types, nal[0]&0x1f)
	}
	if !slices.Equal(types, []byte{7, 8, 6, 5, 5}) {
		t.Errorf("NAL unit types are %v", types)
	}
}

func TestVerifyTellsABrokenFrame(t *testing.T) {
	whole := Append(media.H264, unit(media.H264), Stamp{Number: 5, Sent: time.Unix(1, 0)})
	other := Append(media.H264, [][]byte{{0x41, 9}}, Stamp{Number: 6, Sent: time.Unix(2, 0)})
	flipped := slices.Clone(whole)
	flipped[3] = []byte{0x65, 1, 2, 2}
	cases := map[string]struct {
		au   [][]byte
		want error
	}{
		"the whole frame":                      {whole, nil},
		"without its parameter sets":           {whole[2:], nil},
		"with an access unit delimiter":        {append([][]byte{{9, 0x10}}, whole...), nil},
		"a slice is missing":                   {whole[:4], ErrBroken},
		"all slices are missing":               {whole[:3], ErrBroken},
		"a bit has flipped":                    {flipped, ErrBroken},
		"two frames have run into one":         {slices.Concat(whole, other), ErrBroken},
		"two slices have run into one":         {[][]byte{whole[2], slices.Concat(whole[3], whole[4])}, ErrBroken},
		"the slices are in the wrong order":    {[][]byte{whole[2], whole[4], whole[3]}, ErrBroken},
		"the stamp is missing":                 {unit(media.H264), ErrNone},
		"there is nothing at all":              {nil, ErrNone},
		"an SEI of another and then our stamp": {slices.Concat([][]byte{{6, 5, 2, 1, 2, 0x80}}, whole), nil},
	}
	for name, c := range cases {
		if _, err := Verify(media.H264, c.au); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestAudioStampComesBackAndFindsDamage(t *testing.T) {
	frame := bytes.Repeat([]byte{0xd5}, 160)
	out := AppendAudio(nil, frame, Stamp{Sent: time.Unix(3, 4), Number: 77})
	got, err := VerifyAudio(out)
	if err != nil || got.Number != 77 || !got.Sent.Equal(time.Unix(3, 4)) || len(out) != 160 {
		t.Fatalf("%+v, %v, %d bytes", got, err, len(out))
	}
	out[100] ^= 1
	if _, err := VerifyAudio(out); !errors.Is(err, ErrBroken) {
		t.Errorf("a flipped sample gives %v", err)
	}
	if _, err := VerifyAudio(frame); !errors.Is(err, ErrNone) {
		t.Errorf("an unstamped frame gives %v", err)
	}
	if short := AppendAudio(nil, frame[:10], Stamp{}); len(short) != 10 {
		t.Errorf("a frame too short for a stamp came back with %d bytes", len(short))
	}
}

func FuzzVerify(f *testing.F) {
	for _, codec := range []media.Codec{media.H264, media.H265} {
		for _, nal := range Append(codec, unit(codec), Stamp{Number: 5, Sent: time.Unix(1, 0)}) {
			f.Add(codec == media.H265, nal, []byte{0x41, 1})
		}
	}
	f.Fuzz(func(t *testing.T, hevc bool, a, b []byte) {
		codec := media.H264
		if hevc {
			codec = media.H265
		}
		s, err := Verify(codec, [][]byte{a, b})
		if err != nil {
			return
		}
		// What verifies can be stamped again and says the same.
		again, err := Verify(codec, Append(codec, [][]byte{b}, s))
		if err == nil && !same(s, again) {
			t.Fatalf("%+v became %+v", s, again)
		}
	})
}

func FuzzEscape(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 3, 0, 0, 1})
	f.Fuzz(func(t *testing.T, rbsp []byte) {
		out := appendEscaped(nil, rbsp)
		if !bytes.Equal(unescape(out), rbsp) {
			t.Fatalf("% x came back as % x", rbsp, unescape(out))
		}
		for i := 2; i < len(out); i++ {
			if out[i-2] == 0 && out[i-1] == 0 && out[i] < 3 {
				t.Fatalf("start code in % x", out)
			}
		}
	})
}

func FuzzVerifyAudio(f *testing.F) {
	f.Add(AppendAudio(nil, make([]byte, 160), Stamp{Number: 1, Sent: time.Unix(1, 0)}))
	f.Fuzz(func(t *testing.T, frame []byte) {
		s, err := VerifyAudio(frame)
		if err == nil && !bytes.Equal(AppendAudio(nil, frame, s), frame) {
			t.Fatal("a frame that verifies is not the one its stamp makes")
		}
	})
}
