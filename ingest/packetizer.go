package ingest

import (
	"fmt"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtplpcm"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpsimpleaudio"
	"github.com/pion/rtp"
)

// rtpHeaderSize: ours has no extension and no contributing sources.
const rtpHeaderSize = 12

// packetizer cuts the units of one frame into payloads. Of the headers it returns
// only Marker and Timestamp count, the latter relative to the frame.
type packetizer interface {
	Encode(units [][]byte) ([]*rtp.Packet, error)
}

// newPacketizer returns one whose full packets are exactly maxSize bytes long,
// header included. What gortsplib numbers is overwritten later, so it starts at 0.
func newPacketizer(f format.Format, maxSize int) (packetizer, error) {
	payload := maxSize - rtpHeaderSize
	ssrc, seq := new(uint32), new(uint16)
	switch f := f.(type) {
	case *format.H264:
		e := &rtph264.Encoder{SSRC: ssrc, InitialSequenceNumber: seq, PayloadMaxSize: payload, PacketizationMode: 1}
		return e, e.Init()
	case *format.H265:
		e := &rtph265.Encoder{SSRC: ssrc, InitialSequenceNumber: seq, PayloadMaxSize: payload}
		return e, e.Init()
	case *format.MPEG4Audio:
		e := &rtpmpeg4audio.Encoder{
			SSRC: ssrc, InitialSequenceNumber: seq, PayloadMaxSize: payload,
			SizeLength: aacSizeLength, IndexLength: aacIndexLength, IndexDeltaLength: aacIndexLength,
		}
		return aacPacketizer{e, payload}, e.Init()
	case *format.G711:
		e := &rtplpcm.Encoder{
			SSRC: ssrc, InitialSequenceNumber: seq, PayloadMaxSize: payload,
			BitDepth: 8, ChannelCount: f.ChannelCount,
		}
		return g711Packetizer{e}, e.Init()
	case *format.Opus:
		e := &rtpsimpleaudio.Encoder{SSRC: ssrc, InitialSequenceNumber: seq, PayloadMaxSize: payload}
		return opusPacketizer{e}, e.Init()
	}
	return nil, fmt.Errorf("%s cannot be carried", f.Codec())
}

type g711Packetizer struct{ e *rtplpcm.Encoder }

func (z g711Packetizer) Encode(units [][]byte) ([]*rtp.Packet, error) { return z.e.Encode(units[0]) }

type opusPacketizer struct{ e *rtpsimpleaudio.Encoder }

func (z opusPacketizer) Encode(units [][]byte) ([]*rtp.Packet, error) {
	p, err := z.e.Encode(units[0])
	return []*rtp.Packet{p}, err
}

// Sizes of the AU-header's fields in AAC-hbr (RFC 3640 §3.3.6).
const (
	aacSizeLength  = 13
	aacIndexLength = 3
	aacMaxUnit     = 1<<aacSizeLength - 1
	aacHeaderSize  = 4 // AU-headers-length and one AU-header
)

// aacPacketizer is gortsplib's encoder with fragments of its own: in RFC 3640
// §3.2.1.1 every fragment states the size of the whole access unit.
type aacPacketizer struct {
	e       *rtpmpeg4audio.Encoder
	payload int
}

func (z aacPacketizer) Encode(units [][]byte) ([]*rtp.Packet, error) {
	for _, u := range units {
		if len(u) > aacMaxUnit {
			return nil, fmt.Errorf("access unit of %d bytes, at most %d fit AAC-hbr", len(u), aacMaxUnit)
		}
	}
	if len(units) != 1 || len(units[0])+aacHeaderSize <= z.payload {
		return z.e.Encode(units)
	}
	return z.split(units[0]), nil
}

func (z aacPacketizer) split(unit []byte) (out []*rtp.Packet) {
	size := len(unit)
	for len(unit) > 0 {
		n := min(len(unit), z.payload-aacHeaderSize)
		b := make([]byte, 0, aacHeaderSize+n)
		b = append(b, 0, aacSizeLength+aacIndexLength, byte(size>>(8-aacIndexLength)), byte(size<<aacIndexLength))
		b = append(b, unit[:n]...)
		unit = unit[n:]
		out = append(out, &rtp.Packet{Header: rtp.Header{Version: 2, Marker: len(unit) == 0}, Payload: b})
	}
	return out
}
