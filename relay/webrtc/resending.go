package webrtc

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
)

// numbering writes the transport-wide number into each packet of a stream.
type numbering struct {
	steer *steering
	next  interceptor.RTPWriter
	id    uint8 // of the header extension
}

// numberCost is what the number adds to a header: one byte for id and length, two for
// itself, and one of padding (RFC 8285 §4.2).
const numberCost = 4

// Write implements interceptor.RTPWriter. It changes the header.
func (n *numbering) Write(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
	seq := n.steer.leave(time.Now(), h.MarshalSize()+numberCost+len(payload))
	if err := h.SetExtension(n.id, binary.BigEndian.AppendUint16(nil, seq)); err != nil {
		return 0, err
	}
	return n.next.Write(h, payload, a)
}

// resending is the way of a picture whose packets the page takes twice (RFC 4588):
// those that it asked for, which pion sends, and copies of the last ones, which are
// the padding of a probe, as browsers themselves pad. Both go in one stream, which is
// numbered here: it must not have a number twice (RFC 3711 §9.1).
type resending struct {
	next    *numbering
	ssrc    uint32
	again   uint32 // SSRC of the second stream
	payload uint8  // its payload type

	mu     sync.Mutex
	seq    uint16 // of the second stream
	recent [recentSent]original
	n      int // packets ever put in recent
}

const (
	// recentSent is how many packets take turns as padding: a browser keeps some
	// hundred in mind, and knows these for copies.
	recentSent = 8
	// worthCopying is the least payload of a packet that is padding, in bytes: fewer
	// bytes in more packets load a radio more than the picture would that is to follow.
	worthCopying = 800
)

// original is a packet that may be copied. The payload is shared and not written to.
type original struct {
	header  rtp.Header
	payload []byte
}

// Write implements interceptor.RTPWriter.
func (r *resending) Write(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
	if h.SSRC == r.again {
		return r.second(*h, payload, a) // the header is in pion's store
	}
	if h.SSRC == r.ssrc && len(payload) >= worthCopying {
		r.mu.Lock()
		r.recent[r.n%recentSent] = original{*h, payload}
		r.n++
		r.mu.Unlock()
	}
	return r.next.Write(h, payload, a)
}

// second sends a packet of the second stream.
func (r *resending) second(h rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
	h.Extensions = slices.Clone(h.Extensions)
	r.mu.Lock()
	h.SequenceNumber = r.seq
	r.seq++
	r.mu.Unlock()
	return r.next.Write(&h, payload, a)
}

// pad sends about so many bytes of copies.
func (r *resending) pad(need int) {
	const osn = 2 // bytes of the original's number (RFC 4588 §4)
	for i := 0; need > worthCopying/2; i++ {
		r.mu.Lock()
		o := r.recent[i%max(1, min(r.n, recentSent))]
		r.mu.Unlock()
		if o.payload == nil {
			return // nothing of that size has left yet
		}
		h := o.header
		h.SSRC, h.PayloadType = r.again, r.payload
		body := make([]byte, 0, osn+len(o.payload))
		body = append(binary.BigEndian.AppendUint16(body, o.header.SequenceNumber), o.payload...)
		if _, err := r.second(h, body, interceptor.Attributes{}); err != nil {
			return // the connection's state says when it is over
		}
		need -= h.MarshalSize() + numberCost + len(body) + packetCost
	}
}
