package fmp4

import (
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
	return b.Bytes(), nil
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
