package ingest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

type discard struct{}

func (discard) SetTrack(media.Layer, *media.Track) {}
func (discard) WritePacket(*media.Packet)          {}

func BenchmarkPicture(b *testing.B) {
	pic := pictures()[0]
	rng := rand.New(rand.NewPCG(17, 17))
	tr := newTrack(b, pic.format)
	tr.in.origin.sink = discard{}
	// 4 Mbit/s at 25 frames per second, a key frame every two seconds.
	pkts := cut(b, media.H264, 1400, [][]byte{slice(rng, pic.ref, true, 20000)})
	key := cut(b, media.H264, 1400, concat(pic.params, [][]byte{slice(rng, pic.idr, true, 80000)}))
	b.ReportAllocs()
	// One packet at a time, so that ns/op is per packet of the camera.
	frame, at, frames := key, 0, 1
	for b.Loop() {
		tr.payload(frame[at].Payload, frame[at].Marker)
		if at++; at < len(frame) {
			continue
		}
		tr.next(3600, 90000)
		frame, at = pkts, 0
		if frames++; frames%50 == 0 {
			frame = key
		}
	}
}

func BenchmarkSound(b *testing.B) {
	tr := newTrack(b, aac())
	tr.in.origin.sink = discard{}
	payload := append([]byte{0, 16, 350 >> 5, 350 << 3 & 0xff}, make([]byte, 350)...)
	b.ReportAllocs()
	for b.Loop() {
		tr.payload(payload, true)
		tr.next(1024, 48000)
	}
}

func BenchmarkStamp(b *testing.B) {
	tl := NewTimeline(testEpoch)
	tl.Begin(media.LayerMain, 90000)
	now, ts := testEpoch, uint32(0)
	for b.Loop() {
		tl.Stamp(media.LayerMain, now, ts)
		now, ts = now.Add(40*time.Millisecond), ts+3600
	}
}
