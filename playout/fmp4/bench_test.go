package fmp4

import (
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/media"
)

// BenchmarkPicture is the work for one picture of the clip, from packets to a fragment.
func BenchmarkPicture(b *testing.B) {
	clip, err := camera.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	e := &rtph264.Encoder{PayloadType: 96, PayloadMaxSize: 1200, PacketizationMode: 1}
	if err := e.Init(); err != nil {
		b.Fatal(err)
	}
	var pictures [][]*rtp.Packet
	size := 0
	for i := range uint64(clip.Len()) {
		packets, err := e.Encode(clip.Picture(media.LayerMain, i).NALs)
		if err != nil {
			b.Fatal(err)
		}
		pictures = append(pictures, packets)
		for _, p := range packets {
			size += len(p.Payload)
		}
	}
	m := NewMuxer()
	if err := m.Attach(h264Track, nil); err != nil {
		b.Fatal(err)
	}
	m.PictureReport(epoch, 0)
	b.SetBytes(int64(size / len(pictures)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for _, p := range pictures[i%len(pictures)] {
			p.Timestamp = uint32(3600 * i)
			m.Picture(p)
		}
		for _, ok := m.Pop(); ok; _, ok = m.Pop() {
		}
	}
}
