// Package mediatest makes packets for tests that need no real picture in them.
package mediatest

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// Packet is an RTP packet as a node has it: of a layer and codec, with the time of its
// arrival and, unless that is zero, of its capture.
func Packet(
	tb testing.TB, l media.Layer, c media.Codec, arrival, capture time.Time, p *rtp.Packet,
) *media.Packet {
	tb.Helper()
	raw, err := p.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	m, err := media.Parse(raw, l, c, arrival)
	if err != nil {
		tb.Fatal(err)
	}
	m.Capture = capture
	return m
}

// Frame is the payloads of a picture of H.264 in n packets, two at least: one slice in
// pieces (RFC 6184 §5.8), or, for a key frame, parameter sets in front of the rest.
// They are the caller's.
func Frame(key bool, n int) [][]byte {
	first := []byte{0x5c, 0x81, 1, 2, 3}
	if key {
		first = []byte{24, 0, 4, 0x67, 1, 2, 3, 0, 2, 0x68, 1}
	}
	frame := [][]byte{first}
	for range n - 2 {
		frame = append(frame, []byte{0x5c, 0x01, 6})
	}
	return append(frame, []byte{0x5c, 0x41, 4, 5})
}
