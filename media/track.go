package media

import (
	"fmt"
	"maps"
)

// Codec is an encoding we pass through. The strings are the names shown to people.
type Codec string

// The codecs that pass through; anything else is set aside at ingest.
const (
	H264 Codec = "H264"
	H265 Codec = "H265"
	AAC  Codec = "AAC"  // RFC 3640, mpeg4-generic
	G711 Codec = "G711" // PCMA or PCMU, RFC 3551
	Opus Codec = "Opus" // RFC 7587
)

// IsVideo tells whether the codec carries a picture.
func (c Codec) IsVideo() bool { return c == H264 || c == H265 }

// Track says how one layer is encoded, in the words of SDP (RFC 8866), so that
// any node can offer it to a viewer. A Track is immutable once it is shared:
// a source whose format changes hands over a new one.
type Track struct {
	Codec       Codec             `json:"codec"`
	PayloadType uint8             `json:"pt"`     // on our wire, the same on every hop
	ClockRate   int               `json:"clock"`  // RTP timestamp units per second
	RTPMap      string            `json:"rtpmap"` // the value of a=rtpmap without the payload type
	FMTP        map[string]string `json:"fmtp,omitempty"`
}

// Validate refuses what a peer could send to confuse us.
func (t *Track) Validate() error {
	switch t.Codec {
	case H264, H265, AAC, G711, Opus:
	default:
		return fmt.Errorf("unknown codec %q", t.Codec)
	}
	if t.PayloadType > 127 {
		return fmt.Errorf("%s: payload type %d is above 127", t.Codec, t.PayloadType)
	}
	if t.ClockRate < 8000 || t.ClockRate > 192000 {
		return fmt.Errorf("%s: clock rate %d is outside 8000 to 192000 Hz", t.Codec, t.ClockRate)
	}
	return nil
}

// Equal tells whether two tracks describe the same encoding. Nil equals nil.
func (t *Track) Equal(o *Track) bool {
	if t == nil || o == nil {
		return t == o
	}
	return t.Codec == o.Codec && t.PayloadType == o.PayloadType && t.ClockRate == o.ClockRate &&
		t.RTPMap == o.RTPMap && maps.Equal(t.FMTP, o.FMTP)
}
