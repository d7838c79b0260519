package recovery

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/fec"
	"github.com/classrelay/classrelay/internal/repair"
	"github.com/classrelay/classrelay/media"
)

// nack is repair as others do it: a fixed share of parity with every frame, which
// may be none, and repetition of what is still missing, asked for at once and
// again after every round trip until it comes. A lost tail is seen when the next
// frame begins. It is a model of WebRTC, SRT and RIST, not their code; it sends
// one datagram per request and has no limit on repetitions but time.
type nack struct {
	path  repair.Path
	share float64 // of parity
	mute  bool    // ask for nothing: parity alone

	// The sender.
	sent  map[uint16]*media.Packet
	frame []*media.Packet
	queue []outgoing

	// The receiver; decoder only solves rows here.
	decoder  *repair.Receiver
	ready    [][]byte
	highest  uint16
	started  bool
	holes    []gap
	parityTo uint16 // up to here parity has come, or will not
}

type outgoing struct {
	b      []byte
	urgent bool
}

type gap struct {
	seq     uint16
	noticed time.Time
	due     time.Time // zero: as soon as it may be
}

const (
	// reorderWait is how long the peers give a gap to close by itself.
	reorderWait = 2 * time.Millisecond
	// giveUp is when they stop asking.
	giveUp = time.Second
	// keepSent is for how many packets the sender can repeat: several seconds.
	keepSent = 4096
)

func newNACK(cell Cell, share float64) *nack {
	return &nack{
		path:    cell.path(),
		share:   share,
		sent:    make(map[uint16]*media.Packet),
		decoder: repair.NewReceiver(),
	}
}

func (n *nack) push(_ time.Time, p *media.Packet) {
	n.sent[p.Seq] = p
	delete(n.sent, p.Seq-keepSent)
	n.frame = append(n.frame, p)
	if p.Marker {
		n.addParity()
		n.frame = n.frame[:0]
	}
}

// addParity sends the share of every block of the frame, rounded up.
func (n *nack) addParity() {
	if n.share == 0 {
		return
	}
	stride := (len(n.frame) + fec.MaxPackets - 1) / fec.MaxPackets
	for j := range stride {
		var packets [][]byte
		for i := j; i < len(n.frame); i += stride {
			packets = append(packets, n.frame[i].Raw)
		}
		h := fec.Header{
			Stride: uint8(stride), Base: n.frame[j].Seq, K: uint8(len(packets)),
			Check: fec.Check(n.frame[0].SSRC),
		}
		rows := int(n.share*float64(len(packets)) + 0.999)
		for row := range rows {
			h.Row, h.Last = uint8(row), j == stride-1 && row == rows-1
			n.queue = append(n.queue, outgoing{fec.AppendRow(nil, h, packets), false})
		}
	}
}

func (n *nack) feedback(_ time.Time, b []byte) error {
	for ; len(b) >= 2; b = b[2:] {
		if p := n.sent[binary.BigEndian.Uint16(b)]; p != nil {
			n.queue = append(n.queue, outgoing{p.Raw, true})
		}
	}
	return nil
}

func (n *nack) repair(time.Time) (b []byte, urgent, ok bool) {
	if len(n.queue) == 0 {
		return nil, false, false
	}
	o := n.queue[0]
	n.queue = n.queue[1:]
	return o.b, o.urgent, true
}

func (n *nack) media(now time.Time, p *media.Packet) {
	if !n.decoder.Push(now, p) {
		return
	}
	switch d := media.SeqDiff(p.Seq, n.highest); {
	case !n.started:
		n.started, n.highest, n.parityTo = true, p.Seq, p.Seq
	case d > 0:
		n.known(now, p.Seq-1)
		n.highest = p.Seq
	default:
		n.close(p.Seq)
	}
	if p.Payload()[1]&0x80 != 0 { // a frame begins: parity of those before is over
		n.parityTo = p.Seq - 1
	}
}

// known notes that everything up to seq was sent.
func (n *nack) known(now time.Time, seq uint16) {
	for media.SeqDiff(seq, n.highest) > 0 {
		n.highest++
		n.holes = append(n.holes, gap{seq: n.highest, noticed: now})
	}
}

func (n *nack) close(seq uint16) {
	n.holes = slices.DeleteFunc(n.holes, func(g gap) bool { return g.seq == seq })
}

// parity takes rows and repeated packets.
func (n *nack) parity(now time.Time, b []byte) error {
	if b[0]>>6 == 2 { // RTP
		p, err := media.Parse(b, media.LayerMain, media.H264, now)
		if err != nil {
			return fmt.Errorf("repeated packet: %w", err)
		}
		if n.decoder.Push(now, p) {
			n.ready = append(n.ready, b)
			n.close(p.Seq)
		}
		return nil
	}
	h, _, err := fec.Parse(b)
	if err != nil {
		return fmt.Errorf("parity: %w", err)
	}
	last := h.Seq(int(h.K) - 1)
	n.known(now, last)
	if h.Last {
		n.parityTo = last
	}
	if err := n.decoder.PushRepair(now, b); err != nil {
		return fmt.Errorf("parity: %w", err)
	}
	return nil
}

func (n *nack) restored(now time.Time) ([]byte, bool) {
	for {
		raw, ok := n.decoder.Pop(now)
		if !ok {
			break
		}
		n.close(binary.BigEndian.Uint16(raw[2:]))
		n.ready = append(n.ready, raw)
	}
	if len(n.ready) == 0 {
		return nil, false
	}
	raw := n.ready[0]
	n.ready = n.ready[1:]
	return raw, true
}

// due is when a gap is asked for; false: not before parity had its chance.
func (n *nack) due(g *gap) (time.Time, bool) {
	if n.share > 0 && media.SeqDiff(g.seq, n.parityTo) > 0 {
		return time.Time{}, false
	}
	if g.due.IsZero() {
		return g.noticed.Add(reorderWait), true
	}
	return g.due, true
}

func (n *nack) report(now time.Time) ([]byte, bool) {
	for asking := true; asking; { // the decoder is not to ask, but has to forget
		_, asking = n.decoder.PopRequest(now)
	}
	if n.mute {
		n.holes = n.holes[:0]
	}
	var b []byte
	n.holes = slices.DeleteFunc(n.holes, func(g gap) bool { return now.Sub(g.noticed) > giveUp })
	for i := range n.holes {
		g := &n.holes[i]
		if at, ok := n.due(g); ok && !now.Before(at) {
			b = binary.BigEndian.AppendUint16(b, g.seq)
			g.due = now.Add(n.path.Round())
		}
	}
	return b, len(b) > 0
}

func (n *nack) next() time.Time {
	var next time.Time
	for i := range n.holes {
		if at, ok := n.due(&n.holes[i]); ok {
			next = earlier(next, at)
		}
	}
	return next
}
