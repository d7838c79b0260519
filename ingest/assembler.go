package ingest

import (
	"errors"
	"fmt"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// Bounds on one access unit. A 4K key frame is 2 MB; cameras use up to 64 slices.
const (
	maxFrameSize  = 8 << 20
	maxFrameUnits = 512
)

// lateReach is how many packets back a sequence number counts as a duplicate or a
// straggler rather than as the camera starting over.
const lateReach = 64

// farAhead is the gap that is no loss any more but another count: several seconds.
const farAhead = 4096

// frame is one access unit as it came from the camera.
type frame struct {
	units       [][]byte
	size        int
	rtp         uint32    // the camera's timestamp
	first, last time.Time // arrival of its first and last packet
	flaw        flaw
	slices      bool // some of a slice came, whole or not
	referred    bool // and it belongs to a picture that others refer to
}

// flaw says what is known to be wrong with a frame.
type flaw uint8

const (
	flawHole   flaw = 1 << iota // something inside or at its end is missing or garbage
	flawBefore                  // whole frames may be missing in front of it
	flawHead                    // its own beginning may be missing
)

// unpacker takes RTP payloads apart into NAL units; gortsplib has both.
type unpacker interface {
	Decode(*rtp.Packet) ([][]byte, error)
}

// assembler puts the access units of one video track together. It is a core: told
// the time, one owner.
//
// A frame ends at the marker, or where the timestamp changes (many cameras forget
// the marker). Parameter sets that come with a marker or a timestamp of their own
// belong to the picture behind them.
type assembler struct {
	codec   media.Codec
	unpack  unpacker
	cur     frame
	picture bool // cur has a slice
	partial bool // a fragmented unit is not at its end

	started bool
	next    uint16 // expected sequence number
	done    []frame
	stats   *LayerStats
}

func newAssembler(codec media.Codec, stats *LayerStats) (*assembler, error) {
	a := &assembler{codec: codec, stats: stats}
	switch codec {
	case media.H264:
		// The mode only matters above 1: one and zero are read alike, as cameras
		// announce the wrong one of the two.
		d := &rtph264.Decoder{PacketizationMode: 1}
		a.unpack = d
		return a, d.Init()
	case media.H265:
		d := &rtph265.Decoder{}
		a.unpack = d
		return a, d.Init()
	default:
		return nil, fmt.Errorf("%s is not a picture", codec)
	}
}

// Push takes one packet and returns the frames that it completes, at most two. The
// slice is valid until the next call.
func (a *assembler) Push(now time.Time, p *rtp.Packet) []frame {
	a.done = a.done[:0]
	a.stats.PacketsIn++
	late, lost := a.sequence(p.SequenceNumber)
	if late {
		a.stats.PacketsBad++
		return nil
	}
	a.stats.PacketsLost += uint64(lost)
	a.split(p, lost > 0)
	if a.cur.first.IsZero() {
		a.cur.first = now
	}
	a.cur.rtp, a.cur.last = p.Timestamp, now
	a.take(p)
	if p.Marker && a.complete() {
		a.finish()
	}
	return a.done
}

// complete tells whether what came so far can be ended as a frame: parameter sets
// alone wait for their picture.
func (a *assembler) complete() bool { return a.picture || a.partial || a.cur.flaw&flawHole != 0 }

// sequence follows the sequence numbers.
func (a *assembler) sequence(seq uint16) (late bool, lost int) {
	if !a.started {
		a.started, a.next = true, seq+1
		return false, 0
	}
	d := media.SeqDiff(seq, a.next)
	if d < 0 && d >= -lateReach {
		return true, 0
	}
	a.next = seq + 1
	if d < 0 || d > farAhead {
		d = 1 // the camera started over: something is missing, nobody knows how much
	}
	return false, d
}

// split ends the frame before p where p begins another one, and notes what a loss
// in front of p means.
func (a *assembler) split(p *rtp.Packet, lost bool) {
	open := !a.cur.first.IsZero()
	same := open && a.cur.rtp == p.Timestamp
	if lost && open {
		a.cur.flaw |= flawHole
	}
	if open && !same {
		if a.complete() {
			a.finish()
		}
		a.cur.first = time.Time{} // parameter sets that wait do not date the picture
	}
	if lost && !same {
		a.cur.flaw |= flawBefore | flawHead
	}
}

// take adds the units of one packet.
func (a *assembler) take(p *rtp.Packet) {
	is, first := fragment(a.codec, p.Payload)
	if a.partial && (!is || first) {
		a.cur.flaw |= flawHole // the unit before never came to its end
	}
	a.partial = false
	if is {
		a.note(fragmentHeader(a.codec, p.Payload))
	}
	// Always with a marker: gortsplib then gives the units of every packet at once,
	// and the frame is put together here, where losses are known.
	whole := *p
	whole.Marker = true
	units, err := a.unpack.Decode(&whole)
	switch {
	case errors.Is(err, rtph264.ErrMorePacketsNeeded), errors.Is(err, rtph265.ErrMorePacketsNeeded):
		a.partial = true
		return
	case err != nil:
		a.stats.PacketsBad++
		a.cur.flaw |= flawHole
		return
	}
	for _, u := range units {
		a.add(u)
	}
}

func (a *assembler) add(u []byte) {
	switch k := kindOf(a.codec, u); {
	case k == unitStray:
		a.stats.UnitsStripped++
		return
	case k == unitBroken, len(a.cur.units) >= maxFrameUnits, a.cur.size+len(u) > maxFrameSize:
		a.cur.flaw |= flawHole
		return
	case k.isSlice():
		a.picture = true
		a.note(u)
	}
	a.cur.units = append(a.cur.units, u)
	a.cur.size += len(u)
}

// note looks at the header of a slice, of which no more may come.
func (a *assembler) note(header []byte) {
	if kindOf(a.codec, header).isSlice() {
		a.cur.slices = true
		a.cur.referred = a.cur.referred || !isDisposable(a.codec, header)
	}
}

// finish hands the frame over.
func (a *assembler) finish() {
	if a.partial {
		a.cur.flaw |= flawHole
	}
	a.done = append(a.done, a.cur)
	a.cur = frame{units: make([][]byte, 0, len(a.cur.units))}
	a.picture, a.partial = false, false
}
