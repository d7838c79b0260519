package roq

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

func TestDatagramRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		name   string
		flow   uint64
		header int
	}{
		{"smallest flow", 0, 1},
		{"largest flow of one byte", 63, 1},
		{"smallest media flow", MinMediaFlow, 2},
		{"largest media flow", MaxMediaFlow, 2},
		{"first flow of four bytes", MaxMediaFlow + 1, 4},
		{"largest flow", MaxFlow, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := AppendDatagram([]byte("kept"), tt.flow, []byte("packet"))
			if len(b) != 4+tt.header+6 || string(b[:4]) != "kept" {
				t.Fatalf("datagram %x", b)
			}
			flow, payload, err := ParseDatagram(b[4:])
			if err != nil || flow != tt.flow || string(payload) != "packet" {
				t.Errorf("flow %d, payload %q, %v", flow, payload, err)
			}
		})
	}
}

func TestFullPacketFillsTheDatagram(t *testing.T) {
	for _, flow := range []uint64{MinMediaFlow, MaxMediaFlow} {
		if got := len(AppendDatagram(nil, flow, make([]byte, MaxPacketSize))); got != DatagramSize {
			t.Errorf("flow %d: %d bytes, want %d", flow, got, DatagramSize)
		}
	}
	if PacketSize-DatagramSize != FallbackPacketSize-FallbackDatagramSize ||
		DatagramSize-MaxPacketSize != FallbackDatagramSize-FallbackMaxPacketSize {
		t.Error("the fallback sizes do not follow the rule of the full ones")
	}
}

func TestParseDatagramRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
	}{
		{"nothing", nil},
		{"a flow id cut short", []byte{0x40}},
		{"a flow id of eight bytes cut short", []byte{0xc0, 1, 2, 3, 4, 5, 6}},
		{"a flow without a packet", []byte{0x40, 0x40}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := ParseDatagram(tt.b); !errors.Is(err, ErrFraming) {
				t.Errorf("got %v, want ErrFraming", err)
			}
		})
	}
}

func TestErrorCodeNames(t *testing.T) {
	want := []string{
		"ROQ_NO_ERROR", "ROQ_GENERAL_ERROR", "ROQ_INTERNAL_ERROR", "ROQ_PACKET_ERROR",
		"ROQ_STREAM_CREATION_ERROR", "ROQ_FRAME_CANCELLED", "ROQ_UNKNOWN_FLOW_ID", "ROQ_EXPECTATION_UNMET",
		"ROQ error 0x8",
	}
	for i, name := range want {
		if got := ErrorCode(i).String(); got != name {
			t.Errorf("code %#x is %s, want %s", i, got, name)
		}
	}
}

func TestIsRTCP(t *testing.T) {
	report, err := (&rtcp.SenderReport{SSRC: 1}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	media := func(pt uint8, marker bool) []byte {
		b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: pt, Marker: marker}}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"sender report", report, true},
		{"video with its marker", media(96, true), false},
		{"payload type 127 with its marker", media(127, true), false},
		{"PCMA", media(8, false), false},
		{"one byte", []byte{0x80}, false},
	} {
		if got := IsRTCP(tt.b); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}

// bufferStream is a SendStream that keeps what is written.
type bufferStream struct {
	bytes.Buffer
	SendStream
}

func (b *bufferStream) Write(p []byte) (int, error) { return b.Buffer.Write(p) }

func TestStreamRoundTrip(t *testing.T) {
	var stream bufferStream
	w := NewPacketWriter(&stream, 300)
	packets := [][]byte{[]byte("one"), bytes.Repeat([]byte{2}, MaxPacketSize), bytes.Repeat([]byte{3}, math.MaxUint16)}
	for _, p := range packets {
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	r, err := NewPacketReader(&stream.Buffer)
	if err != nil || r.Flow() != 300 {
		t.Fatalf("flow %d, %v", r.Flow(), err)
	}
	for i, want := range packets {
		if got, err := r.Read(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("packet %d: %d bytes, %v", i, len(got), err)
		}
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want io.EOF", err)
	}
	for _, size := range []int{0, math.MaxUint16 + 1} {
		if err := w.Write(make([]byte, size)); !errors.Is(err, ErrFraming) {
			t.Errorf("packet of %d bytes: %v, want ErrFraming", size, err)
		}
	}
}

func TestPacketReaderRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stream []byte
	}{
		{"an empty stream", nil},
		{"a flow id cut short", []byte{0x80, 1}},
		{"a length cut short", []byte{5, 0x40}},
		{"a packet cut short", []byte{5, 3, 1, 2}},
		{"an empty packet", []byte{5, 0}},
		{"a packet of a megabyte", []byte{5, 0x80, 0x10, 0, 0, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := NewPacketReader(bytes.NewReader(tt.stream))
			if err == nil {
				_, err = r.Read()
			}
			if !errors.Is(err, ErrFraming) {
				t.Errorf("got %v, want ErrFraming", err)
			}
		})
	}
}

func FuzzParseDatagram(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x40, 0x40, 0x80, 0x60})
	f.Add(AppendDatagram(nil, MaxFlow, []byte("x")))
	f.Fuzz(func(t *testing.T, b []byte) {
		flow, payload, err := ParseDatagram(b)
		if err != nil {
			return
		}
		again, rest, err := ParseDatagram(AppendDatagram(nil, flow, payload))
		if err != nil || again != flow || !bytes.Equal(rest, payload) {
			t.Errorf("flow %d with %d bytes came back as %d with %d, %v", flow, len(payload), again, len(rest), err)
		}
	})
}

func FuzzPacketReader(f *testing.F) {
	f.Add([]byte{5, 3, 1, 2, 3})
	f.Add(AppendStreamPacket(AppendStreamHeader(nil, 16384), []byte("packet")))
	f.Add([]byte{5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewPacketReader(bytes.NewReader(b))
		for total := 0; err == nil; {
			var p []byte
			if p, err = r.Read(); err == nil {
				total += len(p) + 1
			}
			if total >= len(b) {
				t.Fatalf("%d bytes of packets in a stream of %d", total, len(b))
			}
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, ErrFraming) {
			t.Errorf("unexpected %v", err)
		}
	})
}

func BenchmarkAppendDatagram(b *testing.B) {
	packet, buf := make([]byte, MaxPacketSize), make([]byte, 0, DatagramSize)
	b.ReportAllocs()
	b.SetBytes(DatagramSize)
	for b.Loop() {
		buf = AppendDatagram(buf[:0], 1000, packet)
	}
}

func BenchmarkParseDatagram(b *testing.B) {
	datagram := AppendDatagram(nil, 1000, make([]byte, MaxPacketSize))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ParseDatagram(datagram); err != nil {
			b.Fatal(err)
		}
	}
}
