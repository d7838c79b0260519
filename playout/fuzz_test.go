package playout

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// FuzzSplicer pushes what the bytes say, eight for a packet, and checks what must
// hold whatever comes.
func FuzzSplicer(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08"))
	f.Add(bytes.Repeat([]byte{0, 1, 0, 0x8f, 7, 10, 0, 1}, 40))
	f.Add(bytes.Repeat([]byte{1, 1, 40, 0x80, 1, 10, 40, 1, 0, 3, 0, 0x80, 0, 10, 0, 1}, 20))
	f.Add(bytes.Repeat([]byte{2, 255, 255, 255, 3, 90, 255, 0x41}, 30))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 1<<15)]
		cfg := Config{Delay: time.Duration(len(b)%3) * 20 * time.Millisecond}
		s := NewSplicer(cfg, h264, Start{}, media.LayerMain, media.LayerSub)
		a := NewSplicer(cfg, opus, Start{}, media.LayerAudio)
		now := epoch
		var seq [media.NumLayers]uint16
		var stamp [media.NumLayers]uint32
		var numbers [2]uint16
		for ; len(b) >= 8; b = b[8:] {
			l := media.Layer(b[0] % media.NumLayers)
			now = now.Add(time.Duration(b[5]) * time.Millisecond)
			seq[l] += uint16(int16(int8(b[1]))) * (1 + uint16(b[0]>>7)*300)
			stamp[l] += uint32(int32(int8(b[2]))) * 90
			p := fuzzPacket(t, l, b, seq[l], stamp[l])
			p.Arrival = now
			if b[7]&1 != 0 {
				p.Capture = now.Add(-time.Duration(int8(b[6])) * 10 * time.Millisecond)
			}
			s.Push(now, p)
			a.Push(now, p)
			if b[7]&0x40 == 0 {
				drained(t, s, now, &numbers[0])
				drained(t, a, now, &numbers[1])
			}
		}
		drained(t, s, now.Add(time.Hour), &numbers[0])
		if st := s.Stats(); st.Broken != 0 {
			t.Errorf("%d broken frames: %+v", st.Broken, st)
		}
	})
}

func fuzzPacket(t *testing.T, l media.Layer, b []byte, seq uint16, stamp uint32) *media.Packet {
	t.Helper()
	kinds := [][]byte{
		{0x5c, 1},
		{0x67, 1},
		{0x09, 0x10},
		{0x06, 5},
		{0x7c, 0x85, 1},
		{0x7c, 5, 1},
		{0x1c, 1},
		{24, 0, 2, 0x67, 1},
		{},
		{24},
		{28},
		{0x65},
		{0x1c, 0x81},
		{24, 0, 9},
		{0x68, 1},
		{0x41, 1},
	}
	raw, err := (&rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: b[3]&0x80 != 0, PayloadType: 96, SequenceNumber: seq, Timestamp: stamp,
			SSRC: uint32(b[4] >> 7),
		},
		Payload: kinds[b[3]&0xf],
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if b[4]&0x40 != 0 {
		raw[0] |= 0x20 // padding, whatever the last byte is
	}
	p, err := media.Parse(raw, l, media.H264, time.Time{})
	if err != nil {
		t.Skip(err)
	}
	return p
}

// drained pops all there is and checks the numbers, and that Next lies ahead.
func drained(t *testing.T, s *Splicer, now time.Time, number *uint16) {
	t.Helper()
	for p, ok := s.Pop(now); ok; p, ok = s.Pop(now) {
		if p.SequenceNumber != *number {
			t.Fatalf("number %d, want %d", p.SequenceNumber, *number)
		}
		*number++
	}
	if next := s.Next(); !next.IsZero() && !next.After(now) {
		t.Fatalf("Next is %v ago after Pop", now.Sub(next))
	}
	s.KeyFrameWanted(now)
	s.Report(now)
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte{24, 0, 2, 0x67, 1})
	f.Add([]byte{0x60, 1, 0, 3, 0x42, 1, 1})
	f.Add([]byte{0x62, 1, 0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, codec := range []media.Codec{media.H264, media.H265, media.Opus} {
			open, sps := inspect(codec, b)
			if sps && !codec.IsVideo() || len(b) == 0 && codec.IsVideo() && open != opensNothing {
				t.Errorf("%s %x: %v %v", codec, b, open, sps)
			}
		}
	})
}
