package egress

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Mode is a way to send.
type Mode string

// The modes; see the package comment.
const (
	UDP   Mode = "udp"
	GSO   Mode = "gso"
	QUIC  Mode = "quic"
	Naive Mode = "naive"
	RTSP  Mode = "rtsp"
)

// Modes lists all, in the order of the table.
func Modes() []Mode { return []Mode{UDP, GSO, QUIC, Naive, RTSP} }

// ParseMode finds a mode by its name.
func ParseMode(s string) (Mode, error) {
	if m := Mode(s); slices.Contains(Modes(), m) {
		return m, nil
	}
	names := make([]string, 0, len(Modes()))
	for _, m := range Modes() {
		names = append(names, string(m))
	}
	return "", fmt.Errorf("there is no way to send called %q (%s)", s, strings.Join(names, ", "))
}

// Title is the mode in words.
func (m Mode) Title() string {
	switch m {
	case UDP:
		return "plain UDP, one packet a write"
	case GSO:
		return "plain UDP with GSO"
	case QUIC:
		return "QUIC as the product sends it"
	case Naive:
		return "QUIC, datagrams of 1200 bytes"
	case RTSP:
		return "RTSP over TCP"
	}
	return string(m)
}

const (
	// pictureEvery is that of a camera with 25 pictures a second.
	pictureEvery = 40 * time.Millisecond
	// fullPacket is the largest RTP packet of the product (roq.MaxPacketSize), and
	// naivePacket what one sends who does not ask what fits.
	fullPacket, naivePacket = 1311, 1200
)

// cut divides one picture of a stream of rate bit/s into packets of RTP: all full
// but for the last.
func cut(mode Mode, rate int) [][]byte {
	size := fullPacket
	if mode == Naive {
		size = naivePacket
	}
	picture := make([]byte, int(float64(rate)/8*pictureEvery.Seconds()))
	for i := range picture {
		picture[i] = byte(i)
	}
	var packets [][]byte
	for p := range slices.Chunk(picture, size) {
		if len(p) >= rtpHeader {
			packets = append(packets, header(p, len(packets)))
		}
	}
	return packets
}

// rtpHeader is the length of one without extensions (RFC 3550 §5.1).
const rtpHeader = 12

// header makes the packet one of RTP, for who looks at it: version 2, type 96.
func header(p []byte, seq int) []byte {
	copy(p, []byte{0x80, 96, byte(seq >> 8), byte(seq), 0, 0, 0, 0, 0, 0, 0, 1})
	return p
}
