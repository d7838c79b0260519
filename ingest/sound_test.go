package ingest

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"github.com/classrelay/classrelay/media"
)

func TestSoundGoesThroughBitIdentical(t *testing.T) {
	for _, ca := range []struct {
		name   string
		format format.Format
		sizes  [2]int
		ticks  int
	}{
		{"AAC", aac(), [2]int{1, 800}, 1024},
		{"G.711", &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}, [2]int{80, 1000}, 160},
		{"Opus", &format.Opus{PayloadTyp: 98, ChannelCount: 2}, [2]int{1, 1200}, 960},
	} {
		t.Run(ca.name, func(t *testing.T) {
			tr := newTrack(t, ca.format)
			rng := rand.New(rand.NewPCG(14, 14))
			read, err := newAudioReader(ca.format)
			if err != nil {
				t.Fatal(err)
			}
			var want, got [][]byte
			rate := clockRate(ca.format)
			first := tr.ts
			for range 200 {
				unit := make([]byte, ca.sizes[0]+rng.IntN(ca.sizes[1]))
				for i := range unit {
					unit[i] = byte(rng.Uint32())
				}
				unit[0] = 1 // no ADTS
				payload := unit
				if _, is := ca.format.(*format.MPEG4Audio); is {
					payload = append([]byte{0, 16, byte(len(unit) >> 5), byte(len(unit) << 3)}, unit...)
				}
				want = append(want, unit)
				tr.payload(payload, true)
				tr.next(ca.ticks, rate)
			}
			pkts := tr.sink.get(media.LayerAudio)
			for i, p := range pkts {
				units, err := read.Read(toRTP(t, p))
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, units...)
				if p.Timestamp-pkts[0].Timestamp != uint32(i*ca.ticks) {
					t.Fatalf("packet %d is %d ticks after the first", i, p.Timestamp-pkts[0].Timestamp)
				}
			}
			sameUnits(t, got, want, ca.name)
			if tr.ts-first != uint32(200*ca.ticks) {
				t.Fatal("the test is wrong")
			}
		})
	}
}

func TestAACFragmentsStateTheWholeSize(t *testing.T) {
	tr := newTrack(t, aac())
	unit := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7}, 500)
	// As RFC 3640 has it: every fragment with the size of the whole.
	for rest := unit; len(rest) > 0; {
		n := min(len(rest), 1000)
		tr.payload(append([]byte{0, 16, byte(len(unit) >> 5), byte(len(unit) << 3)}, rest[:n]...), n == len(rest))
		rest = rest[n:]
	}
	pkts := tr.sink.get(media.LayerAudio)
	var got []byte
	for i, p := range pkts {
		b := p.Payload()
		if size := int(b[2])<<5 | int(b[3])>>3; size != len(unit) {
			t.Fatalf("fragment %d says %d bytes, want %d", i, size, len(unit))
		}
		if p.Marker != (i == len(pkts)-1) || i < len(pkts)-1 && p.Size() != DefaultMaxPacketSize {
			t.Fatalf("fragment %d: marker %v, %d bytes", i, p.Marker, p.Size())
		}
		got = append(got, b[4:]...)
	}
	if !bytes.Equal(got, unit) {
		t.Fatal("the unit differs")
	}
}

// The recorder checks besides that no packet is captured after it came.
func TestSoundThatIsCutIsDatedPieceByPiece(t *testing.T) {
	t.Run("AAC, ten units in one packet", func(t *testing.T) {
		const units, size = 10, 200
		b := []byte{0, 16 * units}
		for range units {
			b = append(b, size>>5, size<<3&0xff)
		}
		tr := newTrack(t, aac())
		tr.payload(append(b, bytes.Repeat([]byte{1}, units*size)...), true)
		datedLikeTheirTimestamps(t, tr.sink.get(media.LayerAudio), clockRate(aac()))
	})
	t.Run("G.711, half a second in one packet", func(t *testing.T) {
		tr := newTrack(t, &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1})
		tr.payload(bytes.Repeat([]byte{0x55}, 4000), false)
		datedLikeTheirTimestamps(t, tr.sink.get(media.LayerAudio), 8000)
	})
}

func datedLikeTheirTimestamps(t *testing.T, pkts []*media.Packet, rate int) {
	t.Helper()
	if len(pkts) < 2 {
		t.Fatalf("%d packets: nothing was cut", len(pkts))
	}
	for i, p := range pkts {
		ticks := p.Timestamp - pkts[0].Timestamp
		if d := p.Capture.Sub(pkts[0].Capture); ticks == 0 && i > 0 || d != lasting(ticks, rate) {
			t.Errorf("packet %d: captured %v after the first, its timestamp is %d ticks later", i, d, ticks)
		}
	}
	if last := pkts[len(pkts)-1]; !last.Capture.Equal(last.Arrival) {
		t.Errorf("the last one was captured %v before it came, and nothing has come quicker", last.Arrival.Sub(last.Capture))
	}
}

func TestLargeSoundPacketsAreCut(t *testing.T) {
	tr := newTrack(t, &format.G711{PayloadTyp: 0, MULaw: true, SampleRate: 8000, ChannelCount: 1})
	tr.payload(bytes.Repeat([]byte{0x55}, 4000), false)
	pkts := tr.sink.get(media.LayerAudio)
	if len(pkts) != 4 || pkts[1].Timestamp-pkts[0].Timestamp != 1299 {
		t.Fatalf("%d packets", len(pkts))
	}
	opus := newTrack(t, &format.Opus{PayloadTyp: 98, ChannelCount: 1})
	opus.payload(make([]byte, 1400), false) // cannot be cut
	opus.payload(make([]byte, 100), false)
	if n := opus.sink.count(media.LayerAudio); n != 1 || opus.in.lane.stats.FramesBroken != 1 {
		t.Fatalf("%d packets, %+v", n, opus.in.lane.stats)
	}
}
