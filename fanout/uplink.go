package fanout

import (
	"encoding/binary"
	"time"

	"github.com/classrelay/classrelay/internal/feedback"
	"github.com/classrelay/classrelay/internal/repair"
	"github.com/classrelay/classrelay/media"
)

// Uplink is the receiving side of one link: it turns what came on a flow back
// into packets of a feed's layer, restores what was lost, tells the other end
// what came and what is missing, and knows from the sender reports when each
// packet was captured.
//
// Packets are handed on as they come, repaired ones when they are repaired:
// a middle hop neither waits nor reorders.
//
// Uplink is a core: it is told the time, and one goroutine owns it. After every
// Push, drain Pop and PopReport, then wait until Next.
type Uplink struct {
	flows    map[uint64]*inflow
	recorder *feedback.Recorder
	path     repair.Path
	clock    peerClock
	out      []Received
	popped   int // how many of out are gone
	stray    uint64
}

// Received is a packet and the feed it is for.
type Received struct {
	Feed   media.FeedID
	Packet *media.Packet
}

// NewUplink returns an uplink without flows. Deadline is what a frame may take
// over this link, repair included; 0 means 200 ms.
func NewUplink(deadline time.Duration) *Uplink {
	return &Uplink{
		flows:    make(map[uint64]*inflow),
		recorder: feedback.NewRecorder(feedback.RecorderConfig{}),
		path:     repair.Path{Deadline: deadline},
	}
}

// Open expects packets of a feed's layer on a flow. The track may still be
// unknown (nil); a few packets wait for it then.
func (u *Uplink) Open(id uint64, feed media.FeedID, l media.Layer, t *media.Track) {
	f := newInflow(feed, l, t)
	if f.repair != nil {
		f.repair.SetPath(u.path)
	}
	u.flows[id] = f
}

// Close forgets a flow.
func (u *Uplink) Close(id uint64) {
	delete(u.flows, id)
	u.recorder.Forget(id)
}

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
		u.rtp(h.at, id, f, h.raw)
	}
}

// SetOffset says how far the peer's clock was ahead of ours at a time of ours.
func (u *Uplink) SetOffset(at time.Time, offset time.Duration) { u.clock.set(at, offset) }

// SetPath tells the link's round trip without queue.
func (u *Uplink) SetPath(rtt time.Duration) {
	if rtt <= 0 || rtt == u.path.RTT {
		return
	}
	u.path.RTT = rtt
	for _, f := range u.flows {
		if f.repair != nil {
			f.repair.SetPath(u.path)
		}
	}
}

// Push takes what came on a flow: an RTP packet or RTCP about it, told apart by
// the second byte (RFC 5761 §4), parity, or padding. It keeps b. What belongs to
// no flow is counted.
func (u *Uplink) Push(now time.Time, id uint64, b []byte) {
	switch {
	case id == ProbeFlow:
		if len(b) >= 2 {
			u.recorder.Arrived(now, ProbeFlow, binary.BigEndian.Uint16(b))
		}
		return
	case id >= RepairOffset:
		u.parity(now, id-RepairOffset, b)
		return
	}
	f := u.flows[id]
	switch {
	case f == nil:
		u.stray++
	case len(b) >= 2 && b[1] >= 192 && b[1] <= 223:
		f.rtcp(now, b)
	case f.track == nil:
		f.hold(now, b)
	default:
		u.rtp(now, id, f, b)
	}
}

// rtp takes an RTP packet off the wire.
func (u *Uplink) rtp(now time.Time, id uint64, f *inflow, raw []byte) {
	p, err := media.Parse(raw, f.layer, f.track.Codec, now)
	if err != nil {
		f.stats.Bad++
		return
	}
	u.recorder.Arrived(now, id, p.Seq)
	if f.fresh(now, p) {
		u.deliver(now, f, p)
	}
	u.mended(now, id, f)
}

// parity takes a repair packet.
func (u *Uplink) parity(now time.Time, id uint64, b []byte) {
	f := u.flows[id]
	if f == nil || f.repair == nil {
		u.stray++
		return
	}
	f.stats.Parity++
	_ = f.repair.PushRepair(now, b) // of no use: counted by the receiver itself
	u.mended(now, id, f)
}

// mended hands on what has been restored, and passes on what is missing.
func (u *Uplink) mended(now time.Time, id uint64, f *inflow) {
	if f.repair == nil || f.track == nil {
		return
	}
	for raw, ok := f.repair.Pop(now); ok; raw, ok = f.repair.Pop(now) {
		p, err := media.Parse(raw, f.layer, f.track.Codec, now)
		if err != nil {
			f.stats.Bad++
			continue
		}
		u.deliver(now, f, p)
	}
	for q, ok := f.repair.PopRequest(now); ok; q, ok = f.repair.PopRequest(now) {
		u.recorder.Request(now, id, q)
	}
}

// deliver dates a packet and queues it for its feed.
func (u *Uplink) deliver(now time.Time, f *inflow, p *media.Packet) {
	f.stats.Packets++
	f.stats.Bytes += uint64(p.Size())
	f.stats.Last = now
	u.date(now, f, p)
	p.Leap = f.leap != nil && *f.leap == p.Seq
	if p.Marker && !p.Capture.IsZero() {
		f.latency.Add(now, now.Sub(p.Capture))
	}
	u.out = append(u.out, Received{Feed: f.feed, Packet: p})
}

// date sets the capture time in our clock, once a sender report and the peer's
// clock are known.
func (u *Uplink) date(now time.Time, f *inflow, p *media.Packet) {
	if !f.report.known || !u.clock.known {
		return
	}
	since := lasting(media.TimestampDiff(p.Timestamp, f.report.timestamp), f.track.ClockRate)
	at := u.clock.ours(f.report.at).Add(since)
	p.Capture = f.dates.follow(now, p.Timestamp, f.track.ClockRate, at)
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

// Tick asks for what is due to be asked for. To be called at Next or more often.
func (u *Uplink) Tick(now time.Time) {
	for id, f := range u.flows {
		if f.repair != nil && !after(f.repair.Next(), now) {
			u.mended(now, id, f)
		}
	}
}

// after tells whether a time is still to come; zero is never.
func after(t, now time.Time) bool { return t.IsZero() || t.After(now) }

// PopReport returns the report to send on FeedbackFlow, if one is due.
func (u *Uplink) PopReport(now time.Time) ([]byte, bool) { return u.recorder.Pop(now) }

// Next is when Tick or PopReport will have something; zero: nothing comes.
func (u *Uplink) Next() time.Time {
	next := u.recorder.Next()
	for _, f := range u.flows {
		if f.repair != nil {
			next = soonest(next, f.repair.Next())
		}
	}
	return next
}

// Flow returns what is known about a flow.
func (u *Uplink) Flow(now time.Time, id uint64) (UplinkFlow, bool) {
	f := u.flows[id]
	if f == nil {
		return UplinkFlow{}, false
	}
	return f.status(now), true
}

// Stray is how many datagrams came for flows that are not open.
func (u *Uplink) Stray() uint64 { return u.stray }
