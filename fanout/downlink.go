package fanout

import (
	"cmp"
	"slices"
	"time"

	"github.com/pion/rtcp"

	"github.com/classrelay/classrelay/media"
)

// DownlinkConfig says how one link sends.
type DownlinkConfig struct {
	// QueueAge is how long a frame may wait before it is dropped. Default 80 ms,
	// two frames at 25 fps.
	QueueAge time.Duration
	// MaxRate caps the link in bit/s. Default 100 Mbit/s, a school's line.
	MaxRate int64
}

const (
	defaultQueueAge = 80 * time.Millisecond
	defaultMaxRate  = 100e6
	// reportEvery is how often a flow's sender report goes out: often enough
	// that a lost one leaves a new viewer without capture times for half a
	// second at most, and 0.5 kbit/s.
	reportEvery = 500 * time.Millisecond
	// rateWindow is over which a flow's rate is measured for the pace.
	rateWindow = 2 * time.Second
)

// Downlink is the sending side of one link: it queues what the link's flows have
// to send and says what leaves next and when. Audio goes first; a flow that is
// catching up with its cached group of pictures goes last.
//
// Downlink is a core: it is told the time, and one goroutine owns it. After every
// Push, drain Pop, then wait until Next.
type Downlink struct {
	cfg   DownlinkConfig
	flows []*flow // audio first, then by id
	pace  pace
	stats DownlinkStats
}

// DownlinkStats counts what happened on the sending side of a link.
type DownlinkStats struct {
	Sent     uint64 // packets handed out
	Bytes    uint64
	Dropped  Dropped
	Pace     int64         // bit/s in force
	QueueAge time.Duration // of the oldest frame waiting, catch-up apart
	Queued   int           // bytes waiting
}

type flow struct {
	id     uint64
	layer  media.Layer
	q      queue
	report time.Time // when the next sender report is due
	sent   uint32
	octets uint32
	rate   rate
	want   bool // a key frame should be asked for
}

// Out is one thing to send: the packet of a flow, or RTCP about it.
type Out struct {
	Flow   uint64
	Data   []byte        // RTP or RTCP, without the flow id
	Packet *media.Packet // nil for RTCP
}

// NewDownlink returns a downlink without flows.
func NewDownlink(cfg DownlinkConfig) *Downlink {
	cfg.QueueAge = cmp.Or(cfg.QueueAge, defaultQueueAge)
	cfg.MaxRate = cmp.Or(cfg.MaxRate, int64(defaultMaxRate))
	return &Downlink{cfg: cfg}
}

// Open adds a flow for a layer. It begins in catch-up, so that a cached group of
// pictures may be pushed at once.
func (d *Downlink) Open(now time.Time, id uint64, l media.Layer) {
	f := &flow{id: id, layer: l}
	f.q.video = l.IsVideo()
	f.q.waitKey = f.q.video
	f.q.catchUp = now
	d.flows = append(d.flows, f)
	slices.SortFunc(d.flows, func(a, b *flow) int {
		if a.layer.IsVideo() != b.layer.IsVideo() {
			return cmp.Compare(btoi(a.layer.IsVideo()), btoi(b.layer.IsVideo()))
		}
		return cmp.Compare(a.id, b.id)
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Close forgets a flow and what it had queued.
func (d *Downlink) Close(id uint64) {
	d.flows = slices.DeleteFunc(d.flows, func(f *flow) bool { return f.id == id })
}

// Restart empties a flow's queue and lets it catch up anew, for a layer that is
// switched on again from its cached group of pictures.
func (d *Downlink) Restart(now time.Time, id uint64) {
	if f := d.flow(id); f != nil {
		f.q.clear(&d.stats.Dropped)
		f.q.catchUp = now
	}
}

func (d *Downlink) flow(id uint64) *flow {
	for _, f := range d.flows {
		if f.id == id {
			return f
		}
	}
	return nil
}

// Push queues a packet on a flow. A flow that is not open takes nothing.
func (d *Downlink) Push(now time.Time, id uint64, p *media.Packet) {
	f := d.flow(id)
	if f == nil {
		return
	}
	f.rate.add(p.Arrival, p.Size())
	f.q.push(now, p, &d.stats.Dropped)
}

// Pop returns the next thing to send, if anything may leave at now.
func (d *Downlink) Pop(now time.Time) (Out, bool) {
	d.pace.set(now, d.target(now))
	for _, f := range d.flows {
		f.q.settle(now)
		f.want = f.q.shed(now, d.cfg.QueueAge, &d.stats.Dropped) || f.want
	}
	f := d.choose()
	if f == nil || f.layer.IsVideo() && !d.pace.ready(now) {
		return Out{}, false
	}
	if out, ok := f.senderReport(now); ok {
		d.pace.spend(len(out.Data))
		return out, true
	}
	p := f.q.pop()
	f.sent++
	f.octets += uint32(len(p.Payload()))
	d.pace.spend(p.Size())
	d.stats.Sent++
	d.stats.Bytes += uint64(p.Size())
	return Out{Flow: f.id, Data: p.Raw, Packet: p}, true
}

// choose picks the flow whose turn it is: audio, then the live flow whose frame
// has waited longest, then those that are catching up.
func (d *Downlink) choose() *flow {
	var best *flow
	for _, f := range d.flows {
		if f.q.head() == nil {
			continue
		}
		if !f.layer.IsVideo() {
			return f
		}
		if best == nil || f.before(best) {
			best = f
		}
	}
	return best
}

func (f *flow) before(o *flow) bool {
	if a, b := f.q.catchUp.IsZero(), o.q.catchUp.IsZero(); a != b {
		return a
	}
	return f.q.head().since.Before(o.q.head().since)
}

// senderReport returns an RTCP sender report (RFC 3550 §6.4.1) when one is due:
// in front of the first packet and every half second. Its NTP time is the capture
// time of the packet about to leave, in this node's clock, so the receiver knows
// every packet's capture time from it.
func (f *flow) senderReport(now time.Time) (Out, bool) {
	h := f.q.head()
	p := h.packets[h.sent]
	if p.Capture.IsZero() || now.Before(f.report) {
		return Out{}, false
	}
	f.report = now.Add(reportEvery)
	sr := rtcp.SenderReport{
		SSRC:        p.SSRC,
		NTPTime:     media.NTP(p.Capture),
		RTPTime:     p.Timestamp,
		PacketCount: f.sent,
		OctetCount:  f.octets,
	}
	b, err := sr.Marshal()
	if err != nil {
		return Out{}, false // a report without blocks always fits
	}
	return Out{Flow: f.id, Data: b}, true
}

// Next is when Pop may have something again; zero when there is nothing queued.
func (d *Downlink) Next() time.Time {
	if d.choose() == nil {
		return time.Time{}
	}
	return d.pace.next()
}

// KeyFrames returns the flows that dropped their way to a point where only a key
// frame helps, once each.
func (d *Downlink) KeyFrames() (ids []uint64) {
	for _, f := range d.flows {
		if f.want {
			f.want = false
			ids = append(ids, f.id)
		}
	}
	return ids
}

// target is the pace: a multiple of what the flows carry, so that a key frame,
// eight times an ordinary one, leaves within half a frame's time, and enough for
// one before the flows' rates are known. It stays below 0.8 of the link's cap,
// which leaves room for what else the school does, unless the flows themselves
// need more.
func (d *Downlink) target(now time.Time) int64 {
	var sum int64
	for _, f := range d.flows {
		sum += f.rate.bits(now)
	}
	const perKeyFrame, least = 16, 40_000_000
	room := max(d.cfg.MaxRate*8/10, min(sum*5/4, d.cfg.MaxRate))
	return min(max(perKeyFrame*sum, least), room)
}

// SetMaxRate changes the cap, in bit/s.
func (d *Downlink) SetMaxRate(rate int64) { d.cfg.MaxRate = rate }

// Pace is the rate in bit/s at which the downlink lets packets go.
func (d *Downlink) Pace() int64 { return d.pace.rate }

// Stats returns a copy of the counters.
func (d *Downlink) Stats(now time.Time) DownlinkStats {
	st := d.stats
	st.Pace = d.pace.rate
	for _, f := range d.flows {
		st.Queued += f.q.bytes
		if h := f.q.head(); h != nil && f.q.catchUp.IsZero() {
			st.QueueAge = max(st.QueueAge, now.Sub(h.since))
		}
	}
	return st
}
