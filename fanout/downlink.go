package fanout

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/pacer"
	"github.com/classrelay/classrelay/media"
)

// DownlinkConfig says how one link sends.
type DownlinkConfig struct {
	// QueueAge is how long a frame may wait before it is dropped, with all that
	// cannot be decoded without it. Default 200 ms: with the way over a rural link
	// the frame is late then. Less costs whole groups of pictures on a link that
	// just carries the flow: there a key frame alone takes that long.
	QueueAge time.Duration
	// MaxRate caps the link in bit/s. Default 100 Mbit/s, a school's line.
	MaxRate int64
	// Deadline is what a frame may take over this link, repair included. Default
	// 200 ms: the promise of 300 less the way to the screen.
	Deadline time.Duration
	// Allocator decides together with other links. Nil: the link decides alone.
	Allocator Allocator
	// Seed of the times of probes. Two links need two seeds.
	Seed uint64
}

const (
	defaultQueueAge = 200 * time.Millisecond
	defaultMaxRate  = 100e6
)

// Downlink is the sending side of one link: it queues what the link's flows have
// to send, decides which layer of each picture that is, adds parity, answers
// requests for more, and says what leaves next and when.
//
// The cores it is made of, in packet order: queue (age), pacer (when), repair
// (parity), ledger and loss model (what became of it), steering (what fits).
//
// Downlink is a core itself: it is told the time, and one goroutine owns it. After
// every Push or Feedback, drain Pop, then wait until Next.
type Downlink struct {
	cfg   DownlinkConfig
	flows []*flow // sound first, then by id
	pacer *pacer.Pacer[Out]
	mend  mending
	steer steering
	stats DownlinkStats

	restarts []uint64 // flows to begin anew from the cached group of pictures
}

// Out is one thing to send: a packet of a flow, RTCP about it, parity, padding.
type Out struct {
	Flow   uint64
	Data   []byte        // without the flow id
	Packet *media.Packet // of media, else nil
	class  pacer.Class
	again  bool   // a copy of a packet of sound
	probe  uint16 // sequence number of padding
}

// DownlinkStats counts what happened on the sending side of a link.
type DownlinkStats struct {
	Sent     uint64 // media packets handed out, copies of sound not counted
	Bytes    uint64
	Copies   uint64 // packets of sound sent again
	Parity   uint64 // bytes of repair packets
	Padding  uint64 // bytes of probes
	Reports  uint64 // RTCP packets
	Dropped  Dropped
	QueueAge time.Duration // of the oldest frame waiting, catch-up apart
	Queued   int           // bytes waiting
	Repair   RepairSent
	Path     PathState
}

// NewDownlink returns a downlink without flows.
func NewDownlink(cfg DownlinkConfig) *Downlink {
	cfg.QueueAge = cmp.Or(cfg.QueueAge, defaultQueueAge)
	cfg.MaxRate = cmp.Or(cfg.MaxRate, int64(defaultMaxRate))
	d := &Downlink{cfg: cfg, pacer: pacer.New[Out](pacer.Config{})}
	d.mend = newMending(cfg.Deadline)
	d.steer = newSteering(cfg, rand.New(rand.NewPCG(cfg.Seed, 1))) //nolint:gosec // only spreads probes
	return d
}

// Open adds a flow for a layer of a feed. It begins in catch-up, so that a cached
// group of pictures may be pushed at once; whether it is sent is decided with the
// next verdict.
func (d *Downlink) Open(now time.Time, id uint64, feed media.FeedID, l media.Layer, o FlowOptions) {
	f := &flow{id: id, feed: feed, layer: l, opened: now}
	f.q.video = l.IsVideo()
	f.q.waitKey = f.q.video
	f.q.catchUp = now
	if l.IsVideo() {
		f.repair = d.mend.sender()
	} else {
		f.active, f.since = true, now
	}
	d.flows = append(d.flows, f)
	slices.SortFunc(d.flows, func(a, b *flow) int {
		return cmp.Or(cmp.Compare(rank(a.layer), rank(b.layer)), cmp.Compare(a.id, b.id))
	})
	d.steer.want(feed, l, o)
	d.decide(now)
}

// SetOptions changes how a flow is treated.
func (d *Downlink) SetOptions(now time.Time, id uint64, o FlowOptions) {
	if f := d.flow(id); f != nil {
		d.steer.want(f.feed, f.layer, o)
		d.decide(now)
	}
}

func rank(l media.Layer) int {
	if l.IsVideo() {
		return 1
	}
	return 0
}

// Close forgets a flow and what it had queued.
func (d *Downlink) Close(now time.Time, id uint64) {
	f := d.flow(id)
	if f == nil {
		return
	}
	d.flows = slices.DeleteFunc(d.flows, func(f *flow) bool { return f.id == id })
	d.pacer.DropFlow(pacer.Flow(id), nil)
	d.mend.ledger.Forget(id)
	d.steer.leave(f.feed, f.layer)
	d.decide(now)
}

func (d *Downlink) flow(id uint64) *flow {
	for _, f := range d.flows {
		if f.id == id {
			return f
		}
	}
	return nil
}

// Push queues a packet on a flow. Packets of a layer that is not being sent are
// looked at too: for its rate, and for the key frame at which it may begin.
func (d *Downlink) Push(now time.Time, id uint64, p *media.Packet) {
	f := d.flow(id)
	if f == nil {
		return
	}
	f.rate.Add(p.Arrival, p.Size())
	f.keys.note(p)
	if f.armed && p.Key {
		d.begin(now, f)
	}
	if f.active {
		f.q.push(now, p, &d.stats.Dropped)
	}
}

// begin makes an armed flow the one that is sent, at its key frame.
func (d *Downlink) begin(now time.Time, f *flow) {
	f.armed, f.active, f.given, f.since = false, true, false, now
	f.q.waitKey, f.q.gap = true, true
	for _, o := range d.flows {
		if o != f && o.feed == f.feed && o.layer.IsVideo() && !d.steer.always(o.feed, o.layer) {
			d.end(now, o)
		}
	}
	d.steer.changed(now, true)
}

// end stops sending a flow at once: what has not left is dropped.
func (d *Downlink) end(now time.Time, f *flow) {
	f.armed = false
	if !f.active {
		return
	}
	f.active, f.since = false, now
	f.q.clear(&d.stats.Dropped)
	d.pacer.DropFlow(pacer.Flow(f.id), nil)
}

// Pop returns the next thing to send, if anything may leave at now.
func (d *Downlink) Pop(now time.Time) (Out, bool) {
	d.age(now)
	d.fill(now)
	out, ok := d.pacer.Pop(now)
	if !ok {
		return Out{}, false
	}
	d.left(now, &out)
	return out, true
}

// age applies the age rule to every flow.
func (d *Downlink) age(now time.Time) {
	for _, f := range d.flows {
		f.q.settle(now)
		f.want = f.q.shed(now, d.cfg.QueueAge, &d.stats.Dropped) || f.want
	}
}

// pacerHolds is how many bytes of pictures wait in the pacer rather than in the
// queues: a few milliseconds' worth, so that what is dropped is dropped here.
const pacerHolds = 16 * 1311

// fill moves what is next into the pacer: sound at once, pictures as far as they
// will leave soon.
func (d *Downlink) fill(now time.Time) {
	for _, f := range d.flows {
		if f.layer.IsVideo() {
			break // sound comes first in flows
		}
		for p := f.q.pop(); p != nil; p = f.q.pop() {
			d.enqueue(now, f, p, pacer.Audio, false)
		}
		for p, ok := f.echo.Pop(now); ok; p, ok = f.echo.Pop(now) {
			d.enqueue(now, f, p, pacer.Audio, true)
		}
	}
	if d.steer.blackout() {
		d.knock(now)
		return // sound only until something comes back
	}
	for d.pacer.Queued(pacer.Media) < pacerHolds {
		f := d.choose()
		if f == nil {
			break
		}
		p := f.q.pop()
		if notice, ok := f.leapt(p); ok {
			d.rtcp(now, f.id, notice)
		}
		d.enqueue(now, f, p, pacer.Media, false)
	}
	d.pad(now)
}

// enqueue hands a packet to the pacer, behind a sender report if one is due.
func (d *Downlink) enqueue(now time.Time, f *flow, p *media.Packet, c pacer.Class, again bool) {
	if sr, ok := f.senderReport(now, p); ok {
		d.rtcp(now, f.id, sr)
	}
	out := Out{Flow: f.id, Data: p.Raw, Packet: p, class: c, again: again}
	d.pacer.Push(now, c, pacer.Flow(f.id), p.Size(), out)
}

func (d *Downlink) rtcp(now time.Time, id uint64, b []byte) {
	d.pacer.Push(now, pacer.Feedback, pacer.Flow(id), len(b), Out{Flow: id, Data: b, class: pacer.Feedback})
}

// choose picks the picture whose turn it is: the live flow whose frame has waited
// longest, then those that are catching up.
func (d *Downlink) choose() *flow {
	var best *flow
	for _, f := range d.flows {
		if f.layer.IsVideo() && f.q.head() != nil && (best == nil || f.before(best)) {
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

// left notes what has left, and makes what goes with it: parity, the copy of a
// sound.
func (d *Downlink) left(now time.Time, out *Out) {
	size := len(out.Data) + datagramCost
	d.steer.sent(now, size)
	switch out.class {
	case pacer.Media, pacer.Audio:
		d.leftMedia(now, out, size)
	case pacer.Repair, pacer.Parity:
		d.mend.order.pass(size)
		d.stats.Parity += uint64(len(out.Data))
	case pacer.Probe:
		d.mend.sent(now, ProbeFlow, out.probe, size, false)
		d.stats.Padding += uint64(len(out.Data))
	case pacer.Feedback:
		d.mend.order.pass(size)
		d.stats.Reports++
	}
}

// datagramCost is what a datagram costs on the wire beside its payload: flow id 2,
// QUIC 37, UDP and IPv4 28.
const datagramCost = 67

func (d *Downlink) leftMedia(now time.Time, out *Out, size int) {
	f, p := d.flow(out.Flow), out.Packet
	if out.again {
		d.mend.copied(now, out.Flow, p.Seq, size, p.Key)
		d.stats.Copies++
		return
	}
	d.mend.sent(now, out.Flow, p.Seq, size, p.Key)
	d.stats.Sent++
	d.stats.Bytes += uint64(p.Size())
	if f == nil {
		return
	}
	f.sent++
	f.octets += uint32(len(p.Payload()))
	if f.repair == nil {
		loss := d.mend.loss.Loss()
		if d.steer.crowdsItself(now) {
			loss = 0 // a third copy would only make the queue longer that loses them
		}
		f.echo.Push(now, p, loss)
		return
	}
	f.repair.Push(now, p)
	d.parity(now, f)
}

// parity hands the rows that a flow's repair has made to the pacer.
func (d *Downlink) parity(now time.Time, f *flow) {
	for {
		typ, size, ok := f.repair.Peek()
		if !ok {
			return
		}
		class := pacer.Parity
		if typ == fec.OnDemand {
			class = pacer.Repair
		} else if d.steer.blackout() {
			f.repair.Skip()
			continue
		}
		most, all := d.repairRate(now)
		if (class == pacer.Repair || all) && !d.mend.budget.take(now, most, size) {
			d.stats.Repair.Withheld++
			f.repair.Skip()
			continue
		}
		if d.steer.verdict.Beside {
			class = pacer.Repair // behind the frames that wait it would come too late
		}
		r, _ := f.repair.Pop(now)
		id := f.id + RepairOffset
		d.pacer.Push(now, class, pacer.Flow(id), len(r.Raw), Out{Flow: id, Data: r.Raw, class: class})
	}
}

// Next is when Pop may have something again; zero when there is nothing to do.
func (d *Downlink) Next() time.Time {
	next := d.pacer.Next()
	for _, f := range d.flows {
		next = soonest(next, f.echo.Next())
	}
	next = soonest(next, d.steer.nextStep())
	return next
}

// soonest is the earlier of two times of which zero means never.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
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

// Restarts returns the flows that are to be pushed anew from their cached group
// of pictures, once each.
func (d *Downlink) Restarts() []uint64 {
	ids := d.restarts
	d.restarts = nil
	return ids
}

// Stats returns a copy of the counters.
func (d *Downlink) Stats(now time.Time) DownlinkStats {
	st := d.stats
	for _, f := range d.flows {
		st.Queued += f.q.bytes
		if h := f.q.head(); h != nil && f.q.catchUp.IsZero() {
			st.QueueAge = max(st.QueueAge, now.Sub(h.since))
		}
		if f.repair != nil {
			st.Repair.add(f.repair.Stats())
		}
	}
	st.Path = d.pathState()
	return st
}
