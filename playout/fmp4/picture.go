package fmp4

import (
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"github.com/classrelay/classrelay/media"
)

// frame is one access unit, or the units of sound that came in one packet.
type frame struct {
	units     [][]byte
	timestamp uint32
}

const (
	// heldPictures bounds the pictures that wait for the first report: more than a
	// cached group has. A viewer sends the report with the first pictures.
	heldPictures = 1024
	// A picture goes out before the next one tells how long it lasts, so it is said
	// to last as long as the shorter of the two before: 40 ms at first. While a viewer
	// catches up pictures are stamped 2 ms apart, and a hole may be seconds long:
	// those are no measure.
	firstLength = 40 * time.Millisecond
	leastLength = 5 * time.Millisecond
	mostLength  = time.Second
	// squeezed is how far apart pictures are put that were taken before what was shown
	// last, as those are that a new player begins with: a key frame among them is
	// needed for what follows.
	squeezed = 2 * time.Millisecond
)

// picture is the state of the picture's track.
type picture struct {
	codec  media.Codec
	unpack unpacker
	clock  clock
	sets   sets
	order  decodingOrder
	held   []frame
	blind  bool // a key frame has to come first

	newest int64 // presentation time of the newest picture, in ticks
	floor  int64 // what was shown before this track: nothing is shown before that again
	last   int64 // decoding time of the last one
	due    int64 // and what it would be without a bound to its steps
	step   int64 // the last step that is a measure
	length int64 // how long the next one is said to last
	said   int64 // how long the last one was
}

// decodingOrder finds the decoding time of an access unit from its presentation
// time; mediacommon has one for each codec.
type decodingOrder interface {
	Extract(units [][]byte, pts int64) (dts int64, err error)
}

// newPicture makes a track that goes on where another ended: at newest, and with the
// decoding time last.
func newPicture(t *media.Track, newest, last int64) (*picture, error) {
	p := &picture{codec: t.Codec, newest: newest, floor: newest, last: last, due: last, blind: true}
	p.clock.rate = int64(t.ClockRate)
	p.length = p.clock.ticks(firstLength)
	p.step = p.length
	p.sets.h265 = t.Codec == media.H265
	var err error
	if p.unpack, err = newVideoUnpacker(t.Codec); err != nil {
		return nil, err
	}
	p.restart()
	return p, nil
}

// restart forgets the order of pictures.
func (p *picture) restart() {
	if p.codec == media.H265 {
		d := &h265.DTSExtractor{}
		d.Initialize()
		p.order = d
		return
	}
	d := &h264.DTSExtractor{}
	d.Initialize()
	p.order = d
}

// hold keeps a picture until its time is known.
func (p *picture) hold(f frame) {
	if len(p.held) == heldPictures {
		p.held, p.blind = nil, true
	}
	p.held = append(p.held, f)
}

func (p *picture) take() []frame {
	held := p.held
	p.held = nil
	return held
}

// toKey forgets the pictures in front of the first key frame.
func (p *picture) toKey(st *Stats) {
	n := 0
	for n < len(p.held) && !p.inspect(p.held[n].units) {
		n++
	}
	st.Dropped += uint64(n)
	p.held = p.held[n:]
}

// inspect tells whether a decoder can begin with an access unit: it has an IDR or
// IRAP picture, or the parameter sets that stand in front of another entry point.
func (p *picture) inspect(units [][]byte) (key bool) {
	for _, u := range units {
		switch k := p.sets.kind(u); k {
		case unitEntry, unitSPS:
			return true
		case unitOther, unitVPS, unitPPS, unitDelimiter:
		}
	}
	return false
}

// sample makes a sample of a picture and finds its decoding time.
func (p *picture) sample(f frame, key bool) (*sample, int64, error) {
	pts := p.clock.media(f.timestamp)
	if p.last < 0 {
		pts = max(pts, 0) // the epoch is its time, rounded
	}
	if pts <= p.floor {
		p.floor += p.clock.ticks(squeezed)
		pts = p.floor
	}
	dts, err := p.order.Extract(f.units, pts)
	if err != nil { // a stream that mediacommon does not understand, or one that was cut
		p.restart()
		dts = pts
	}
	dts = p.place(dts, key)
	payload, err := h264.AVCC(p.sets.without(f.units)).Marshal()
	if err != nil {
		return nil, 0, fmt.Errorf("picture at %d: %w", pts, err)
	}
	p.newest = max(p.newest, pts)
	return &sample{
		Duration:        uint32(p.length),
		PTSOffset:       int32(pts - dts),
		IsNonSyncSample: !key,
		Payload:         payload,
	}, dts, nil
}

// place finds when a picture is decoded, behind the one before, and how long it is said
// to last. A decoding time that is more than twice that behind the last one has a
// browser throw away everything up to the next key frame (Media Source Extensions,
// coded frame processing, step 6). So the time of a picture behind a hole comes closer
// step by step; when it is shown stays as it is. Only a key frame behind a long hole
// begins in a place of its own.
func (p *picture) place(dts int64, key bool) int64 {
	dts = max(dts, p.last+1)
	if step := dts - p.due; step >= p.clock.ticks(leastLength) && step <= p.clock.ticks(mostLength) {
		p.length, p.step = min(step, p.step), step
	}
	p.due = dts
	if away := p.last + p.clock.ticks(longHole); p.said > 0 && (!key || dts <= away) {
		dts = min(dts, p.last+p.said+p.said/2)
	}
	p.last, p.said = dts, p.length
	return dts
}
