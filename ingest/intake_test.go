package ingest

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"github.com/classrelay/classrelay/media"
)

func TestPicturesGoThroughBitIdentical(t *testing.T) {
	for _, pic := range pictures() {
		for _, size := range []int{100, 1296, 1298, 1299, 1300, 1400, 9000, 60000} {
			rng := rand.New(rand.NewPCG(5, uint64(size)))
			tr := newTrack(t, pic.format)
			var want [][][]byte
			for i := range 60 {
				var au [][]byte
				if i%3 == 0 {
					au = append(au, pic.aud)
				}
				header := pic.ref
				if i%20 == 0 {
					header = pic.idr
					au = append(au, pic.params...)
				}
				for n := range 1 + rng.IntN(3) { // several slices
					au = append(au, slice(rng, header, n == 0, 10+rng.IntN(4000)))
				}
				want = append(want, au)
				tr.frame(au, size)
			}
			got := tr.sink.frames(media.LayerMain, pic.codec)
			if len(got) != len(want) {
				t.Fatalf("%s in payloads of %d bytes: %d frames, want %d", pic.codec, size, len(got), len(want))
			}
			for i := range got {
				sameUnits(t, got[i], want[i], string(pic.codec))
			}
		}
	}
}

func TestUnitsOfEverySizeGoThrough(t *testing.T) {
	for _, pic := range pictures() {
		rng := rand.New(rand.NewPCG(6, 6))
		tr := newTrack(t, pic.format)
		var want [][][]byte
		for size := 1270; size < 1330; size++ { // around what fits one packet
			au := concat(pic.params, [][]byte{slice(rng, pic.idr, true, size)})
			want = append(want, au)
			tr.frame(au, 1400)
		}
		all := tr.sink.frames(media.LayerMain, pic.codec)
		if len(all) != len(want) {
			t.Fatalf("%s: %d frames, want %d", pic.codec, len(all), len(want))
		}
		for i, got := range all {
			sameUnits(t, got, want[i], string(pic.codec))
		}
	}
}

func TestFullPacketsHaveExactlyTheSize(t *testing.T) {
	for _, pic := range pictures() {
		for _, size := range []int{256, 1250, DefaultMaxPacketSize, 1452} {
			sink := newRecorder(t)
			sink.maxSize = size
			tr := newTrackOf(t, pic.format, sink, OutputConfig{MaxPacketSize: size, Seed: 1})
			rng := rand.New(rand.NewPCG(7, 7))
			tr.frame(concat(pic.params, [][]byte{slice(rng, pic.idr, true, 20000)}), 1400)
			pkts := sink.get(media.LayerMain)
			// The parameter sets, then full fragments, then the rest.
			for _, p := range pkts[1 : len(pkts)-1] {
				if p.Size() != size || p.Marker {
					t.Fatalf("%s: packet of %d bytes, marker %v, in the middle of a frame", pic.codec, p.Size(), p.Marker)
				}
			}
			if last := pkts[len(pkts)-1]; !last.Marker || !pkts[0].Key {
				t.Fatalf("%s: first key %v, last marker %v", pic.codec, pkts[0].Key, last.Marker)
			}
		}
	}
}

func TestParameterSetsStandInFrontOfEveryKeyFrame(t *testing.T) {
	for _, pic := range pictures() {
		rng := rand.New(rand.NewPCG(8, 8))
		key := slice(rng, pic.idr, true, 3000)
		sei := []byte{6, 5, 1, 0x80}
		if pic.codec == media.H265 {
			sei = []byte{39 << 1, 1, 5, 1, 0x80}
		}
		sps, pps := pic.params[len(pic.params)-2], pic.params[len(pic.params)-1]
		front := pic.params[:len(pic.params)-1] // without the PPS
		for _, ca := range []struct {
			name     string
			in, want [][]byte
		}{
			{"nothing there", [][]byte{key}, concat(pic.params, [][]byte{key})},
			{
				"behind the delimiter, in front of SEI",
				[][]byte{pic.aud, sei, key},
				concat([][]byte{pic.aud}, pic.params, [][]byte{sei, key}),
			},
			{"only the SPS", [][]byte{pic.aud, sps, sei, key}, concat([][]byte{pic.aud}, front, [][]byte{pps, sei, key})},
			{"only the PPS", [][]byte{pps, key}, concat(front, [][]byte{pps, key})},
			{"all there", concat(pic.params, [][]byte{sei, key}), concat(pic.params, [][]byte{sei, key})},
		} {
			t.Run(string(pic.codec)+": "+ca.name, func(t *testing.T) {
				tr := newTrack(t, pic.format)
				tr.frame(ca.in, 1400)
				got := tr.sink.frames(media.LayerMain, pic.codec)
				sameUnits(t, got[0], ca.want, ca.name)
			})
		}
	}
}

func TestParameterSetsComeInBand(t *testing.T) {
	for _, pic := range pictures() {
		f := format.Format(&format.H264{PayloadTyp: 96})
		if pic.codec == media.H265 {
			f = &format.H265{PayloadTyp: 96}
		}
		rng := rand.New(rand.NewPCG(9, 9))
		tr := newTrack(t, f)
		key := func() []byte { return slice(rng, pic.idr, true, 500) }
		tr.frame([][]byte{key()}, 1400) // nobody can decode this
		tr.frame([][]byte{slice(rng, pic.ref, true, 500)}, 1400)
		if n := tr.sink.count(media.LayerMain); n != 0 || tr.sink.lastTrack(media.LayerMain) != nil {
			t.Fatalf("%s: %d packets without parameter sets", pic.codec, n)
		}
		tr.frame(concat(pic.params, [][]byte{key()}), 1400)
		tr.frame([][]byte{slice(rng, pic.ref, true, 500)}, 1400)
		tr.frame([][]byte{key()}, 1400)
		got := tr.sink.frames(media.LayerMain, pic.codec)
		if len(got) != 3 || len(got[2]) != len(pic.params)+1 {
			t.Fatalf("%s: %d frames, the last of %d units", pic.codec, len(got), len(got[2]))
		}
		if n := len(tr.sink.tracks[media.LayerMain]); n != 1 {
			t.Fatalf("%s: SetTrack was called %d times", pic.codec, n)
		}
	}
}

func TestOtherParameterSetsMakeAnotherTrack(t *testing.T) {
	pic := pictures()[0]
	rng := rand.New(rand.NewPCG(10, 10))
	tr := newTrack(t, pic.format)
	tr.frame([][]byte{slice(rng, pic.idr, true, 500)}, 1400)
	other := h264SPS(40)
	tr.frame([][]byte{other, h264PPS(0), slice(rng, pic.idr, true, 500)}, 1400)
	tr.frame([][]byte{slice(rng, pic.idr, true, 500)}, 1400)
	tracks := tr.sink.tracks[media.LayerMain]
	if len(tracks) != 2 || tracks[0].FMTP["sprop-parameter-sets"] == tracks[1].FMTP["sprop-parameter-sets"] {
		t.Fatalf("tracks: %+v", tracks)
	}
	if m := tracks[1].FMTP["packetization-mode"]; m != "1" {
		t.Fatalf("packetization mode %q", m)
	}
	got := tr.sink.frames(media.LayerMain, media.H264)
	if !bytes.Equal(got[2][0], other) {
		t.Fatal("a key frame got the old parameter set")
	}
}

func TestParameterSetsWithAMarkerOfTheirOwnJoinTheirPicture(t *testing.T) {
	for _, pic := range pictures() {
		rng := rand.New(rand.NewPCG(11, 11))
		tr := newTrack(t, pic.format)
		key := slice(rng, pic.idr, true, 900)
		for _, p := range pic.params {
			tr.payload(p, true)
		}
		tr.ts += 90 // and a timestamp of their own
		tr.payload(key, true)
		got := tr.sink.frames(media.LayerMain, pic.codec)
		if len(got) != 1 {
			t.Fatalf("%s: %d frames", pic.codec, len(got))
		}
		sameUnits(t, got[0], concat(pic.params, [][]byte{key}), string(pic.codec))
	}
}

func TestMissingMarkersEndAtTheNextTimestamp(t *testing.T) {
	for _, pic := range pictures() {
		rng := rand.New(rand.NewPCG(12, 12))
		tr := newTrack(t, pic.format)
		var want [][][]byte
		for i := range 5 {
			h := pic.ref
			if i == 0 {
				h = pic.idr
			}
			au := [][]byte{slice(rng, h, true, 3000), slice(rng, h, false, 500)}
			if i == 0 {
				want = append(want, concat(pic.params, au))
			} else {
				want = append(want, au)
			}
			for _, p := range cut(t, pic.codec, 1400, au) {
				tr.payload(p.Payload, false)
			}
			tr.next(3600, 90000)
		}
		got := tr.sink.frames(media.LayerMain, pic.codec)
		if len(got) != 4 { // the fifth is not known to be over
			t.Fatalf("%s: %d frames, want 4", pic.codec, len(got))
		}
		for i := range got {
			sameUnits(t, got[i], want[i], string(pic.codec))
		}
	}
}

func TestUnitsThatRTPCannotCarryAreLeftOut(t *testing.T) {
	for _, pic := range pictures() {
		rng := rand.New(rand.NewPCG(13, 13))
		tr := newTrack(t, pic.format)
		key := slice(rng, pic.idr, true, 900)
		stray := []byte{0x1f, 1, 2, 3} // type 31
		if pic.codec == media.H265 {
			stray = []byte{60 << 1, 1, 2, 3}
		}
		for _, u := range concat(pic.params, [][]byte{stray}) {
			tr.payload(u, false)
		}
		tr.payload(key, true)
		sameUnits(t, tr.sink.frames(media.LayerMain, pic.codec)[0], concat(pic.params, [][]byte{key}), "")
		if s := tr.in.lane.stats; s.UnitsStripped != 1 || s.FramesBroken != 0 {
			t.Fatalf("%+v", s)
		}
	}
}

func TestNumbersGoOnInTheNextSession(t *testing.T) {
	pic := pictures()[0]
	rng := rand.New(rand.NewPCG(15, 15))
	tr := newTrack(t, pic.format)
	key := func() [][]byte { return concat(pic.params, [][]byte{slice(rng, pic.idr, true, 3000)}) }
	tr.frame(key(), 1400)
	before := tr.sink.get(media.LayerMain)
	tr.in.close()
	tr.frame(key(), 1400) // nothing of a closed session comes through
	if tr.sink.count(media.LayerMain) != len(before) {
		t.Fatal("a closed session still writes")
	}
	tr.now = tr.now.Add(5 * time.Second)
	tr.seq, tr.ts = 3, 12345
	tr.begin(pic.format, tr.in.origin)
	tr.frame(key(), 1400)
	all := tr.sink.get(media.LayerMain) // the recorder checks sequence numbers and SSRC
	passed := tsDiff(all[len(all)-1].Timestamp, before[0].Timestamp, 90000)
	if passed != 5080*time.Millisecond {
		t.Fatalf("our timestamp went on by %v, 5.08 s passed", passed)
	}
	if n := len(tr.sink.tracks[media.LayerMain]); n != 1 {
		t.Fatalf("SetTrack was called %d times for one format", n)
	}
	// Another format: a new track, the same numbers.
	tr.in.close()
	other := pictures()[1]
	tr.begin(other.format, tr.in.origin)
	tr.frame(concat(other.params, [][]byte{slice(rng, other.idr, true, 3000)}), 1400)
	if tr.sink.lastTrack(media.LayerMain).Codec != media.H265 {
		t.Fatal("the new format was not announced")
	}
}

func TestPacketsKeepTheirBytesForGood(t *testing.T) {
	pic := pictures()[0]
	rng := rand.New(rand.NewPCG(16, 16))
	tr := newTrack(t, pic.format)
	tr.frame(concat(pic.params, [][]byte{slice(rng, pic.idr, true, 5000)}), 1400)
	before := tr.sink.get(media.LayerMain)
	var copies [][]byte
	for _, p := range before {
		if cap(p.Raw) != len(p.Raw) {
			t.Fatal("appending to a packet would write into the next")
		}
		copies = append(copies, bytes.Clone(p.Raw))
	}
	for range 20 {
		tr.frame([][]byte{slice(rng, pic.ref, true, 5000)}, 1400)
	}
	for i, p := range before {
		if !bytes.Equal(p.Raw, copies[i]) {
			t.Fatal("a packet changed after it was written")
		}
	}
}
