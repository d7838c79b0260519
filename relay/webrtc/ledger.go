package webrtc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/pion/rtcp"

	"github.com/classrelay/classrelay/internal/bwe"
	"github.com/classrelay/classrelay/media"
)

// transportCC is the header extension with the number of a packet over all streams of
// a connection (draft-holmer-rmcat-transport-wide-cc-extensions-01), which the page's
// feedback speaks of.
const transportCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

// ledgerSize is how many packets may be on their way and in reports on their way back:
// a second of 20 Mbit/s. It is a power of two below half of all numbers.
const ledgerSize = 2048

// errFeedback is wrapped by the errors of ledger.read.
var errFeedback = errors.New("not a transport-wide feedback")

// fate is what is known of a packet.
type fate uint8

const (
	unsent  fate = iota
	flying       // no feedback has spoken of it
	missing      // it had not come when feedback first spoke of it
	settled      // it came, or it was told as lost, or its feedback was lost
)

// departure is one packet that left.
type departure struct {
	at   time.Time
	size int32
	fate fate
}

// ledger knows when each packet left for a page and reads in the page's feedback what
// became of it. A packet that had not come is lost when the next feedback has not seen
// it either: a browser reports packets that were overtaken once more. It is a core.
type ledger struct {
	sent [ledgerSize]departure // by number
	next int64                 // the next number, without wrap

	begun bool      // there was feedback
	count uint8     // its number
	told  int64     // the first packet that it did not speak of
	open  int64     // no packet before this one is missing
	ref   int64     // the newest reference time, without wrap, in refUnit
	clock time.Time // reference time 0 of the page's clock, in our time base
}

// refUnit is the unit of a feedback's reference time, of which 24 bits are sent.
const refUnit = 64 * time.Millisecond

// leave notes a packet of size bytes and returns its number.
func (l *ledger) leave(now time.Time, size int) uint16 {
	seq := l.next
	*l.at(seq) = departure{at: now, size: int32(size), fate: flying} //nolint:gosec // a packet's size
	l.next++
	l.open = max(l.open, l.next-ledgerSize)
	return uint16(seq) //nolint:gosec // that is what is sent
}

func (l *ledger) at(seq int64) *departure { return &l.sent[seq&(ledgerSize-1)] }

// unwrap finds which of the last ledgerSize packets a number means; false: none of them.
func (l *ledger) unwrap(seq uint16) (int64, bool) {
	last := l.next - 1
	v := last + int64(media.SeqDiff(seq, uint16(last))) //nolint:gosec // that is what was sent
	return v, v >= 0 && v <= last && v > last-ledgerSize
}

// read takes one feedback packet (RTCP, type 205, format 15) and appends what it tells
// that was not known before. It never panics, whatever the bytes are; what it appends
// is of packets that left.
func (l *ledger) read(now time.Time, raw []byte, dst []bwe.Result) ([]bwe.Result, error) {
	// Asked first, since the parser makes an object for each packet that the header
	// claims.
	const header = 20
	if len(raw) < header || binary.BigEndian.Uint16(raw[14:]) > ledgerSize {
		return dst, fmt.Errorf("%w: %d bytes", errFeedback, len(raw))
	}
	var f rtcp.TransportLayerCC
	if err := f.Unmarshal(raw); err != nil {
		return dst, fmt.Errorf("%w: %w", errFeedback, err)
	}
	first, ok := l.unwrap(f.BaseSequenceNumber)
	if !ok {
		return dst, fmt.Errorf("%w: packet %d is none of the last %d", errFeedback, f.BaseSequenceNumber, ledgerSize)
	}
	l.turn(now, &f, first)
	dst = l.losses(first, dst)
	return l.arrivals(&f, first, dst), nil
}

// turn takes the feedback's place in the order of feedback and its time. Packets of
// which only feedback that was lost has spoken are left alone: nothing is known of them.
func (l *ledger) turn(now time.Time, f *rtcp.TransportLayerCC, first int64) {
	const bits = 24
	ref := int64(f.ReferenceTime)
	if !l.begun {
		l.begun, l.ref, l.told = true, ref, first
		l.clock = now.Add(-time.Duration(ref) * refUnit)
	} else {
		step := (ref - l.ref) << (64 - bits) >> (64 - bits) // with its sign
		l.ref += step
		if f.FbPktCount != l.count+1 {
			l.forget(first)
		}
	}
	l.count = f.FbPktCount
	l.told = max(l.told, first)
}

// forget settles what lies between the last feedback and this one.
func (l *ledger) forget(first int64) {
	for v := max(l.told, l.next-ledgerSize); v < first; v++ {
		l.at(v).fate = settled
	}
}

// losses are the packets that an earlier feedback missed and that this one begins behind.
func (l *ledger) losses(first int64, dst []bwe.Result) []bwe.Result {
	for ; l.open < first; l.open++ {
		if d := l.at(l.open); d.fate == missing {
			d.fate = settled
			dst = append(dst, d.result(l.open, time.Time{}))
		}
	}
	return dst
}

// arrivals walks through the feedback's packets in order.
func (l *ledger) arrivals(f *rtcp.TransportLayerCC, first int64, dst []bwe.Result) []bwe.Result {
	at := l.clock.Add(time.Duration(l.ref) * refUnit)
	seq, end, delta := first, min(first+int64(f.PacketStatusCount), l.next), 0
	for _, chunk := range f.PacketChunks {
		for symbol := range symbols(chunk) {
			if seq == end {
				return dst
			}
			d := l.at(seq)
			switch {
			case timed(symbol) && delta == len(f.RecvDeltas):
				return dst
			case timed(symbol):
				at = at.Add(time.Duration(f.RecvDeltas[delta].Delta) * time.Microsecond)
				delta++
				if d.fate == flying || d.fate == missing {
					d.fate = settled
					dst = append(dst, d.result(seq, at))
				}
			case d.fate == flying:
				d.fate = missing
			}
			seq++
			l.told = max(l.told, seq)
		}
	}
	return dst
}

// symbols yields what a chunk says of each packet.
func symbols(chunk rtcp.PacketStatusChunk) iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		switch c := chunk.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				if !yield(c.PacketStatusSymbol) {
					return
				}
			}
		case *rtcp.StatusVectorChunk:
			for _, symbol := range c.SymbolList {
				if !yield(symbol) {
					return
				}
			}
		}
	}
}

// timed tells whether a packet came, and there is a time for it.
func timed(symbol uint16) bool {
	return symbol == rtcp.TypeTCCPacketReceivedSmallDelta || symbol == rtcp.TypeTCCPacketReceivedLargeDelta
}

func (d *departure) result(seq int64, arrived time.Time) bwe.Result {
	return bwe.Result{Seq: seq, Sent: d.at, Arrived: arrived, Size: int(d.size)}
}
