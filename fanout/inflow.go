package fanout

import (
	"time"

	"github.com/pion/rtcp"

	"github.com/classrelay/classrelay/internal/quantile"
	"github.com/classrelay/classrelay/internal/repair"
	"github.com/classrelay/classrelay/media"
)

// pendingMost is how many packets of a flow wait for its track to be announced:
// the announcement travels on a stream, and a lost piece of it takes a round trip
// longer than the first packets.
const pendingMost = 256

// UplinkFlow is what is known about one flow that comes in.
type UplinkFlow struct {
	Feed      media.FeedID
	Layer     media.Layer
	Packets   uint64 // handed on, restored ones included
	Bytes     uint64
	Lost      uint64 // packets that the link lost, restored ones included
	Restored  uint64 // of these, brought back by parity
	GivenUp   uint64 // of these, missing for good
	Parity    uint64 // repair packets that came
	Duplicate uint64
	Bad       uint64 // not RTP, or not parsable
	Latency   quantile.Summary
	Last      time.Time
}

// inflow is one layer of a feed on its way in over one link.
type inflow struct {
	feed    media.FeedID
	layer   media.Layer
	track   *media.Track
	ssrc    uint32
	seen    seen             // what the wire brought
	repair  *repair.Receiver // of a picture; sound is only sent twice
	earlier uint64           // lost under earlier SSRCs
	report  senderReport
	dates   dates
	pending []held
	leap    *uint16 // the number of the packet in front of which some were left out
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

func newInflow(feed media.FeedID, l media.Layer, t *media.Track) *inflow {
	f := &inflow{feed: feed, layer: l, track: t, stats: UplinkFlow{Feed: feed, Layer: l}}
	if l.IsVideo() {
		f.repair = repair.NewReceiver()
	}
	return f
}

// hold keeps a packet until the flow's track is known. Full: the oldest goes, for
// the newest may begin with a key frame.
func (f *inflow) hold(now time.Time, b []byte) {
	if len(f.pending) == pendingMost {
		f.pending = f.pending[1:]
	}
	f.pending = append(f.pending, held{raw: b, at: now})
}

// fresh tells whether a packet off the wire is to be handed on.
func (f *inflow) fresh(now time.Time, p *media.Packet) bool {
	if p.SSRC != f.ssrc {
		f.restart(p.SSRC)
		f.report.known = false
	}
	fresh := f.seen.add(p.Seq)
	if f.repair != nil {
		fresh = f.repair.Push(now, p)
	}
	if !fresh {
		f.stats.Duplicate++
	}
	return fresh
}

func (f *inflow) rtcp(now time.Time, b []byte) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		f.stats.Bad++
		return
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			if f.ssrc != p.SSRC {
				f.restart(p.SSRC)
			}
			f.report = senderReport{at: media.FromNTP(p.NTPTime), timestamp: p.RTPTime, known: true}
		case *rtcp.ApplicationDefined:
			if seq, ok := readSkip(p); ok {
				f.skip(now, p.SSRC, seq)
			}
		}
	}
}

// skip forgets what is missing before seq: it was left out, not lost.
func (f *inflow) skip(now time.Time, ssrc uint32, seq uint16) {
	if ssrc != f.ssrc {
		f.restart(ssrc)
	}
	f.seen.skip(seq)
	f.leap = &seq
	if f.repair != nil {
		f.repair.Skip(now, ssrc, seq)
	}
}

// restart begins a new count, for a source that began anew with another SSRC.
func (f *inflow) restart(ssrc uint32) {
	f.earlier += f.seen.lost()
	f.ssrc, f.seen, f.dates = ssrc, seen{}, dates{}
}

func (f *inflow) status(now time.Time) UplinkFlow {
	st := f.stats
	st.Lost = f.earlier + f.seen.lost()
	st.Latency = f.latency.Summary(now)
	if f.repair != nil {
		r := f.repair.Stats()
		st.Restored, st.GivenUp = r.Restored, r.GivenUp
	}
	return st
}
