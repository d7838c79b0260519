package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/classrelay/classrelay/roq"
)

// TestFlow carries test packets: a media flow, so that they are exactly as large
// as those of a lesson. On the connection of a probe there is no other.
const TestFlow = roq.MinMediaFlow

const (
	// headSize is the head of a test packet: form, step, sequence number, time.
	headSize = 1 + 2 + 4 + 8
	form     = 1
	// smallSize is the payload of a packet of sound; fullSize that of a full one.
	smallSize = 110
	fullSize  = roq.MaxPacketSize
	// maxArrived bounds the list in one message: half a second at 100 Mbit/s.
	maxArrived = 5000
)

// ErrPacket is wrapped by errors about what the other end sent.
var ErrPacket = errors.New("bad probe packet")

// stamp is the head of a test packet.
type stamp struct {
	step uint16
	seq  uint32
	sent int64 // ns since 1970, by the sender's clock
}

// packet makes a test packet of size bytes.
func (s stamp) packet(size int) []byte {
	b := make([]byte, max(size, headSize))
	b[0] = form
	binary.BigEndian.PutUint16(b[1:], s.step)
	binary.BigEndian.PutUint32(b[3:], s.seq)
	binary.BigEndian.PutUint64(b[7:], uint64(s.sent))
	return b
}

func parseStamp(b []byte) (s stamp, err error) {
	if len(b) < headSize || b[0] != form {
		return s, fmt.Errorf("%w: %d bytes of another form", ErrPacket, len(b))
	}
	return stamp{
		step: binary.BigEndian.Uint16(b[1:]),
		seq:  binary.BigEndian.Uint32(b[3:]),
		sent: int64(binary.BigEndian.Uint64(b[7:])),
	}, nil
}

// arrival is a test packet that came.
type arrival struct {
	stamp
	at   int64 // ns since 1970, by the receiver's clock
	size int   // payload, bytes
}

// transit is how long it took, plus the receiver's clock minus the sender's.
func (a arrival) transit() time.Duration { return time.Duration(a.at - a.sent) }

// formatArrived writes a list of arrivals: each as differences to the one before,
// in variable-length integers, times in microseconds.
func formatArrived(list []arrival) (dst []byte) {
	var was arrival
	for _, a := range list {
		a.sent, a.at = a.sent/1000, a.at/1000
		for _, v := range []int64{
			int64(a.step) - int64(was.step), int64(a.seq) - int64(was.seq), a.sent - was.sent, a.at - was.at, int64(a.size),
		} {
			dst = binary.AppendVarint(dst, v)
		}
		was = a
	}
	return dst
}

// parseArrived is the inverse.
func parseArrived(b []byte) (list []arrival, err error) {
	var was arrival
	for len(b) > 0 {
		if len(list) >= maxArrived {
			return nil, fmt.Errorf("%w: more than %d arrivals in one message", ErrPacket, maxArrived)
		}
		var v [5]int64
		for i := range v {
			value, n := binary.Varint(b)
			if v[i] = value; n <= 0 {
				return nil, fmt.Errorf("%w: a list of arrivals breaks off", ErrPacket)
			}
			b = b[n:]
		}
		a := arrival{at: was.at + v[3], size: int(v[4])}
		step, seq := int64(was.step)+v[0], int64(was.seq)+v[1]
		a.step, a.seq, a.sent = uint16(step), uint32(seq), was.sent+v[2]
		if int64(a.step) != step || int64(a.seq) != seq || v[4] < 0 || v[4] > 1<<16 ||
			!possible(a.sent) || !possible(a.at) {
			return nil, fmt.Errorf("%w: an arrival that cannot be", ErrPacket)
		}
		was = a
		a.sent, a.at = a.sent*1000, a.at*1000
		list = append(list, a)
	}
	return list, nil
}

// possible tells whether a time in microseconds fits into nanoseconds.
func possible(us int64) bool { return us >= 0 && us < 1<<62/1000 }
