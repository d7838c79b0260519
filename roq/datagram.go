package roq

import (
	"errors"
	"fmt"

	"github.com/apernet/quic-go/quicvarint"
)

// ErrFraming is wrapped by every error about bytes that do not follow the draft.
// On a stream it is answered with PacketError.
var ErrFraming = errors.New("bad RoQ framing")

// AppendDatagram appends one RoQ datagram (draft §5.3), the flow id as a varint
// and then the packet, to dst and returns the longer slice. It allocates only if
// dst is too short. The flow must be at most MaxFlow; higher bits are cut off.
func AppendDatagram(dst []byte, flow uint64, packet []byte) []byte {
	return append(quicvarint.Append(dst, flow&MaxFlow), packet...)
}

// ParseDatagram splits one RoQ datagram into its flow id and its packet. The
// payload is a part of b, not a copy. An empty payload is an error: neither RTP
// nor RTCP has packets without bytes.
func ParseDatagram(b []byte) (flow uint64, payload []byte, err error) {
	flow, n, err := quicvarint.Parse(b)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: datagram of %d bytes has no whole flow id", ErrFraming, len(b))
	}
	if n == len(b) {
		return 0, nil, fmt.Errorf("%w: datagram for flow %d is empty", ErrFraming, flow)
	}
	return flow, b[n:], nil
}

// IsRTCP tells RTCP from RTP on a flow that carries both (RFC 5761 §4): the
// second byte of RTCP is a packet type from 192 to 223, and no RTP payload type
// with its marker bit may be given these values. Less than two bytes are RTP.
func IsRTCP(packet []byte) bool {
	return len(packet) >= 2 && packet[1] >= 192 && packet[1] <= 223
}
