package fanout

import (
	"time"

	"github.com/pion/rtcp"

	"github.com/classrelay/classrelay/internal/quantile"
	"github.com/classrelay/classrelay/media"
)

// pendingMost is how many packets of a flow wait for its track to be announced:
// the announcement travels on a stream, and a lost piece of it takes a round trip
// longer than the first packets.
const pendingMost = 256

// Uplink is the receiving side of one link: it turns what came on a flow back
// into packets of a feed's layer, drops duplicates, counts losses, and knows from
// the sender reports when each packet was captured.
//
// Uplink is a core: it is told the time, and one goroutine owns it.
type Uplink struct {
	flows  map[uint64]*inflow
	offset time.Duration // the peer's clock minus ours
	known  bool
	out    []Received
	popped int // how many of out are gone
	stray  uint64
}

// Received is a packet and the feed it is for.
type Received struct {
	Feed   media.FeedID
	Packet *media.Packet
}

// UplinkFlow is what is known about one flow that comes in.
type UplinkFlow struct {
	Feed      media.FeedID
	Layer     media.Layer
	Packets   uint64
	Bytes     uint64
	Lost      uint64 // sequence numbers that never came
	Duplicate uint64
	Bad       uint64 // not RTP, or not parsable
	Latency   quantile.Summary
	Last      time.Time
}

type inflow struct {
	feed    media.FeedID
	layer   media.Layer
	track   *media.Track
	ssrc    uint32
	seen    seen
	earlier uint64 // lost under earlier SSRCs
	report  senderReport
	pending []held
	stats   UplinkFlow
	latency quantile.Recent
}

type held struct {
	raw []byte
	at  time.Time
}

// senderReport ties an RTP timestamp to the peer's wall clock (RFC 3550 §6.4.1).
type senderReport struct {
	at        time.Time
	timestamp uint32
	known     bool
}

// NewUplink returns an uplink without flows.
func NewUplink() *Uplink { return &Uplink{flows: make(map[uint64]*inflow)} }

// Open expects packets of a feed's layer on a flow. The track may still be
// unknown (nil); a few packets wait for it then.
func (u *Uplink) Open(id uint64, feed media.FeedID, l media.Layer, t *media.Track) {
	u.flows[id] = &inflow{feed: feed, layer: l, track: t, stats: UplinkFlow{Feed: feed, Layer: l}}
}

// Close forgets a flow.
func (u *Uplink) Close(id uint64) { delete(u.flows, id) }

// SetTrack says how a flow is encoded, and lets go of the packets that waited
// for that.
func (u *Uplink) SetTrack(id uint64, t *media.Track) {
	f := u.flows[id]
	if f == nil || t == nil {
		return
	}
	f.track = t
	pending := f.pending
	f.pending = nil
	for _, h := range pending {
		u.rtp(h.at, f, h.raw)
	}
}

// SetOffset says how far the peer's clock is ahead of ours.
func (u *Uplink) SetOffset(offset time.Duration) { u.offset, u.known = offset, true }

// Push takes what came on a flow: an RTP packet or RTCP about it, told apart by
// the second byte (RFC 5761 §4). It keeps b. What belongs to no flow is counted.
func (u *Uplink) Push(now time.Time, id uint64, b []byte) {
	f := u.flows[id]
	switch {
	case f == nil:
		u.stray++
	case len(b) >= 2 && b[1] >= 192 && b[1] <= 223:
		f.rtcp(b)
	case f.track == nil:
		// Full: the oldest goes, for the newest may begin with a key frame.
		if len(f.pending) == pendingMost {
			f.pending = f.pending[1:]
		}
		f.pending = append(f.pending, held{raw: b, at: now})
	default:
		u.rtp(now, f, b)
	}
}

func (f *inflow) rtcp(b []byte) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		f.stats.Bad++
		return
	}
	for _, p := range packets {
		if sr, ok := p.(*rtcp.SenderReport); ok {
			f.report = senderReport{at: media.FromNTP(sr.NTPTime), timestamp: sr.RTPTime, known: true}
			if f.ssrc != sr.SSRC {
				f.restart(sr.SSRC)
			}
		}
	}
}

// restart begins a new count, for a source that began anew with another SSRC.
func (f *inflow) restart(ssrc uint32) {
	f.earlier += f.seen.lost()
	f.ssrc, f.seen = ssrc, seen{}
}

func (u *Uplink) rtp(now time.Time, f *inflow, raw []byte) {
	p, err := media.Parse(raw, f.layer, f.track.Codec, now)
	if err != nil {
		f.stats.Bad++
		return
	}
	if p.SSRC != f.ssrc {
		f.restart(p.SSRC)
		f.report.known = false
	}
	if !f.seen.add(p.Seq) {
		f.stats.Duplicate++
		return
	}
	f.stats.Packets++
	f.stats.Bytes += uint64(p.Size())
	f.stats.Last = now
	u.date(f, p)
	if p.Marker && !p.Capture.IsZero() {
		f.latency.Add(now, now.Sub(p.Capture))
	}
	u.out = append(u.out, Received{Feed: f.feed, Packet: p})
}

// date sets the capture time in our clock, once a sender report and the peer's
// offset are known.
func (u *Uplink) date(f *inflow, p *media.Packet) {
	if !f.report.known || !u.known {
		return
	}
	since := time.Duration(media.TimestampDiff(p.Timestamp, f.report.timestamp)) * time.Second /
		time.Duration(f.track.ClockRate)
	p.Capture = f.report.at.Add(since - u.offset)
}

// Pop returns the next packet for a feed.
func (u *Uplink) Pop() (Received, bool) {
	if u.popped == len(u.out) {
		u.out, u.popped = u.out[:0], 0
		return Received{}, false
	}
	r := u.out[u.popped]
	u.out[u.popped] = Received{}
	u.popped++
	return r, true
}

// Flow returns what is known about a flow.
func (u *Uplink) Flow(now time.Time, id uint64) (UplinkFlow, bool) {
	f := u.flows[id]
	if f == nil {
		return UplinkFlow{}, false
	}
	st := f.stats
	st.Lost = f.earlier + f.seen.lost()
	st.Latency = f.latency.Summary(now)
	return st, true
}

// Stray is how many datagrams came for flows that are not open.
func (u *Uplink) Stray() uint64 { return u.stray }
