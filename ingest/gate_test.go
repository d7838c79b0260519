package ingest

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// forwarded sends frames named by letters – K key, P reference, d disposable – each
// of about five packets, and returns the letters of those that came through. A
// letter behind the frame says which packets are lost: 1 the first, 2 the middle, 3
// the last, * all.
func forwarded(t *testing.T, pic picture, script string) (out string, tr *track) {
	t.Helper()
	rng := rand.New(rand.NewPCG(20, 20))
	tr = newTrack(t, pic.format)
	names := map[byte]byte{} // by the last byte of the frame
	for i := 0; i < len(script); i++ {
		c := script[i]
		header := map[byte][]byte{'K': pic.idr, 'P': pic.ref, 'd': pic.dis}[c]
		u := append(slice(rng, header, true, 5000), byte(i+1))
		names[byte(i+1)] = c
		units := [][]byte{u}
		if c == 'K' {
			units = concat(pic.params, units)
		}
		var lost []int
		n := len(cut(t, pic.codec, 1400, units))
		if i+1 < len(script) {
			switch script[i+1] {
			case '1':
				lost = []int{n - 4} // the first of the slice
			case '2':
				lost = []int{n - 2}
			case '3':
				lost = []int{n - 1}
			case '*':
				for j := range n {
					lost = append(lost, j)
				}
			}
		}
		if lost != nil {
			i++
		}
		tr.frame(units, 1400, lost...)
	}
	for _, au := range tr.sink.frames(media.LayerMain, pic.codec) {
		last := au[len(au)-1]
		out += string(names[last[len(last)-1]])
	}
	return out, tr
}

func TestOnlyDecodablePicturesGoThrough(t *testing.T) {
	for _, pic := range pictures() {
		for _, ca := range []struct{ name, script, want string }{
			{"all there", "KPPPKPP", "KPPPKPP"},
			{"nothing in front of the first key frame", "PPKPP", "KPP"},
			{"a hole in a picture that others refer to", "KPP2PPKP", "KPKP"},
			{"the beginning is lost", "KPP1PPKP", "KPKP"},
			{"the end is lost", "KPP3PPKP", "KPKP"},
			{"a whole picture is lost", "KPP*PPKP", "KPKP"},
			{"a hole in a key frame", "KPK2PPKP", "KPKP"},
			{"a hole in a disposable picture costs that one only", "KPd2PdKP", "KPPdKP"},
			{"a lost disposable picture may have been another", "KPd*PPKP", "KPKP"},
			{"the key frame behind the hole is whole", "KPP*KPP", "KPKPP"},
			{"two holes", "KP2PP2PKPP", "KKPP"},
		} {
			t.Run(string(pic.codec)+": "+ca.name, func(t *testing.T) {
				got, tr := forwarded(t, pic, ca.script)
				if got != ca.want {
					t.Fatalf("%s came through as %s, want %s", ca.script, got, ca.want)
				}
				s := tr.in.lane.stats
				sent := uint64(0)
				for _, c := range ca.script {
					if c > '9' {
						sent++
					}
				}
				if whole := sent - uint64(stars(ca.script)); s.Frames+s.FramesBroken+s.FramesSkipped != whole {
					t.Fatalf("of %d frames: %+v", whole, s)
				}
				if got != ca.script && tr.asked == 0 && ca.script[0] == 'K' {
					t.Fatal("no key frame was asked for")
				}
			})
		}
	}
}

func stars(s string) (n int) {
	for _, c := range s {
		if c == '*' {
			n++
		}
	}
	return n
}

func TestPicturesThatReferAcrossTheKeyFrameAreLeftOutAfterAHole(t *testing.T) {
	pic := pictures()[1]
	rng := rand.New(rand.NewPCG(21, 21))
	tr := newTrack(t, pic.format)
	send := func(header []byte, lost ...int) {
		units := [][]byte{slice(rng, header, true, 4000)}
		tr.frame(units, 1400, lost...)
	}
	count := func() uint64 { return tr.in.lane.stats.Frames }
	send(cra265)   // begins here
	send(rasl265)  // refers to what is before: skipped
	send(trail265) // 2
	send(cra265)   // 3
	send(rasl265)  // 4: nothing was lost
	if count() != 4 {
		t.Fatalf("%d frames, want 4", count())
	}
	send(trail265, 1)
	send(cra265)  // 5
	send(rasl265) // skipped
	if count() != 5 || tr.in.lane.stats.FramesSkipped != 2 {
		t.Fatalf("%+v", tr.in.lane.stats)
	}
}

func TestCamerasWithoutIDRAreCarried(t *testing.T) {
	pic := pictures()[0]
	rng := rand.New(rand.NewPCG(22, 22))
	p := func() []byte { return slice(rng, pic.ref, true, 500) }
	at := (&bitWriter{}).bits(0x06, 8).bits(6, 8).bits(1, 8).ue(0).bits(4, 3).bits(0x80, 8).b
	slow := (&bitWriter{}).bits(0x06, 8).bits(6, 8).bits(2, 8).ue(12).bits(4, 3).bits(0x80, 8).b
	for _, ca := range []struct {
		name  string
		units [][]byte
		want  int
	}{
		{"a plain picture is no beginning", [][]byte{p()}, 0},
		{"a recovery point is one", [][]byte{at, p()}, 1},
		{"so is intra refresh, where there is nothing better", [][]byte{slow, p()}, 1},
		{"so are parameter sets", concat(pic.params, [][]byte{p()}), 1},
	} {
		t.Run(ca.name, func(t *testing.T) {
			tr := newTrack(t, pic.format)
			tr.frame(ca.units, 1400)
			if got := tr.sink.frames(media.LayerMain, media.H264); len(got) != ca.want {
				t.Fatalf("%d frames, want %d", len(got), ca.want)
			}
		})
	}
	tr := newTrack(t, pic.format)
	tr.frame([][]byte{slice(rng, pic.idr, true, 500)}, 1400)
	tr.frame([][]byte{p()}, 1400, 0)
	tr.frame([][]byte{slow, p()}, 1400)
	if s := tr.in.lane.stats; s.Frames != 1 || s.FramesSkipped != 1 {
		t.Fatalf("intra refresh was taken although the camera sends key frames: %+v", s)
	}
}

func TestSlicesWithMarkersOfTheirOwnAreNotTornApart(t *testing.T) {
	for _, pic := range pictures() {
		rng := rand.New(rand.NewPCG(23, 23))
		tr := newTrack(t, pic.format)
		a, b := slice(rng, pic.idr, true, 500), slice(rng, pic.idr, false, 500)
		tr.payload(a, true)
		tr.payload(b, true)
		got := tr.sink.frames(media.LayerMain, pic.codec)
		if len(got) != 2 {
			t.Fatalf("%s: %d frames", pic.codec, len(got))
		}
		// The second half must not get parameter sets: that would begin a picture.
		sameUnits(t, concat(got...), concat(pic.params, [][]byte{a, b}), string(pic.codec))
	}
}

func TestGarbageIsDroppedAndCounted(t *testing.T) {
	for _, pic := range pictures() {
		for _, ca := range []struct {
			name    string
			payload []byte
		}{
			{"an empty payload", nil},
			{"a forbidden bit", []byte{0xff, 0xff, 0xff, 0xff}},
			{"an aggregate that is cut short", map[media.Codec][]byte{
				media.H264: {24, 0, 200, 1, 2}, media.H265: {48 << 1, 1, 0, 200, 1, 2},
			}[pic.codec]},
			{"a fragment without a beginning", map[media.Codec][]byte{
				media.H264: {0x7c, 0x41, 1, 2}, media.H265: {49 << 1, 1, 0x41, 1, 2},
			}[pic.codec]},
		} {
			t.Run(string(pic.codec)+": "+ca.name, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(24, 24))
				tr := newTrack(t, pic.format)
				tr.frame(concat(pic.params, [][]byte{slice(rng, pic.idr, true, 500)}), 1400)
				tr.payload(ca.payload, true)
				tr.next(3600, 90000)
				tr.frame([][]byte{slice(rng, pic.ref, true, 500)}, 1400)
				tr.frame([][]byte{slice(rng, pic.idr, true, 500)}, 1400)
				s := tr.in.lane.stats
				if s.Frames != 2 || s.FramesBroken != 1 || s.FramesSkipped != 1 {
					t.Fatalf("%+v", s)
				}
			})
		}
	}
}

func TestAPictureThatLacksASliceIsBroken(t *testing.T) {
	for _, pic := range pictures() {
		rng := rand.New(rand.NewPCG(28, 28))
		slices := func(header []byte) (units [][]byte) {
			for i := range 3 { // each fills a packet of its own
				units = append(units, slice(rng, header, i == 0, 900))
			}
			return units
		}
		for lost, name := range []string{"the first", "the middle one", "the last, with the marker"} {
			t.Run(string(pic.codec)+": "+name, func(t *testing.T) {
				tr := newTrack(t, pic.format)
				tr.frame(slices(pic.idr), 1000)
				tr.frame(slices(pic.ref), 1000, lost)
				tr.frame(slices(pic.ref), 1000)
				tr.frame(slices(pic.idr), 1000)
				if s := tr.in.lane.stats; s.Frames != 2 || s.FramesBroken != 1 || s.FramesSkipped != 1 || s.PacketsLost != 1 {
					t.Fatalf("%+v", s)
				}
			})
		}
	}
}

func TestFragmentsThatDoNotEndBreakTheirPicture(t *testing.T) {
	for _, pic := range pictures() {
		rng := rand.New(rand.NewPCG(29, 29))
		parts := cut(t, pic.codec, 1000, [][]byte{slice(rng, pic.ref, true, 2500)})
		whole := slice(rng, pic.ref, false, 500)
		type part struct {
			payload []byte
			marker  bool
		}
		for name, parts := range map[string][]part{
			"another unit comes":       {{parts[0].Payload, false}, {whole, true}},
			"another fragment begins":  {{parts[0].Payload, false}, {parts[0].Payload, false}, {parts[2].Payload, true}},
			"the marker comes":         {{parts[0].Payload, false}, {parts[1].Payload, true}},
			"the timestamp goes on":    {{parts[0].Payload, false}, {parts[1].Payload, false}},
			"a unit, then no more end": {{whole, false}, {parts[0].Payload, true}},
		} {
			t.Run(string(pic.codec)+": "+name, func(t *testing.T) {
				tr := newTrack(t, pic.format)
				tr.frame([][]byte{slice(rng, pic.idr, true, 500)}, 1000)
				for _, p := range parts {
					tr.payload(p.payload, p.marker)
				}
				tr.next(3600, 90000)
				tr.frame([][]byte{slice(rng, pic.ref, true, 500)}, 1000)
				tr.frame([][]byte{slice(rng, pic.idr, true, 500)}, 1000)
				if s := tr.in.lane.stats; s.Frames != 2 || s.FramesBroken != 1 || s.FramesSkipped != 1 {
					t.Fatalf("%+v", s)
				}
			})
		}
	}
}

func TestDuplicatesAndStragglersAreLeftOut(t *testing.T) {
	pic := pictures()[0]
	rng := rand.New(rand.NewPCG(25, 25))
	tr := newTrack(t, pic.format)
	tr.frame(concat(pic.params, [][]byte{slice(rng, pic.idr, true, 500)}), 1400)
	tr.seq--
	tr.frame([][]byte{slice(rng, pic.ref, true, 400)}, 1400) // the number was used
	tr.frame([][]byte{slice(rng, pic.ref, true, 300)}, 1400)
	if s := tr.in.lane.stats; s.Frames != 2 || s.PacketsBad != 1 || s.PacketsLost != 0 {
		t.Fatalf("%+v", s)
	}
}

func TestACameraThatCountsAnewWaitsForItsKeyFrame(t *testing.T) {
	pic := pictures()[0]
	rng := rand.New(rand.NewPCG(26, 26))
	for _, jump := range []uint16{20000, 45000} {
		tr := newTrack(t, pic.format)
		tr.frame([][]byte{slice(rng, pic.idr, true, 500)}, 1400)
		tr.seq += jump
		tr.frame([][]byte{slice(rng, pic.ref, true, 500)}, 1400)
		tr.frame([][]byte{slice(rng, pic.idr, true, 500)}, 1400)
		if s := tr.in.lane.stats; s.Frames != 2 || s.FramesSkipped != 1 || s.PacketsLost != 1 {
			t.Fatalf("%+v", s)
		}
	}
}

func TestOneFrameIsBounded(t *testing.T) {
	pic := pictures()[0]
	tr := newTrack(t, pic.format)
	rng := rand.New(rand.NewPCG(27, 27))
	u := slice(rng, pic.idr, true, 60000)
	for range 200 { // 12 MB that never end
		tr.payload(u, false)
	}
	if n := tr.in.frames.cur.size; n > maxFrameSize {
		t.Fatalf("%d bytes are kept", n)
	}
	tr.next(3600, 90000)
	tr.frame([][]byte{slice(rng, pic.idr, true, 500)}, 1400)
	if s := tr.in.lane.stats; s.Frames != 1 || s.FramesBroken != 1 {
		t.Fatalf("%+v", s)
	}
}

// FuzzPicture feeds arbitrary payloads, and then a whole key frame: the track must
// survive, keep to the packet size, and show the key frame.
func FuzzPicture(f *testing.F) {
	f.Add([]byte{0x7c, 0x85, 1, 2, 3}, []byte{0x7c, 0x45, 1, 2, 3}, true, uint16(1), false)
	f.Add([]byte{24, 0, 2, 0x67, 1, 0, 2, 0x68, 0x80}, []byte{0x65, 0x88}, false, uint16(1), false)
	f.Add([]byte{0, 0, 0, 1, 0x65, 0x88, 0, 0, 0, 1, 0x41, 0x80}, []byte{6, 6, 1, 0x80}, true, uint16(2), false)
	f.Add([]byte{49 << 1, 1, 0x93, 1}, []byte{49 << 1, 1, 0x53, 1}, true, uint16(1), true)
	f.Add([]byte{48 << 1, 1, 0, 2, 64, 1, 0, 3, 42 << 1, 1, 1}, []byte{50 << 1, 1}, true, uint16(65535), true)
	pics := pictures()
	f.Fuzz(func(t *testing.T, a, b []byte, marker bool, step uint16, h265 bool) {
		pic := pics[0]
		if h265 {
			pic = pics[1]
		}
		sink := newRecorder(t)
		tr := newTrackOf(t, pic.format, sink, OutputConfig{Seed: 1})
		for i, payload := range [][]byte{a, b, a} {
			tr.in.push(tr.now, &rtp.Packet{
				Header: rtp.Header{
					Version: 2, Marker: marker, SequenceNumber: tr.seq, Timestamp: uint32(i) / 2 * 3600, SSRC: 1,
				},
				Payload: append([]byte(nil), payload...),
			})
			tr.seq += step
			tr.now = tr.now.Add(time.Millisecond)
		}
		tr.seq += 5000
		tr.ts = 90000
		rng := rand.New(rand.NewPCG(1, 1))
		key := slice(rng, pic.idr, true, 3000)
		before := tr.in.lane.stats.KeyFrames
		tr.frame(concat(pic.params, [][]byte{key}), 1400)
		// With a start code in it gortsplib takes the stream for Annex B, in which the
		// slices of the test are not what they were.
		mayBeAnnexB := !h265 && bytes.Count(append(bytes.Clone(a), b...), []byte{0}) >= 3
		if tr.in.lane.stats.KeyFrames <= before && !mayBeAnnexB {
			t.Fatal("the key frame behind the garbage did not come through")
		}
	})
}

func FuzzSound(f *testing.F) {
	f.Add([]byte{0, 16, 0, 8, 1}, []byte{0, 16, 0, 16, 1, 2}, uint8(0), true)
	f.Add([]byte{0, 16, 255, 248, 1}, []byte{0, 16, 255, 248, 2}, uint8(0), false)
	f.Add([]byte{0, 32, 0, 8, 0, 8, 1, 2}, []byte{255, 241, 76, 128, 1, 63, 252, 1}, uint8(0), true)
	f.Add([]byte{1}, []byte{}, uint8(1), true)
	f.Add([]byte{0xfc, 1}, []byte{1, 2, 3}, uint8(2), true)
	f.Fuzz(func(t *testing.T, a, b []byte, codec uint8, marker bool) {
		fs := soundFormats()
		tr := newTrackOf(t, fs[int(codec)%len(fs)], newRecorder(t), OutputConfig{Seed: 1})
		for _, p := range [][]byte{a, b, a, b} {
			tr.payload(append([]byte(nil), p...), marker)
			tr.next(960, 48000)
		}
	})
}
