package fec

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/reedsolomon"
)

const (
	rtpHeaderSize = 12 // the fixed header, RFC 3550 §5.1
	prefixSize    = 5  // byte 0, byte 1 and 24 bits of timestamp
	endMark       = 0x80
	// symbolSaving is how much shorter a symbol is than its packet.
	symbolSaving = rtpHeaderSize - prefixSize - 1
)

// ErrSymbol is returned by Restore for what cannot have been an RTP packet: the
// rows were forged, or did not belong together.
var ErrSymbol = errors.New("the rows give no RTP packet")

// Coefficient is the factor of packet i in the row, never zero. Packets keep
// their factor in every row of stride 1, whatever else it covers, so that rows
// over overlapping windows can be solved together.
func (h *Header) Coefficient(i int) byte {
	y := byte(i)
	if h.Stride == 1 {
		y = byte(h.Seq(i))
	}
	return reedsolomon.Inv((MaxRows | h.Row) ^ y&(MaxRows-1))
}

// AppendRow appends the repair packet that h describes: its header and the sum
// of the given packets. packets[i] has sequence number h.Seq(i), h.K is their
// number; each is an RTP packet of at least 12 bytes. The result is as long as
// the longest packet.
func AppendRow(dst []byte, h Header, packets [][]byte) []byte {
	dst = h.Append(dst)
	start := len(dst)
	dst = append(dst, make([]byte, RowSize(packets)-HeaderSize)...)
	for i, p := range packets {
		fold(dst[start:], h.Coefficient(i), p)
	}
	return dst
}

// Fold adds packet i of the cover to the body of a row. In GF(256) that is also
// how it is taken out again: what is left is a row over the others. It returns
// false, and does nothing, if the row has no room for such a packet: then row
// and packet do not belong together.
func (h *Header) Fold(body []byte, i int, packet []byte) bool {
	if len(packet) < rtpHeaderSize || len(packet)-symbolSaving > len(body) {
		return false
	}
	fold(body, h.Coefficient(i), packet)
	return true
}

func fold(body []byte, c byte, packet []byte) {
	var ll reedsolomon.LowLevel
	// The few bytes around the payload first, together.
	edge := [prefixSize + 1]byte{packet[0], packet[1], packet[5], packet[6], packet[7], endMark}
	var product [prefixSize + 1]byte
	ll.GalMulSlice(c, edge[:], product[:])
	for i := range prefixSize {
		body[i] ^= product[i]
	}
	payload := packet[rtpHeaderSize:]
	body[prefixSize+len(payload)] ^= product[prefixSize]
	ll.GalMulSliceXor(c, payload, body[prefixSize:prefixSize+len(payload)])
}

// Restore turns a solved symbol back into its RTP packet, in new memory. The
// sequence number is known from the place in the row, the SSRC from the flow;
// near is the timestamp of a packet sent at most a minute before or after, to
// which the 24 bits are completed (they wrap after 186 s at 90 kHz).
func Restore(symbol []byte, ssrc uint32, seq uint16, near uint32) ([]byte, error) {
	end := len(symbol) - 1
	for end >= prefixSize && symbol[end] == 0 {
		end--
	}
	if end < prefixSize || symbol[end] != endMark {
		return nil, fmt.Errorf("%w: sequence number %d has no end", ErrSymbol, seq)
	}
	if symbol[0]>>6 != 2 {
		return nil, fmt.Errorf("%w: sequence number %d would have version %d", ErrSymbol, seq, symbol[0]>>6)
	}
	low := uint32(symbol[2])<<16 | uint32(symbol[3])<<8 | uint32(symbol[4])
	ahead := int32((low-near)<<8) >> 8 // the 24-bit difference with its sign
	packet := make([]byte, 0, rtpHeaderSize+end-prefixSize)
	packet = append(packet, symbol[0], symbol[1])
	packet = binary.BigEndian.AppendUint16(packet, seq)
	packet = binary.BigEndian.AppendUint32(packet, near+uint32(ahead))
	packet = binary.BigEndian.AppendUint32(packet, ssrc)
	return append(packet, symbol[prefixSize:end]...), nil
}

// RowSize is the length in bytes of a row over the given packets, header included.
func RowSize(packets [][]byte) int {
	longest := rtpHeaderSize
	for _, p := range packets {
		longest = max(longest, len(p))
	}
	return HeaderSize + longest - symbolSaving
}
