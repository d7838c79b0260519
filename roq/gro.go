package roq

import (
	"encoding/binary"
	"math/bits"

	"golang.org/x/net/ipv4"
)

const (
	// groBuffer holds the most that the kernel puts together: the longest UDP
	// payload.
	groBuffer = 1 << 16
	// groMessages is how many of these are read in one call. One flow's packets
	// come in one; eight as with single packets, for a hub that hears from many.
	groMessages = 8
	// groControl holds the kernel's control messages about one: the mark for
	// congestion, where it came in, and the size of the parts.
	groControl = 128
)

// batchReader reads several messages in one call; *ipv4.PacketConn is one.
type batchReader interface {
	ReadBatch(ms []ipv4.Message, flags int) (int, error)
}

// gro reads a socket on which the kernel puts packets together that came one
// behind the other (UDP_GRO, the reverse of what segmentation does at the sender),
// and takes them apart again. One goroutine reads.
type gro struct {
	conn     batchReader
	messages []ipv4.Message
	got      int // messages of the last call
	next     int // of these, the one to take apart next
	part     int // bytes of it taken already
}

func newGRO(conn batchReader) *gro {
	g := &gro{conn: conn, messages: make([]ipv4.Message, groMessages)}
	for i := range g.messages {
		g.messages[i].Buffers = [][]byte{make([]byte, groBuffer)}
		g.messages[i].OOB = make([]byte, groControl)
	}
	return g
}

// ReadBatch fills ms with one packet each, and returns how many. It calls the
// kernel only when nothing is left of the last call.
func (g *gro) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	if g.next == g.got {
		n, err := g.conn.ReadBatch(g.messages, flags)
		if err != nil || n <= 0 {
			return n, err
		}
		g.got, g.next, g.part = n, 0, 0
	}
	n := 0
	for n < len(ms) && g.next < g.got {
		g.take(&ms[n])
		n++
	}
	return n, nil
}

// take copies the next packet into m. A packet that is longer than m's buffer is
// cut, as the kernel would.
func (g *gro) take(m *ipv4.Message) {
	from := &g.messages[g.next]
	all := from.Buffers[0][:from.N]
	rest := all[g.part:]
	size := partSize(from.OOB[:from.NN])
	if size <= 0 || size > len(rest) {
		size = len(rest)
	}
	m.N = copy(m.Buffers[0], rest[:size])
	m.NN = copy(m.OOB, from.OOB[:from.NN])
	m.Addr, m.Flags = from.Addr, from.Flags
	g.part += size
	if g.part >= from.N {
		g.next, g.part = g.next+1, 0
	}
}

// Layout of a control message (cmsg(3)): a length as wide as the machine's words,
// level 32, type 32, and the value, all padded to words.
const (
	controlWord   = bits.UintSize / 8
	controlHeader = controlWord + 8
	solUDP        = 17  // the level: IPPROTO_UDP
	udpGRO        = 104 // the type, of Linux' linux/udp.h
)

// partSize is the size of the packets that the kernel put together, by the control
// messages; 0 when it was one packet.
func partSize(control []byte) int {
	for len(control) >= controlHeader {
		size := controlSize(control)
		if size < controlHeader || size > len(control) {
			return 0
		}
		level := binary.NativeEndian.Uint32(control[controlWord:])
		kind := binary.NativeEndian.Uint32(control[controlWord+4:])
		if level == solUDP && kind == udpGRO && size >= controlHeader+4 {
			return int(binary.NativeEndian.Uint32(control[controlHeader:]))
		}
		control = control[min((size+controlWord-1)/controlWord*controlWord, len(control)):]
	}
	return 0
}

func controlSize(control []byte) int {
	if controlWord == 8 {
		return int(binary.NativeEndian.Uint64(control))
	}
	return int(binary.NativeEndian.Uint32(control))
}
