package fmp4

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4"
)

// sample is one picture or one unit of sound in a fragment.
type sample = fmp4.Sample

// track is what one track has in a fragment.
type track struct {
	id      int
	base    int64 // decoding time of the first sample, in ticks
	samples []*sample
	key     bool // the first sample is an entry point
}

// initTrack is what one track has in an init segment.
type initTrack struct {
	id    int
	rate  int64 // ticks per second
	codec mp4.Codec
	name  string // RFC 6381
}

// mimeOf is the type of the segments (RFC 6381 §3.2).
func mimeOf(tracks []initTrack, picture bool) string {
	names := make([]string, 0, len(tracks))
	for _, t := range tracks {
		names = append(names, t.name)
	}
	kind := "audio"
	if picture {
		kind = "video"
	}
	return fmt.Sprintf("%s/mp4; codecs=%q", kind, strings.Join(names, ","))
}

// initSegment writes ftyp and moov.
func initSegment(tracks []initTrack) ([]byte, error) {
	var in fmp4.Init
	for _, t := range tracks {
		in.Tracks = append(in.Tracks, &fmp4.InitTrack{ID: t.id, TimeScale: uint32(t.rate), Codec: t.codec})
	}
	var b seekablebuffer.Buffer
	if err := in.Marshal(&b); err != nil {
		return nil, fmt.Errorf("init segment: %w", err)
	}
	data := b.Bytes()
	for _, t := range tracks {
		if strings.HasPrefix(t.name, "hvc1.") {
			complete(data)
		}
	}
	return data, nil
}

// complete makes an hvc1 of the hev1 in an init segment: all parameter sets are there
// and none is in the samples (ISO/IEC 14496-15 §8.4.1.1). Safari plays no hev1, and
// mediacommon writes no hvc1.
func complete(init []byte) {
	const entry, arrays = 86, 22 // bytes of a VisualSampleEntry, and of hvcC before the number of arrays
	i := bytes.Index(init, []byte("hev1"))
	if i < 0 || len(init) < i+entry+4+arrays+1 || string(init[i+entry:i+entry+4]) != "hvcC" {
		return
	}
	copy(init[i:], "hvc1")
	b := init[i+entry+4+arrays:]
	n := b[0]
	for b = b[1:]; n > 0 && len(b) >= 5; n-- {
		const complete = 0x80
		b[0] |= complete
		b = b[min(5+int(b[3])<<8+int(b[4]), len(b)):] // one set in each
	}
}

// fragmentOf writes moof and mdat.
func fragmentOf(serial uint32, tracks []track) ([]byte, error) {
	part := fmp4.Part{SequenceNumber: serial}
	size := 0
	for _, t := range tracks {
		part.Tracks = append(part.Tracks, &fmp4.PartTrack{ID: t.id, BaseTime: uint64(t.base), Samples: t.samples})
		for _, s := range t.samples {
			const box = 16 // bytes that the fragment says about a sample
			size += len(s.Payload) + box
		}
	}
	var b seekablebuffer.Buffer
	const boxes = 256 // bytes of all that is not samples
	b.Grow(size + boxes)
	if err := part.Marshal(&b); err != nil {
		return nil, fmt.Errorf("fragment %d: %w", serial, err)
	}
	return b.Bytes(), nil
}
