package relay_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/classrelay/classrelay/media"
)

// Streams as bytes: cutting them into NAL units and comparing them.

// fits is how much of the beginning of what came is as it was shown.
func fits(shown, came []byte) (n int) {
	for step := len(came); step > 0; step /= 2 {
		for n+step <= len(came) && bytes.Contains(shown, came[:n+step]) {
			n += step
		}
	}
	return n
}

var startCode = []byte{0, 0, 0, 1}

// annexB cuts an elementary stream at its start codes.
func annexB(b []byte) (units [][]byte) {
	for u := range bytes.SplitSeq(b, startCode[1:]) {
		// A unit never ends with a zero: that is the next start code's.
		if u = bytes.TrimRight(u, "\x00"); len(u) > 0 {
			units = append(units, u)
		}
	}
	return units
}

// lengthPrefixed cuts a stream in which four bytes say how long each unit is.
func lengthPrefixed(t *testing.T, b []byte) (units [][]byte) {
	t.Helper()
	for len(b) > 0 {
		if len(b) < 4 || uint64(len(b)) < 4+uint64(binary.BigEndian.Uint32(b)) {
			t.Fatal("the film's file is not as this test expects it")
		}
		n := 4 + binary.BigEndian.Uint32(b)
		units = append(units, b[4:n])
		b = b[n:]
	}
	return units
}

// kind is the type of a NAL unit, and what it is for us.
func kind(codec media.Codec, u []byte) (set, sei, key, slice bool) {
	if codec == media.H265 {
		typ := u[0] >> 1 & 0x3f
		return typ >= 32 && typ <= 34, typ == 39 || typ == 40, typ >= 16 && typ <= 21, typ < 32
	}
	typ := u[0] & 0x1f
	return typ == 7 || typ == 8, typ == 6, typ == 5, typ == 1 || typ == 5
}

// stream joins units again, without the parameter sets, which a file keeps apart
// and which stand in front of every key frame on our way, and without the messages
// (SEI), in which the camera of the bench writes the time.
func stream(codec media.Codec, units [][]byte) (joined []byte) {
	for _, u := range units {
		if set, sei, _, _ := kind(codec, u); !set && !sei {
			joined = append(append(joined, startCode...), u...)
		}
	}
	return joined
}

// pictures counts them: all encoders here make one slice of each.
func pictures(codec media.Codec, units [][]byte) (n int) {
	for _, u := range units {
		if _, _, _, slice := kind(codec, u); slice {
			n++
		}
	}
	return n
}

// groups cuts units in front of every key frame. The parameter sets of a key frame
// end up in the group before it.
func groups(codec media.Codec, units [][]byte) (cut [][][]byte) {
	from := 0
	for i, u := range units {
		if _, _, key, _ := kind(codec, u); key && i > from {
			cut = append(cut, units[from:i])
			from = i
		}
	}
	return append(cut, units[from:])
}
