package fec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// packets makes n RTP packets of one frame from sequence number base on, with
// random lengths up to size.
func packets(rnd *rand.Rand, base uint16, n, size int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		p := make([]byte, rtpHeaderSize+rnd.IntN(size-rtpHeaderSize+1))
		for j := range p {
			p[j] = byte(rnd.Uint32())
		}
		p[0] = 0x80 | p[0]&0x3f // version 2; padding, extension and CSRC count as they come
		binary.BigEndian.PutUint16(p[2:], base+uint16(i))
		binary.BigEndian.PutUint32(p[4:], 0x01fffff0)
		binary.BigEndian.PutUint32(p[8:], 0xcafe)
		out[i] = p
	}
	return out
}

// rowsFor parses freshly made rows.
func rowsFor(t *testing.T, h Header, all [][]byte, numbers []int) []Row {
	t.Helper()
	rows := make([]Row, len(numbers))
	for i, n := range numbers {
		h.Row = uint8(n)
		got, body, err := Parse(AppendRow(nil, h, all))
		if err != nil {
			t.Fatal(err)
		}
		if got != h {
			t.Fatalf("header: got %+v, want %+v", got, h)
		}
		rows[i] = Row{got, body}
	}
	return rows
}

// foldOut takes every packet out of the rows that is not lost.
func foldOut(t *testing.T, rows []Row, all [][]byte, lost map[int]bool) (unknown []uint16) {
	t.Helper()
	for i, p := range all {
		if lost[i] {
			unknown = append(unknown, rows[0].Seq(i))
			continue
		}
		for r := range rows {
			if !rows[r].Fold(rows[r].Body, i, p) {
				t.Fatalf("packet %d does not fit its own row", i)
			}
		}
	}
	return unknown
}

func TestAnyKOfKPlusRRecoverAndFewerNever(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		k, r := 1+rnd.IntN(MaxPackets), 1+rnd.IntN(64)
		stride := uint8(1 + rnd.IntN(MaxStride))
		base := uint16(rnd.Uint32())
		all := packets(rnd, 0, k, 200)
		h := Header{Type: OnDemand, Stride: stride, Base: base, K: uint8(k), Check: Check(0xcafe)}
		for i, p := range all {
			binary.BigEndian.PutUint16(p[2:], h.Seq(i))
		}
		lost := make(map[int]bool)
		for _, i := range rnd.Perm(k)[:1+rnd.IntN(min(k, r))] {
			lost[i] = true
		}
		rows := rowsFor(t, h, all, rnd.Perm(MaxRows)[:len(lost)])
		unknown := foldOut(t, rows, all, lost)
		for i, symbol := range Solve(rows[1:], unknown) {
			if symbol != nil {
				t.Fatalf("k=%d: one row fewer than losses gave packet %d", k, unknown[i])
			}
		}
		for i, symbol := range Solve(rows, unknown) {
			if symbol == nil {
				t.Fatalf("k=%d: %d rows do not give %d packets", k, len(rows), len(unknown))
			}
			got, err := Restore(symbol, 0xcafe, unknown[i], 0x02000010)
			if err != nil {
				t.Fatal(err)
			}
			if want := all[h.Index(unknown[i])]; !bytes.Equal(got, want) {
				t.Fatalf("k=%d: packet %d came back as\n%x, want\n%x", k, unknown[i], got, want)
			}
		}
	}
}

func TestRepairPacketIsAsLongAsTheLongestPacket(t *testing.T) {
	for _, size := range []int{12, 13, 100, 1311} {
		p := make([]byte, size)
		p[0] = 0x80
		row := AppendRow(nil, Header{Stride: 1, K: 2}, [][]byte{p, p[:12]})
		if len(row) != size {
			t.Errorf("packets of %d bytes: the repair packet has %d", size, len(row))
		}
	}
}

func TestRowsOverOverlappingWindowsAreSolvedTogether(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	const frame, frames = 15, 4
	for range 200 {
		base := uint16(rnd.Uint32())
		all := packets(rnd, base, frame*frames, 60)
		// Two rows with every frame, over it and the two before. Two losses per
		// frame: no window alone can be solved but the first.
		var rows []Row
		for f := range frames {
			first := max(0, f-2) * frame
			h := Header{Type: Window, Stride: 1, Base: base + uint16(first), K: uint8((f+1)*frame - first)}
			rows = append(rows, rowsFor(t, h, all[first:(f+1)*frame], []int{64 + 2*f, 65 + 2*f})...)
		}
		lost := make(map[uint16]bool)
		var unknown []uint16
		for f := range frames {
			for _, i := range rnd.Perm(frame)[:2] {
				lost[base+uint16(f*frame+i)] = true
			}
		}
		for i := range all {
			seq := base + uint16(i)
			if lost[seq] {
				unknown = append(unknown, seq)
				continue
			}
			for r := range rows {
				if at := rows[r].Index(seq); at >= 0 {
					rows[r].Fold(rows[r].Body, at, all[i])
				}
			}
		}
		for i, symbol := range Solve(rows, unknown) {
			if symbol == nil {
				t.Fatalf("base %d: packet %d was not solved", base, unknown[i])
			}
			got, err := Restore(symbol, 0xcafe, unknown[i], 0x01fffff0)
			if err != nil || !bytes.Equal(got, all[unknown[i]-base]) {
				t.Fatalf("base %d: packet %d came back wrong (%v)", base, unknown[i], err)
			}
		}
	}
}

func TestRestoreCompletesTheTimestamp(t *testing.T) {
	for _, c := range []struct{ stamp, near uint32 }{
		{100, 0},
		{0, 100},
		{0xffffff00, 0x00000100}, // across the wrap of the timestamp
		{0x00000100, 0xffffff00},
		{0x01000005, 0x00fffff0}, // across the wrap of 24 bits
		{0x00fffff0, 0x01000005},
		{90000 * 60, 0}, // a minute apart
		{0, 90000 * 60},
	} {
		p := make([]byte, 20)
		p[0] = 0x80
		binary.BigEndian.PutUint32(p[4:], c.stamp)
		h := Header{Stride: 1, K: 1}
		_, body, err := Parse(AppendRow(nil, h, [][]byte{p}))
		if err != nil {
			t.Fatal(err)
		}
		symbol := Solve([]Row{{h, body}}, []uint16{0})[0]
		got, err := Restore(symbol, 0, 0, c.near)
		if err != nil || !bytes.Equal(got, p) {
			t.Errorf("timestamp %#x near %#x came back as %x (%v)", c.stamp, c.near, got[4:8], err)
		}
	}
}

func TestRestoreRefusesWhatIsNoPacket(t *testing.T) {
	for name, symbol := range map[string][]byte{
		"nothing":                 {},
		"zeros":                   make([]byte, 40),
		"no end":                  {0x80, 0, 0, 0, 0, 1, 2, 3},
		"an end in the prefix":    {0x80, 0x80, 0, 0, 0, 0, 0},
		"another version of RTP":  {0x40, 0, 0, 0, 0, 1, 0x80},
		"shorter than its prefix": {0x80, 0x80},
	} {
		if _, err := Restore(symbol, 1, 2, 3); !errors.Is(err, ErrSymbol) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCheckTellsNeighbouringSourcesApart(t *testing.T) {
	for bit := range 32 {
		if Check(0x12345678) == Check(0x12345678^1<<bit) {
			t.Errorf("bit %d of the SSRC does not show", bit)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{})
	f.Add(AppendRow(nil, Header{Type: Window, Stride: 3, Base: 65535, K: 1, Last: true}, [][]byte{make([]byte, 40)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, body, err := Parse(b)
		if err != nil {
			return
		}
		if again := h.Append(nil); len(again) != HeaderSize || !headerEqual(again, b) {
			t.Fatalf("%x became %x", b[:HeaderSize], again)
		}
		for i := range int(h.K) {
			if h.Index(h.Seq(i)) != i || h.Coefficient(i) == 0 {
				t.Fatalf("packet %d of %+v has index %d", i, h, h.Index(h.Seq(i)))
			}
		}
		packet := append([]byte{0x80, 96, 0, 1, 0, 0, 0, 1}, make([]byte, 30)...)
		h.Fold(body, 0, packet)
		if symbol := Solve([]Row{{h, body}}, []uint16{h.Base})[0]; symbol != nil {
			_, _ = Restore(symbol, 1, h.Base, 1)
		}
	})
}

// headerEqual compares headers; the highest bit of the row is not used.
func headerEqual(a, b []byte) bool {
	return bytes.Equal(a[:4], b[:4]) && a[4] == b[4]&0x7f && a[5] == b[5]
}

func BenchmarkAppendRow(b *testing.B) {
	for _, k := range []int{15, 96} {
		b.Run(fmt.Sprintf("k=%d", k), func(b *testing.B) {
			all := full(k)
			h := Header{Stride: 1, K: uint8(k)}
			buf := make([]byte, 0, 2000)
			b.SetBytes(int64(k * len(all[0])))
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendRow(buf[:0], h, all)
			}
		})
	}
}

func full(k int) [][]byte {
	all := make([][]byte, k)
	for i := range all {
		all[i] = bytes.Repeat([]byte{byte(i)}, 1311)
		all[i][0] = 0x80
	}
	return all
}

// BenchmarkRecover is everything a receiver does for one block: folding all
// packets out of the rows, solving, restoring.
func BenchmarkRecover(b *testing.B) {
	for _, c := range []struct{ k, lost int }{{15, 1}, {15, 5}, {96, 1}, {96, 5}, {96, 24}, {96, 96}} {
		b.Run(fmt.Sprintf("k=%d lost=%d", c.k, c.lost), func(b *testing.B) {
			all := full(c.k)
			h := Header{Stride: 1, K: uint8(c.k)}
			var fresh [][]byte
			for i := range c.lost {
				h.Row = uint8(i)
				_, body, _ := Parse(AppendRow(nil, h, all))
				fresh = append(fresh, body)
			}
			rows := make([]Row, c.lost)
			unknown := make([]uint16, c.lost)
			b.ReportAllocs()
			for b.Loop() {
				for i := range rows {
					h.Row = uint8(i)
					unknown[i] = h.Seq(i)
					rows[i] = Row{h, bytes.Clone(fresh[i])}
					for at := c.lost; at < c.k; at++ {
						rows[i].Fold(rows[i].Body, at, all[at])
					}
				}
				for i, symbol := range Solve(rows, unknown) {
					if _, err := Restore(symbol, 0, unknown[i], 0); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
