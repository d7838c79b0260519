package media

import (
	"errors"
	"fmt"
	"time"

	"github.com/pion/rtp"
)

// Writer takes packets. WritePacket never blocks and never keeps the caller
// waiting for a viewer; the packet is immutable from the call on.
type Writer interface {
	WritePacket(p *Packet)
}

// Packet is one RTP packet (RFC 3550 §5.1) with what was read off it once. It is
// byte-identical on every hop; see the package comment for who may write to it.
type Packet struct {
	// Raw is the whole RTP packet, header included. Read only.
	Raw []byte

	Layer       Layer
	PayloadType uint8
	Marker      bool // the last packet of a video frame
	Seq         uint16
	Timestamp   uint32 // in the track's clock; one value per frame
	SSRC        uint32

	// Key says that the payload begins a random access point or its parameter
	// sets (H.264 IDR, SPS, PPS; H.265 IRAP, VPS, SPS, PPS). A frame is a key
	// frame when any of its packets has it.
	Key bool
	// Disposable says that no other frame refers to this one (H.264
	// nal_ref_idc 0, H.265 sub-layer non-reference picture).
	Disposable bool

	// Leap says that packets in front of this one were left out on purpose, by a
	// node whose link could not carry them: what is missing will not come.
	Leap bool

	// Arrival is when this node got the packet.
	Arrival time.Time
	// Capture is when the camera took the picture or the sound, in this node's
	// clock; zero when it is not known.
	Capture time.Time

	payload int // offset of the payload in Raw
}

// ErrPacket is wrapped by the errors of Parse.
var ErrPacket = errors.New("not an RTP packet")

// Parse reads an RTP packet of the given layer and codec off raw, which it keeps.
// It never panics, whatever the bytes are.
func Parse(raw []byte, layer Layer, codec Codec, arrival time.Time) (*Packet, error) {
	var h rtp.Header
	n, err := h.Unmarshal(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPacket, err)
	}
	if h.Version != 2 {
		return nil, fmt.Errorf("%w: version %d", ErrPacket, h.Version)
	}
	p := &Packet{
		Raw:         raw,
		Layer:       layer,
		PayloadType: h.PayloadType,
		Marker:      h.Marker,
		Seq:         h.SequenceNumber,
		Timestamp:   h.Timestamp,
		SSRC:        h.SSRC,
		Arrival:     arrival,
		payload:     n,
	}
	p.Key, p.Disposable = classify(codec, p.Payload())
	return p, nil
}

// Payload is what follows the RTP header. Read only.
func (p *Packet) Payload() []byte { return p.Raw[p.payload:] }

// Size is the length of the RTP packet in bytes.
func (p *Packet) Size() int { return len(p.Raw) }
