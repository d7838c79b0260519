package webrtc

import (
	"context"
	"sync/atomic"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
)

// outboxSize is how many packets wait for one page's connection: more than a key frame
// of 1080p (117 to 234 packets). The viewer holds the rest back itself and drops by
// age, so a slow page is never far behind.
const outboxSize = 256

// outgoing is one packet, or one report.
type outgoing struct {
	track  *track
	packet rtp.Packet
	report rtcp.Packet // instead of packet
}

// outbox is where a playout.Viewer puts what goes to one page; it is a playout.Writer.
// It exists because a page on TCP that stalls makes pion's writes wait.
type outbox struct {
	tracks map[*description.Media]*track
	queue  chan outgoing
	failed atomic.Uint64 // packets that pion did not take
	shown  func()        // told of each packet of the picture before it is put; nil: nobody
}

func newOutbox() *outbox {
	return &outbox{tracks: make(map[*description.Media]*track), queue: make(chan outgoing, outboxSize)}
}

// WritePacketRTP implements playout.Writer. When the queue is full the viewer tries
// again, and leaves out what gets too old.
func (o *outbox) WritePacketRTP(m *description.Media, p *rtp.Packet) error {
	t := o.tracks[m]
	p.SSRC = t.ssrc
	if o.shown != nil && t.kind == pion.RTPCodecTypeVideo {
		o.shown()
	}
	select {
	case o.queue <- outgoing{track: t, packet: *p}:
		return nil
	default:
		return liberrors.ErrServerWriteQueueFull{}
	}
}

// WritePacketRTCP implements playout.Writer. A report that finds the queue full is
// left out: the next is a second away.
func (o *outbox) WritePacketRTCP(m *description.Media, p rtcp.Packet) error {
	select {
	case o.queue <- outgoing{track: o.tracks[m], report: p}:
		return nil
	default:
		return liberrors.ErrServerWriteQueueFull{}
	}
}

// run sends what is in the queue until ctx is done. A packet that cannot be sent is
// counted and left out: the connection's state says when it is over.
func (o *outbox) run(ctx context.Context, pc *pion.PeerConnection) {
	for {
		select {
		case <-ctx.Done():
			return
		case g := <-o.queue:
			if err := o.send(pc, g); err != nil {
				o.failed.Add(1)
			}
		}
	}
}

func (o *outbox) send(pc *pion.PeerConnection, g outgoing) error {
	if g.report == nil {
		return g.track.send(&g.packet)
	}
	parts := []rtcp.Packet{g.report}
	if compound, ok := g.report.(*rtcp.CompoundPacket); ok {
		parts = *compound
	}
	g.track.reported(parts)
	return pc.WriteRTCP(parts)
}
