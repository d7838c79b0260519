package ingest

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// origin is what outlives the sessions of one source: sequence numbers, the
// timeline, and what the sink knows. Each lane is used by one session at a time.
type origin struct {
	cfg   OutputConfig
	sink  Sink
	lanes [media.NumLayers]lane

	mu       sync.Mutex
	timeline *Timeline // guarded by mu: over UDP, picture and sound have a goroutine each
}

func newOrigin(cfg OutputConfig, sink Sink) *origin {
	o := &origin{cfg: cfg, sink: sink, timeline: NewTimeline(cfg.Epoch)}
	seed := cfg.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	rng := rand.New(rand.NewPCG(seed, uint64(len(o.lanes))))
	for i := range o.lanes {
		l := &o.lanes[i]
		l.layer = media.Layer(i)
		l.ssrc, l.seq = rng.Uint32(), uint16(rng.Uint32())
	}
	return o
}

// stamp asks the timeline.
func (o *origin) stamp(l media.Layer, arrival time.Time, ts uint32) Stamp {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.timeline.Stamp(l, arrival, ts)
}

func (o *origin) begin(l media.Layer, rate int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.timeline.Begin(l, rate)
}

func (o *origin) report(l media.Layer, ntp uint64, ts uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.timeline.Report(l, ntp, ts)
}

func (o *origin) tracks() (t [media.NumLayers]*media.Track) {
	for i := range o.lanes {
		t[i] = o.lanes[i].track.Load()
	}
	return t
}

func (o *origin) stats() (s Stats) {
	for i := range o.lanes {
		if p := o.lanes[i].published.Load(); p != nil {
			s[i] = *p
		}
		s[i].KeyFrameAsked = o.lanes[i].asked.Load()
	}
	return s
}

// lane is one layer of a source on its way to the sink. track, asked and
// published may be used from anywhere, the rest belongs to the session's reader.
type lane struct {
	layer media.Layer
	ssrc  uint32
	seq   uint16

	track       atomic.Pointer[media.Track]
	stats       LayerStats
	asked       atomic.Uint64 // key frames asked for
	published   atomic.Pointer[LayerStats]
	publishedAt time.Time
}

// announce tells the sink when the track is another than before.
func (l *lane) announce(sink Sink, t *media.Track) {
	if t.Equal(l.track.Load()) {
		return
	}
	l.stats.TrackChanges++
	l.track.Store(t)
	sink.SetTrack(l.layer, t)
}

// send gives the payloads of one frame our headers and hands them to the sink. The
// packets of a frame share one allocation: they live and die together. s is the
// stamp of the first; sound that was cut up goes on from there at rate, in Hz.
func (l *lane) send(sink Sink, codec media.Codec, rate int, payloads []*rtp.Packet, s Stamp, arrival time.Time) {
	size := 0
	for _, p := range payloads {
		size += rtpHeaderSize + len(p.Payload)
	}
	slab := make([]byte, size)
	for _, p := range payloads {
		h := rtp.Header{
			Version:        2,
			Marker:         p.Marker,
			PayloadType:    payloadType(l.layer),
			SequenceNumber: l.seq,
			Timestamp:      s.Timestamp + p.Timestamp,
			SSRC:           l.ssrc,
		}
		n := rtpHeaderSize + len(p.Payload)
		raw := slab[:n:n]
		slab = slab[n:]
		if _, err := h.MarshalTo(raw); err != nil {
			l.stats.PacketsBad++ // cannot be: the header has a fixed size
			continue
		}
		copy(raw[rtpHeaderSize:], p.Payload)
		out, err := media.Parse(raw, l.layer, codec, arrival)
		if err != nil {
			l.stats.PacketsBad++ // cannot be: we wrote it
			continue
		}
		out.Capture = s.Capture.Add(lasting(p.Timestamp, rate))
		l.seq++
		l.stats.PacketsOut++
		l.stats.BytesOut += uint64(n)
		sink.WritePacket(out)
	}
}

// publish copies the counters out for others to read, at most once a second.
func (l *lane) publish(now time.Time) {
	if now.Sub(l.publishedAt) < time.Second {
		return
	}
	l.publishedAt = now
	s := l.stats
	l.published.Store(&s)
}
