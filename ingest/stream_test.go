package ingest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
)

// bitWriter writes what parameter sets are made of.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) bits(v uint32, n int) *bitWriter {
	for i := n - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[len(w.b)-1] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
	return w
}

func (w *bitWriter) ue(v uint32) *bitWriter {
	n := 0
	for (v+1)>>(n+1) != 0 {
		n++
	}
	return w.bits(v+1, 2*n+1)
}

// h264SPS is a baseline sequence parameter set of the given width in macroblocks.
func h264SPS(width uint32) []byte {
	w := (&bitWriter{}).bits(0x67, 8).bits(66, 8).bits(0, 8).bits(30, 8)
	w.ue(0).ue(0).ue(2).ue(1).bits(0, 1).ue(width-1).ue(14).bits(1, 1).bits(1, 1).bits(0, 1).bits(0, 1)
	return w.bits(1, 1).b
}

func h264PPS(id uint32) []byte {
	w := (&bitWriter{}).bits(0x68, 8).ue(id).ue(0).bits(0, 1).bits(0, 1).ue(0).ue(0).ue(0)
	return w.bits(0, 3).ue(0).ue(0).ue(0).bits(0, 3).bits(1, 1).b
}

// Sets of H.265 as far as ingest looks into them.
var (
	h265VPS = []byte{32 << 1, 1, 12, 1, 255}
	h265SPS = []byte{33 << 1, 1, 1, 1, 96}
	h265PPS = []byte{34 << 1, 1, 0xc1, 0x72}
)

// slice makes a NAL unit that looks like a slice: header, the first bit of the slice
// header, and bytes that are never zero (no start code inside).
func slice(rng *rand.Rand, header []byte, first bool, size int) []byte {
	u := append([]byte(nil), header...)
	u = append(u, 0x11)
	if first {
		u[len(u)-1] |= 0x80
	}
	for len(u) < size {
		u = append(u, byte(1+rng.IntN(255)))
	}
	return u
}

// Headers of slices.
var (
	idr264   = []byte{0x65}
	ref264   = []byte{0x41}
	disp264  = []byte{0x01}
	idr265   = []byte{19 << 1, 1}
	cra265   = []byte{21 << 1, 1}
	trail265 = []byte{1 << 1, 1}
	disp265  = []byte{0, 1}
	rasl265  = []byte{9 << 1, 1}
)

// recorder is a sink that keeps everything, and checks what holds for every packet.
type recorder struct {
	t       testing.TB
	maxSize int

	mu      sync.Mutex
	packets [media.NumLayers][]*media.Packet
	tracks  [media.NumLayers][]*media.Track
}

func newRecorder(t testing.TB) *recorder { return &recorder{t: t, maxSize: DefaultMaxPacketSize} }

func (r *recorder) SetTrack(l media.Layer, t *media.Track) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := t.Validate(); err != nil {
		r.t.Errorf("track of %s: %v", l, err)
	}
	r.tracks[l] = append(r.tracks[l], t)
}

func (r *recorder) WritePacket(p *media.Packet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tracks[p.Layer] == nil {
		r.t.Errorf("%s: a packet before its track", p.Layer)
	}
	if p.Size() > r.maxSize {
		r.t.Errorf("%s: packet of %d bytes", p.Layer, p.Size())
	}
	if p.PayloadType != payloadType(p.Layer) {
		r.t.Errorf("%s: payload type %d", p.Layer, p.PayloadType)
	}
	if p.Capture.IsZero() || p.Capture.After(p.Arrival) {
		r.t.Errorf("%s: captured %v, came %v", p.Layer, p.Capture, p.Arrival)
	}
	all := r.packets[p.Layer]
	if n := len(all); n > 0 {
		if last := all[n-1]; p.Seq != last.Seq+1 || p.SSRC != last.SSRC {
			r.t.Errorf("%s: packet %d of %08x after %d of %08x", p.Layer, p.Seq, p.SSRC, last.Seq, last.SSRC)
		}
	}
	r.packets[p.Layer] = append(all, p)
}

func (r *recorder) count(l media.Layer) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.packets[l])
}

func (r *recorder) get(l media.Layer) []*media.Packet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*media.Packet(nil), r.packets[l]...)
}

func (r *recorder) lastTrack(l media.Layer) *media.Track {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.tracks[l]); n > 0 {
		return r.tracks[l][n-1]
	}
	return nil
}

// toRTP is what a viewer's library would read.
func toRTP(t testing.TB, p *media.Packet) *rtp.Packet {
	t.Helper()
	var q rtp.Packet
	if err := q.Unmarshal(p.Raw); err != nil {
		t.Fatal(err)
	}
	return &q
}

// frames puts the recorded pictures together with gortsplib, as a viewer would.
func (r *recorder) frames(l media.Layer, codec media.Codec) (aus [][][]byte) {
	r.t.Helper()
	var d unpacker
	if codec == media.H265 {
		d = &rtph265.Decoder{}
	} else {
		d = &rtph264.Decoder{PacketizationMode: 1}
	}
	for _, p := range r.get(l) {
		au, err := d.Decode(toRTP(r.t, p))
		switch {
		case err == nil:
			aus = append(aus, au)
		case err.Error() != "need more packets":
			r.t.Fatalf("a viewer cannot read packet %d: %v", p.Seq, err)
		case p.Marker:
			r.t.Fatalf("packet %d has the marker and ends no frame", p.Seq)
		}
	}
	return aus
}

func sameUnits(t testing.TB, got, want [][]byte, what string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d units, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("%s: unit %d of %d bytes differs (%d bytes, want %d)",
				what, i, len(got), len(got[i]), len(want[i]))
		}
	}
}

// track is one track on its way through ingest, without RTSP.
type track struct {
	t     testing.TB
	in    *intake
	sink  *recorder
	now   time.Time
	seq   uint16
	ts    uint32
	asked int
}

func newTrack(t testing.TB, f format.Format) *track {
	t.Helper()
	return newTrackOf(t, f, newRecorder(t), OutputConfig{Seed: 1})
}

func newTrackOf(t testing.TB, f format.Format, sink *recorder, cfg OutputConfig) *track {
	t.Helper()
	cfg.setDefaults(testEpoch)
	tr := &track{t: t, sink: sink, now: testEpoch, seq: 65500, ts: 0xfffff000}
	tr.begin(f, newOrigin(cfg, sink))
	return tr
}

func (tr *track) begin(f format.Format, o *origin) {
	tr.t.Helper()
	codec, why := carried(f)
	if why != "" {
		tr.t.Fatal(why)
	}
	c := choice{layer: media.LayerMain, format: f, codec: codec, media: &description.Media{Formats: []format.Format{f}}}
	if !codec.IsVideo() {
		c.layer = media.LayerAudio
	}
	var err error
	if tr.in, err = newIntake(o, c, func() { tr.asked++ }); err != nil {
		tr.t.Fatal(err)
	}
	tr.in.start()
}

// payload sends one packet at the present timestamp.
func (tr *track) payload(b []byte, marker bool) {
	tr.in.push(tr.now, &rtp.Packet{
		Header:  rtp.Header{Version: 2, Marker: marker, SequenceNumber: tr.seq, Timestamp: tr.ts, SSRC: 77},
		Payload: b,
	})
	tr.seq++
}

// next goes on by one frame of the given ticks at the given rate.
func (tr *track) next(ticks, rate int) {
	tr.now = tr.now.Add(time.Duration(ticks) * time.Second / time.Duration(rate))
	tr.ts += uint32(ticks)
}

// cut packetizes an access unit the way a camera does, with payloads up to size.
func cut(t testing.TB, codec media.Codec, size int, units [][]byte) []*rtp.Packet {
	t.Helper()
	var e interface {
		Init() error
		Encode([][]byte) ([]*rtp.Packet, error)
	}
	if codec == media.H265 {
		e = &rtph265.Encoder{PayloadMaxSize: size}
	} else {
		e = &rtph264.Encoder{PayloadMaxSize: size, PacketizationMode: 1}
	}
	if err := e.Init(); err != nil {
		t.Fatal(err)
	}
	pkts, err := e.Encode(units)
	if err != nil {
		t.Fatal(err)
	}
	return pkts
}

// frame sends an access unit in packets of up to size bytes, without those whose
// number is in lost, and goes on by 40 ms.
func (tr *track) frame(units [][]byte, size int, lost ...int) {
	tr.t.Helper()
	for i, p := range cut(tr.t, tr.in.codec, size, units) {
		gone := false
		for _, l := range lost {
			gone = gone || i == l
		}
		if gone {
			tr.seq++
			continue
		}
		tr.payload(p.Payload, p.Marker)
	}
	tr.next(3600, 90000)
}

func aac() *format.MPEG4Audio {
	return &format.MPEG4Audio{
		PayloadTyp: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3,
		Config: &mpeg4audio.AudioSpecificConfig{
			Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelCount: 2,
		},
	}
}

// picture makes access units of a codec.
type picture struct {
	codec         media.Codec
	format        format.Format
	params        [][]byte
	idr, ref, dis []byte
	aud           []byte
}

func pictures() []picture {
	return []picture{
		{
			media.H264, &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: h264SPS(20), PPS: h264PPS(0)},
			[][]byte{h264SPS(20), h264PPS(0)},
			idr264, ref264, disp264,
			[]byte{9, 0x10},
		},
		{
			media.H265, &format.H265{PayloadTyp: 96, VPS: h265VPS, SPS: h265SPS, PPS: h265PPS},
			[][]byte{h265VPS, h265SPS, h265PPS},
			idr265, trail265, disp265,
			[]byte{35 << 1, 1, 0x50},
		},
	}
}

func concat(parts ...[][]byte) (out [][]byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func ExampleTransport() {
	fmt.Println(TransportAuto, TransportUDP, TransportTCP)
	// Output: auto udp tcp
}

func soundFormats() []format.Format {
	return []format.Format{
		aac(),
		&format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 2},
		&format.Opus{PayloadTyp: 98, ChannelCount: 2},
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 40)) }

func nop() *zap.Logger { return zap.NewNop() }
