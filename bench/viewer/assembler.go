package viewer

import (
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// depacketizer is what gortsplib has for each codec.
type depacketizer interface {
	Decode(p *rtp.Packet) ([][]byte, error)
}

// assembler joins RTP packets to access units, one at a time: a unit whose end
// or beginning is missing is told as nil instead of running into the next one.
type assembler struct {
	codec     media.Codec
	decoder   depacketizer
	open      bool // packets of the unit with this timestamp have come, its end has not
	timestamp uint32
}

func newAssembler(codec media.Codec) *assembler { return &assembler{codec: codec} }

// push takes a packet in the order of sequence numbers and tells every unit that
// ends with it or before it; nil stands for a broken one.
func (a *assembler) push(p *rtp.Packet, tell func(au [][]byte)) {
	if a.open && p.Timestamp != a.timestamp {
		a.open = false
		tell(nil) // its last packet never came
	}
	if !a.open {
		a.open, a.timestamp = true, p.Timestamp
		a.decoder = a.fresh()
	}
	au, err := a.decoder.Decode(p)
	if !p.Marker {
		return
	}
	a.open = false
	if err != nil {
		au = nil
	}
	tell(au)
}

// fresh is a depacketizer without a past.
func (a *assembler) fresh() depacketizer {
	if a.codec == media.H265 {
		return new(rtph265.Decoder)
	}
	return new(rtph264.Decoder)
}
