package playout

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/internal/mediatest"
	"github.com/classrelay/classrelay/media"
)

// epoch is when every test begins.
var epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// ms is a moment of a test, in milliseconds.
func ms(n float64) time.Time { return epoch.Add(time.Duration(n * float64(time.Millisecond))) }

var h264 = &media.Track{Codec: media.H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000"}

var opus = &media.Track{Codec: media.Opus, PayloadType: 97, ClockRate: 48000, RTPMap: "opus/48000/2"}

// clip makes packets as ingest does: one frame every 40 ms.
type clip struct {
	t       *testing.T
	layer   media.Layer
	ssrc    uint32
	seq     uint16
	offset  uint32 // of RTP timestamps
	unknown bool   // no capture times
	made    int    // how many frames room.film has made
}

// shot is one frame of a clip, in packets.
type shot struct {
	packets    []*media.Packet
	key        bool
	disposable bool
}

// frame makes a frame taken at ms at, of n packets.
func (c *clip) frame(at float64, n int, key, disposable bool) shot {
	c.t.Helper()
	s := shot{key: key, disposable: disposable}
	for i := range n {
		var payload []byte
		switch {
		case key && i == 0:
			payload = []byte{24, 0, 4, 0x67, 1, 2, 3, 0, 2, 0x68, 1} // STAP-A of SPS and PPS
		case key:
			payload = []byte{0x7c, 5, byte(i), byte(i >> 8)} // FU-A of an IDR slice
			if i == 1 {
				payload[1] |= 0x80
			}
		case disposable:
			payload = []byte{0x1c, 1, byte(i)}
		default:
			payload = []byte{0x5c, 1, byte(i)}
		}
		s.packets = append(s.packets, c.packet(at, payload, i == n-1))
	}
	return s
}

func (c *clip) packet(at float64, payload []byte, marker bool) *media.Packet {
	c.t.Helper()
	capture := ms(at)
	if c.unknown {
		capture = time.Time{}
	}
	seq := c.seq
	c.seq++
	return mediatest.Packet(c.t, c.layer, media.H264, ms(at), capture, &rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: marker, PayloadType: 96, SequenceNumber: seq,
			Timestamp: c.offset + uint32(int64(at*90)), SSRC: c.ssrc,
		},
		Payload: append(payload, make([]byte, 8)...),
	})
}

// gop makes a key frame of three packets and n-1 others of two, from ms at on.
func (c *clip) gop(at float64, n int) []shot {
	c.t.Helper()
	shots := []shot{c.frame(at, 3, true, false)}
	for i := 1; i < n; i++ {
		shots = append(shots, c.frame(at+40*float64(i), 2, false, false))
	}
	return shots
}

// got is one packet that came out.
type got struct {
	at  time.Time
	out rtp.Packet
}

// rig drives a splicer: it pushes, pops until dry, and lets time pass.
type rig struct {
	t    *testing.T
	s    *Splicer
	out  []got
	asks []media.Layer
}

func newRig(t *testing.T, cfg Config, layers ...media.Layer) *rig {
	t.Helper()
	if len(layers) == 0 {
		layers = []media.Layer{media.LayerMain, media.LayerSub}
	}
	if cfg.MaxWait == 0 {
		cfg.MaxWait = 200 * time.Millisecond // short, so that the tests can count
	}
	return &rig{t: t, s: NewSplicer(cfg, h264, Start{Seq: 65534, Timestamp: 1000}, layers...)}
}

func (r *rig) drain(now time.Time) {
	for {
		p, ok := r.s.Pop(now)
		if !ok {
			break
		}
		r.out = append(r.out, got{now, p})
	}
	if l, ok := r.s.KeyFrameWanted(now); ok {
		r.asks = append(r.asks, l)
	}
}

// push hands over packets at ms at and drains.
func (r *rig) push(at float64, packets ...*media.Packet) {
	r.wait(at)
	for _, p := range packets {
		r.s.Push(ms(at), p)
	}
	r.drain(ms(at))
}

// wait lets time pass up to ms at, waking the splicer when it asked to be.
func (r *rig) wait(at float64) {
	for {
		next := r.s.Next()
		if next.IsZero() || !next.Before(ms(at)) {
			return
		}
		r.drain(next)
		if again := r.s.Next(); !again.IsZero() && !again.After(next) {
			r.t.Fatalf("Next stays at %v after Pop", next.Sub(epoch))
		}
	}
}

// sent is a frame that came out, in ms since the beginning.
type sent struct {
	at, stamp float64
	packets   int
}

// frames groups what came out by timestamp, which counts from the first frame.
func (r *rig) frames() []sent {
	r.t.Helper()
	var frames []sent
	last := uint32(0)
	for i, g := range r.out {
		if want := uint16(65534 + i); g.out.SequenceNumber != want {
			r.t.Fatalf("packet %d has number %d, want %d", i, g.out.SequenceNumber, want)
		}
		if i == 0 || g.out.Timestamp != last {
			frames = append(frames, sent{
				at:    float64(g.at.Sub(epoch)) / 1e6,
				stamp: float64(int32(g.out.Timestamp-1000)) / 90,
			})
		}
		last = g.out.Timestamp
		frames[len(frames)-1].packets++
	}
	return frames
}

func (r *rig) expect(want ...sent) {
	r.t.Helper()
	frames := r.frames()
	for i := range max(len(frames), len(want)) {
		switch {
		case i >= len(frames):
			r.t.Fatalf("frame %d did not come: want %+v", i, want[i])
		case i >= len(want):
			r.t.Fatalf("frame %d came too much: %+v", i, frames[i])
		case frames[i] != want[i]:
			r.t.Errorf("frame %d: %+v, want %+v", i, frames[i], want[i])
		}
	}
	if st := r.s.Stats(); st.Broken != 0 {
		r.t.Errorf("%d broken frames handed on", st.Broken)
	}
}
