package fmp4

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/media"
)

// embedded is the clip of the bench, read once.
var embedded = sync.OnceValues(camera.Embedded)

// epoch is when every test begins.
var epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// ms is a moment of a test, in milliseconds.
func ms(n float64) time.Time { return epoch.Add(time.Duration(n * float64(time.Millisecond))) }

var (
	h264Track = &media.Track{Codec: media.H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000"}
	h265Track = &media.Track{Codec: media.H265, PayloadType: 96, ClockRate: 90000, RTPMap: "H265/90000"}
	opusTrack = &media.Track{Codec: media.Opus, PayloadType: 97, ClockRate: 48000, RTPMap: "opus/48000/2"}
	pcmaTrack = &media.Track{Codec: media.G711, PayloadType: 8, ClockRate: 8000, RTPMap: "PCMA/8000"}
	aacTrack  = &media.Track{
		Codec: media.AAC, PayloadType: 97, ClockRate: 48000, RTPMap: "mpeg4-generic/48000/2",
		FMTP: map[string]string{
			"mode": "AAC-hbr", "config": "1190", "SizeLength": "13", "indexlength": "3", "indexdeltalength": "3",
		},
	}
)

const (
	videoStart = 0xfffffff0 // the timestamp at epoch: it wraps soon
	soundStart = 1000
)

// rig drives a muxer and reads back what it wrote.
type rig struct {
	t    *testing.T
	m    *Muxer
	clip *camera.Clip

	seq, soundSeq uint16
	layer         media.Layer
	shown         uint64
	starts        []*Start
	inits         []*fmp4.Init
	raw           [][]byte // the init segments as they are
	parts         []*fmp4.Part
	keys          []bool
	stream        bytes.Buffer // all of it
}

func newRig(t *testing.T, video, audio *media.Track) *rig {
	t.Helper()
	clip, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, m: NewMuxer(), clip: clip}
	if err := r.m.Attach(video, audio); err != nil {
		t.Fatal(err)
	}
	return r
}

// videoStamp is the timestamp of what is taken at ms at.
func videoStamp(at float64) uint32 { return uint32(int64(videoStart) + int64(at*90)) }

func soundStamp(at float64) uint32 { return uint32(soundStart + int64(at*48)) }

// reports says that both time lines follow the time of capture, or are off.
func (r *rig) reports(at, off float64) {
	r.m.PictureReport(ms(at+off), videoStamp(at))
	r.m.SoundReport(ms(at+off), soundStamp(at))
	r.drain()
}

// picture shows the clip's next picture, taken at ms at.
func (r *rig) picture(at float64) {
	r.t.Helper()
	nals := r.clip.Picture(r.layer, r.shown).NALs
	r.shown++
	r.access(at, nals)
}

// access sends an access unit of H.264.
func (r *rig) access(at float64, nals [][]byte) {
	r.t.Helper()
	e := &rtph264.Encoder{PayloadType: 96, PayloadMaxSize: 1200, InitialSequenceNumber: &r.seq, PacketizationMode: 1}
	if err := e.Init(); err != nil {
		r.t.Fatal(err)
	}
	packets, err := e.Encode(nals)
	r.send(at, packets, err)
}

// accessH265 is the same for H.265.
func (r *rig) accessH265(at float64, nals [][]byte) {
	r.t.Helper()
	e := &rtph265.Encoder{PayloadType: 96, PayloadMaxSize: 1200, InitialSequenceNumber: &r.seq}
	if err := e.Init(); err != nil {
		r.t.Fatal(err)
	}
	packets, err := e.Encode(nals)
	r.send(at, packets, err)
}

func (r *rig) send(at float64, packets []*rtp.Packet, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range packets {
		p.Timestamp = videoStamp(at)
		r.m.Picture(p)
		r.seq++
	}
	r.drain()
}

// sound sends one packet of AAC-hbr that begins at ms at.
func (r *rig) sound(at float64, units ...[]byte) {
	bits := 16 * len(units)
	payload := []byte{byte(bits >> 8), byte(bits)}
	for _, u := range units {
		payload = append(payload, byte(len(u)>>5), byte(len(u)<<3))
	}
	for _, u := range units {
		payload = append(payload, u...)
	}
	r.soundPacket(at, payload)
}

func (r *rig) soundPacket(at float64, payload []byte) {
	r.m.Sound(&rtp.Packet{
		Header:  rtp.Header{Version: 2, Marker: true, SequenceNumber: r.soundSeq, Timestamp: soundStamp(at)},
		Payload: payload,
	})
	r.soundSeq++
	r.drain()
}

// drain reads what the muxer wrote with mediacommon's readers.
func (r *rig) drain() {
	r.t.Helper()
	for s, ok := r.m.Pop(); ok; s, ok = r.m.Pop() {
		r.stream.Write(s.Data)
		if s.Start != nil {
			in := &fmp4.Init{}
			if err := in.Unmarshal(bytes.NewReader(s.Data)); err != nil {
				r.t.Fatal(err)
			}
			r.starts, r.inits, r.raw = append(r.starts, s.Start), append(r.inits, in), append(r.raw, s.Data)
			continue
		}
		var parts fmp4.Parts
		if err := parts.Unmarshal(s.Data); err != nil {
			r.t.Fatal(err)
		}
		if len(parts) != 1 || int(parts[0].SequenceNumber) != len(r.parts)+1 {
			r.t.Fatalf("fragment %d: %d parts, numbered %d", len(r.parts)+1, len(parts), parts[0].SequenceNumber)
		}
		r.parts, r.keys = append(r.parts, parts[0]), append(r.keys, s.Key)
	}
}

// track is what one track has in all fragments, the samples in order.
type trackRead struct {
	bases     []uint64 // of each fragment that has the track
	dts       []int64
	pts       []int64
	durations []int64
	sync      []bool
	payloads  [][]byte
}

func (r *rig) track(id int) (out trackRead) {
	for _, p := range r.parts {
		for _, t := range p.Tracks {
			if t.ID != id {
				continue
			}
			out.bases = append(out.bases, t.BaseTime)
			at := int64(t.BaseTime)
			for _, s := range t.Samples {
				out.dts = append(out.dts, at)
				out.pts = append(out.pts, at+int64(s.PTSOffset))
				out.durations = append(out.durations, int64(s.Duration))
				out.sync = append(out.sync, !s.IsNonSyncSample)
				out.payloads = append(out.payloads, s.Payload)
				at += int64(s.Duration)
			}
		}
	}
	return out
}

func equal[T comparable](t *testing.T, what string, got []T, want ...T) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: %v, want %v", what, got, want)
		}
	}
}
