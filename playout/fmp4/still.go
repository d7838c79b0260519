package fmp4

import (
	"errors"
	"fmt"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// ErrNoKeyFrame is wrapped by Still's error.
var ErrNoKeyFrame = errors.New("no whole key frame")

// Still makes a file of the first key frame in the packets of one layer, such as a
// subscription's first Read: an init segment and one fragment, for a page that shows a
// picture without watching. mime is its type, with the codec.
func Still(t *media.Track, packets []*media.Packet) (mime string, data []byte, err error) {
	m := NewMuxer()
	if err := m.Attach(t, nil); err != nil {
		return "", nil, err
	}
	for i, p := range packets {
		if i == 0 {
			m.PictureReport(p.Arrival, p.Timestamp)
		}
		m.Picture(&rtp.Packet{
			Header: rtp.Header{
				Version: 2, Marker: p.Marker, SequenceNumber: p.Seq, Timestamp: p.Timestamp,
			},
			Payload: p.Payload(),
		})
		start, ok := m.Pop()
		if shown, whole := m.Pop(); ok && whole {
			return start.Start.MIME, append(start.Data, shown.Data...), nil
		}
	}
	return "", nil, fmt.Errorf("%w of %s in %d packets", ErrNoKeyFrame, t.Codec, len(packets))
}
