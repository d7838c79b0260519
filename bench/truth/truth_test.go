package truth

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/internal/ffmpegtest"
	"github.com/classrelay/classrelay/media"
)

// theClip is the clip in the program with its hashes.
func theClip(t *testing.T) (*FFmpeg, *Film) {
	t.Helper()
	ffmpegtest.Need(t, "ffmpeg")
	ffmpeg, err := FindFFmpeg(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	film, err := NewLibrary(ffmpeg, t.TempDir()).Film(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ffmpeg, film
}

// frame is one that a viewer was handed.
type frame struct {
	layer  media.Layer
	number uint64
	harm   func(au [][]byte) [][]byte // nil = none
}

// span is the frames of a layer from one number to before another.
func span(layer media.Layer, from, to uint64) (all []frame) {
	for n := from; n < to; n++ {
		all = append(all, frame{layer: layer, number: n})
	}
	return all
}

// keep spools frames as a viewer does. Frame n shows picture n of the film.
func keep(t *testing.T, film *Film, frames []frame) *Spool {
	t.Helper()
	s, err := NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		p := film.Picture(f.layer, f.number)
		au := stamp.Append(media.H264, p.NALs, stamp.Stamp{
			Sent: time.Unix(1, 0), Number: f.number, Layer: f.layer, Key: p.Key, GOP: uint16(p.GOP),
		})
		if f.harm != nil {
			au = f.harm(au)
		}
		st, err := stamp.Verify(media.H264, au)
		s.Keep(media.H264, au, st, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// flip changes a byte in the middle of the slice, and makes the stamp right again:
// the checksum knows nothing of it.
func flip(au [][]byte) [][]byte {
	st, _ := stamp.Parse(media.H264, au)
	slice := slices.Clone(au[len(au)-1])
	slice[len(slice)/2] ^= 0x55
	return stamp.Append(media.H264, [][]byte{slice}, st)
}

// another is the picture of another number under this one's stamp.
func another(film *Film, index uint64) func([][]byte) [][]byte {
	return func(au [][]byte) [][]byte {
		st, _ := stamp.Parse(media.H264, au)
		return stamp.Append(media.H264, film.Picture(st.Layer, index).NALs, st)
	}
}

func TestDecodingFindsWhatTheStampCannotKnow(t *testing.T) {
	ffmpeg, film := theClip(t)
	doctored := span(media.LayerMain, 0, 20)
	doctored[7].harm = flip
	unstamped := span(media.LayerSub, 0, 20)
	unstamped[7].harm = func(au [][]byte) [][]byte { return slices.DeleteFunc(au, func(n []byte) bool { return n[0] == 6 }) }
	broken := span(media.LayerSub, 0, 20)
	broken[7].harm = func([][]byte) [][]byte { return nil }
	wrongKey := span(media.LayerSub, 0, 20)
	wrongKey[0].harm = another(film, 150)
	main, sub := media.LayerMain, media.LayerSub
	cases := map[string]struct {
		frames          []frame
		compared, wrong int // wrong: at least, when it is below zero
	}{
		"everything came, and the loop goes round": {span(sub, 150, 260), 110, 0},
		"down to the sub stream and up again": {
			slices.Concat(span(main, 0, 30), span(sub, 0, 80), span(main, 100, 120)), 130, 0,
		},
		"a gap, and on from a key frame": {slices.Concat(span(main, 0, 20), span(main, 100, 120)), 40, 0},
		"a slice byte is another one":    {doctored, 20, -13},
		"a reference is missing":         {slices.Concat(span(sub, 0, 10), span(sub, 11, 20)), 19, -1},
		"a key frame is missing":         {slices.Concat(span(sub, 0, 50), span(sub, 51, 70)), 69, -10},
		"the sub stream begins in the middle of a group": {
			slices.Concat(span(main, 0, 10), span(sub, 10, 50)), -1, -30,
		},
		"the key frame is that of another group": {wrongKey, 20, -10},
		"one came without its stamp":             {unstamped, -1, -1},
		"one did not come whole":                 {broken, 19, -1},
		"nothing came at all":                    {nil, 0, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			shown := func(_ media.Layer, number uint64) (uint64, bool) { return number, number < 1000 }
			v, err := ffmpeg.Check(t.Context(), keep(t, film, c.frames), film, shown)
			if err != nil {
				t.Fatal(err)
			}
			tooFew := c.wrong < 0 && v.Wrong < -c.wrong || c.wrong >= 0 && v.Wrong != c.wrong
			if tooFew || c.compared >= 0 && v.Compared != c.compared {
				t.Errorf("%d compared, %d wrong; want %d and %d; it says\n%s",
					v.Compared, v.Wrong, c.compared, c.wrong, strings.Join(v.Findings, "\n"))
			}
		})
	}
}

func TestSubFramesAreComparedWithTheSubStream(t *testing.T) {
	ffmpeg, film := theClip(t)
	// The same film with main and sub hashes exchanged: then nothing may fit.
	crossed := &Film{Clip: film.Clip}
	crossed.hashes[media.LayerMain], crossed.hashes[media.LayerSub] = film.hashes[media.LayerSub], film.hashes[media.LayerMain]
	spool := keep(t, film, slices.Concat(span(media.LayerMain, 0, 10), span(media.LayerSub, 0, 10)))
	shown := func(_ media.Layer, number uint64) (uint64, bool) { return number, true }
	v, err := ffmpeg.Check(t.Context(), spool, crossed, shown)
	if err != nil || v.Compared != 20 || v.Sub != 10 || v.Wrong != 20 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestAFilmIsShotAtTheRatesAskedFor(t *testing.T) {
	ffmpeg, _ := theClip(t)
	if testing.Short() {
		t.Skip("it takes a few seconds")
	}
	lib := NewLibrary(ffmpeg, t.TempDir())
	film, err := lib.Film(t.Context(), 1_000_000, 300_000)
	if err != nil {
		t.Fatal(err)
	}
	again, err := lib.Film(t.Context(), 1_000_000, 300_000)
	if err != nil || again != film {
		t.Errorf("the film was made twice, %v", err)
	}
	if film.Len() != pictures {
		t.Errorf("%d pictures", film.Len())
	}
	for layer, want := range map[media.Layer]int{media.LayerMain: 1_000_000, media.LayerSub: 300_000} {
		bytes := 0
		for i := range uint64(pictures) {
			p := film.Picture(layer, i)
			if p.GOP != int(i%50) || p.Key != (i%50 == 0) {
				t.Fatalf("%s: picture %d is at %d of its group, key %v", layer, i, p.GOP, p.Key)
			}
			for _, nal := range p.NALs {
				bytes += len(nal)
			}
		}
		rate := bytes * 8 * int(time.Second/camera.FrameInterval) / pictures
		if rate < want*9/10 || rate > want*11/10 {
			t.Errorf("%s has %d bit/s, %d were asked for", layer, rate, want)
		}
	}
}

func TestWithoutFFmpegItSaysWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := FindFFmpeg(t.Context())
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "install ffmpeg or leave out --decode") {
		t.Errorf("%v", err)
	}
}

func TestASpoolThatCannotBeWrittenSaysSo(t *testing.T) {
	if _, err := NewSpool(t.TempDir() + "/none"); err == nil {
		t.Error("a folder that is not there is taken")
	}
	s, err := NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_ = s.units.on.Close()
	au := [][]byte{make([]byte, 2<<20)} // more than the buffer holds
	s.Keep(media.H264, au, stamp.Stamp{}, nil)
	if err := s.Close(); err == nil {
		t.Error("no error, though nothing could be written")
	}
}
