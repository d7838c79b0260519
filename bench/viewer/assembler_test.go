package viewer

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/media"
)

// film is n stamped pictures of the codec, each as its packets.
func film(t *testing.T, codec media.Codec, n int) [][]*rtp.Packet {
	t.Helper()
	enc4, enc5 := &rtph264.Encoder{PayloadType: 96}, &rtph265.Encoder{PayloadType: 96}
	if err := errors.Join(enc4.Init(), enc5.Init()); err != nil {
		t.Fatal(err)
	}
	src := &camera.Synthetic{Encoding: codec, MainRate: 2_000_000, Noise: 0.2}
	frames := make([][]*rtp.Packet, n)
	for i := range frames {
		p := src.Picture(media.LayerMain, uint64(i))
		s := stamp.Stamp{Sent: time.Unix(1, 0), Number: uint64(i) + 1, Key: p.Key, GOP: uint16(p.GOP)}
		au := stamp.Append(codec, p.NALs, s)
		packets, err := enc4.Encode(au)
		if codec == media.H265 {
			packets, err = enc5.Encode(au)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, packet := range packets {
			packet.Timestamp = uint32(i) * 3600
		}
		frames[i] = packets
	}
	return frames
}

func TestAFrameIsWholeExactlyWhenAllItsPacketsCame(t *testing.T) {
	for _, codec := range []media.Codec{media.H264, media.H265} {
		for _, loss := range []float64{0, 0.01, 0.1, 0.5} {
			rnd := rand.New(rand.NewPCG(5, 6))
			a := newAssembler(codec)
			whole := make(map[uint64]bool)
			broken, touched := 0, 0
			tell := func(au [][]byte) {
				s, err := stamp.Verify(codec, au)
				if err != nil {
					broken++
					return
				}
				whole[s.Number] = true
			}
			for i, packets := range film(t, codec, 400) {
				lost := 0
				for _, p := range packets {
					if rnd.Float64() < loss {
						lost++
						continue
					}
					a.push(p, tell)
				}
				if lost > 0 && lost < len(packets) {
					touched++
				}
				if number := uint64(i) + 1; lost == 0 != whole[number] {
					t.Fatalf("%s, loss %v: frame %d lost %d of %d packets, whole: %v",
						codec, loss, number, lost, len(packets), whole[number])
				}
			}
			// The last frame may still be waiting for its end.
			if broken != touched && broken != touched-1 {
				t.Errorf("%s, loss %v: %d told broken, %d were", codec, loss, broken, touched)
			}
		}
	}
}

func FuzzAssembler(f *testing.F) {
	f.Add(false, []byte{0x7c, 0x85, 1, 2, 3}, []byte{0x7c, 0x45, 4})
	f.Add(true, []byte{98, 1, 0x93, 1}, []byte{96, 1, 0, 1, 2})
	f.Add(false, []byte{0x78, 0, 1, 0x67, 0, 2, 0x68, 1}, []byte{0, 0, 0, 1, 0x65})
	f.Fuzz(func(_ *testing.T, hevc bool, first, second []byte) {
		codec := media.H264
		if hevc {
			codec = media.H265
		}
		a := newAssembler(codec)
		tell := func(au [][]byte) { _, _ = stamp.Verify(codec, au) } // must not panic
		for i, payload := range [][]byte{first, second, second, first} {
			a.push(&rtp.Packet{
				Header:  rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i / 2), Marker: i == 1},
				Payload: payload,
			}, tell)
		}
	})
}
