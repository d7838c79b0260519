package feedback

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

const (
	wireVersion = 1
	headSize    = 1 + 2 + 4
)

// ErrReport is wrapped by the errors of Parse.
var ErrReport = errors.New("not a feedback report")

// Append appends the report in wire format:
//
//	version 8 | number 16 | stamp in µs 32 | flows …
//
// and per flow, with every number that has no width a varint (LEB128):
//
//	flow | highest 16 | received 16 | span | bitmap | age of the first arrival |
//	difference of each further arrival (zigzag) | requests |
//	  per request: id 8 | held 8 | slack in ms 8 | runs 8 | per run: seq 16 | n 8
//
// span counts the sequence numbers from First to Highest; the bitmap has one bit
// for each, lowest first. Ages and differences are in Units.
func (r *Report) Append(b []byte) []byte {
	b = append(b, wireVersion)
	b = binary.BigEndian.AppendUint16(b, r.Number)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Stamp/time.Microsecond))
	for i := range r.Flows {
		b = r.Flows[i].append(b)
	}
	return b
}

func (f *FlowReport) append(b []byte) []byte {
	b = binary.AppendUvarint(b, f.Flow)
	b = binary.BigEndian.AppendUint16(b, f.Highest)
	b = binary.BigEndian.AppendUint16(b, f.Received)
	b = f.appendArrivals(b)
	b = binary.AppendUvarint(b, uint64(len(f.Requests)))
	for _, q := range f.Requests {
		b = append(b, q.ID, q.Held, byte(min(q.Slack/time.Millisecond, 255)), byte(len(q.Runs)))
		for _, run := range q.Runs {
			b = binary.BigEndian.AppendUint16(b, run.Seq)
			b = append(b, run.N)
		}
	}
	return b
}

func (f *FlowReport) appendArrivals(b []byte) []byte {
	if len(f.Arrivals) == 0 {
		return append(b, 0)
	}
	span := int(f.Highest-f.First) + 1
	b = binary.AppendUvarint(b, uint64(span))
	bitmap := len(b)
	b = append(b, make([]byte, (span+7)/8)...)
	for _, a := range f.Arrivals {
		i := int(a.Seq - f.First)
		b[bitmap+i/8] |= 1 << (i % 8)
	}
	last := int64(0)
	for i, a := range f.Arrivals {
		age := int64(a.Age / Unit)
		if i == 0 {
			b = binary.AppendUvarint(b, uint64(age))
		} else {
			b = binary.AppendVarint(b, last-age)
		}
		last = age
	}
	return b
}

// Parse reads a report. It never panics, whatever the bytes are, and what it
// returns is within all limits, though not necessarily true.
func Parse(b []byte) (*Report, error) {
	if len(b) < headSize {
		return nil, fmt.Errorf("%w: %d bytes are too few", ErrReport, len(b))
	}
	if b[0] != wireVersion {
		return nil, fmt.Errorf("%w: version %d", ErrReport, b[0])
	}
	r := &Report{
		Number: binary.BigEndian.Uint16(b[1:]),
		Stamp:  time.Duration(binary.BigEndian.Uint32(b[3:])) * time.Microsecond,
	}
	w := reader{b: b[headSize:]}
	for len(w.b) > 0 {
		f := w.flow()
		if w.bad {
			return nil, fmt.Errorf("%w: flow %d is cut short or out of bounds", ErrReport, len(r.Flows))
		}
		r.Flows = append(r.Flows, f)
	}
	return r, nil
}

// reader takes values off b; after the first that is not there it is bad and
// returns zeros.
type reader struct {
	b   []byte
	bad bool
}

func (w *reader) take(n int) []byte {
	if w.bad || n > len(w.b) {
		w.bad = true
		return make([]byte, n)
	}
	v := w.b[:n]
	w.b = w.b[n:]
	return v
}

func (w *reader) byte() byte     { return w.take(1)[0] }
func (w *reader) uint16() uint16 { return binary.BigEndian.Uint16(w.take(2)) }

func (w *reader) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(w.b)
	if n <= 0 || v > limit {
		w.bad = true
		return 0
	}
	w.b = w.b[n:]
	return v
}

func (w *reader) varint() int64 {
	v, n := binary.Varint(w.b)
	if n <= 0 {
		w.bad = true
		return 0
	}
	w.b = w.b[n:]
	return v
}

// maxFlow is the largest QUIC varint, RFC 9000 §16.
const maxFlow = 1<<62 - 1

func (w *reader) flow() FlowReport {
	f := FlowReport{Flow: w.uvarint(maxFlow), Highest: w.uint16(), Received: w.uint16()}
	w.arrivals(&f)
	n := w.uvarint(MaxSize)
	for range n {
		q := w.request()
		if w.bad {
			break
		}
		f.Requests = append(f.Requests, q)
	}
	return f
}

func (w *reader) request() Request {
	q := Request{ID: w.byte(), Held: w.byte(), Slack: time.Duration(w.byte()) * time.Millisecond}
	n := w.byte()
	w.bad = w.bad || n > MaxRuns || len(w.b) < 3*int(n)
	if w.bad {
		return q
	}
	for range n {
		q.Runs = append(q.Runs, Run{Seq: w.uint16(), N: w.byte()})
	}
	return q
}

// maxAge bounds the ages a report may state: beyond it they say nothing about a
// queue.
const maxAge = int64(10 * time.Second / Unit)

func (w *reader) arrivals(f *FlowReport) {
	span := int(w.uvarint(MaxSpan))
	if span == 0 {
		return
	}
	f.First = f.Highest - uint16(span-1)
	bitmap := w.take((span + 7) / 8)
	var age int64
	for i := range span {
		if bitmap[i/8]&(1<<(i%8)) == 0 {
			continue
		}
		if len(f.Arrivals) == 0 {
			age = int64(w.uvarint(uint64(maxAge)))
		} else {
			age -= w.varint()
		}
		if w.bad = w.bad || age < 0 || age > maxAge; w.bad {
			return
		}
		f.Arrivals = append(f.Arrivals, Arrival{Seq: f.First + uint16(i), Age: time.Duration(age) * Unit})
	}
	// The span begins and ends with a packet that came; anything else is no report.
	w.bad = w.bad || bitmap[0]&1 == 0 || bitmap[(span-1)/8]&(1<<((span-1)%8)) == 0
}
