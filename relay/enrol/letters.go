package enrol

import (
	"errors"
	"fmt"
	"strings"
)

// alphabet has the 32 letters and digits that are not taken for each other, as Douglas
// Crockford chose them: no I, L, O and U. QR codes have them in their compact mode.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	// groupData letters carry 20 bits, and one more checks them, so that a mistake is
	// found where it was made.
	groupData = 4
	group     = groupData + 1
	// maxLetters is well above the longest code, seven hubs with long names.
	maxLetters = 4096
)

// write puts bytes into groups of letters, with zero bits at the end as need be.
func write(b []byte) string {
	var (
		out  strings.Builder
		bits uint
		held int
		five []byte
	)
	for _, x := range b {
		bits, held = bits<<8|uint(x), held+8
		for held >= 5 {
			held -= 5
			five = append(five, byte(bits>>held)&31)
		}
	}
	if held > 0 {
		five = append(five, byte(bits<<(5-held))&31)
	}
	for len(five)%groupData != 0 {
		five = append(five, 0)
	}
	for i := 0; i < len(five); i += groupData {
		if i > 0 {
			out.WriteByte('-')
		}
		for _, v := range five[i : i+groupData] {
			out.WriteByte(alphabet[v])
		}
		out.WriteByte(alphabet[check(i/groupData, five[i:i+groupData])])
	}
	return out.String()
}

// read is the other way. It takes small letters, spaces and line breaks as well, and
// O for 0, I and L for 1. The last bits that fill no byte must be zero.
func read(s string) ([]byte, error) {
	var letters []byte
	for _, r := range strings.ToUpper(s) {
		switch r {
		case '-', ' ', '\t', '\r', '\n':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if r > 127 || strings.IndexByte(alphabet, byte(r)) < 0 {
			return nil, fmt.Errorf("group %d has a %q, which no code has", len(letters)/group+1, r)
		}
		if letters = append(letters, byte(r)); len(letters) > maxLetters {
			return nil, errors.New("it is longer than any code")
		}
	}
	five := make([]byte, 0, len(letters))
	for i := 0; i+group <= len(letters); i += group {
		values := make([]byte, group)
		for k := range values {
			values[k] = byte(strings.IndexByte(alphabet, letters[i+k]))
		}
		if check(i/group, values[:groupData]) != values[groupData] {
			return nil, fmt.Errorf("group %d (%s) is mistyped", i/group+1, letters[i:i+group])
		}
		five = append(five, values[:groupData]...)
	}
	if rest := len(letters) % group; rest != 0 || len(letters) == 0 {
		return nil, fmt.Errorf("it ends in the middle: after %d whole groups of %d letters there are %d more",
			len(letters)/group, group, rest)
	}
	return bytesOf(five)
}

func bytesOf(five []byte) (b []byte, err error) {
	var (
		bits uint
		held int
	)
	for _, v := range five {
		bits, held = bits<<5|uint(v), held+5
		if held >= 8 {
			held -= 8
			b = append(b, byte(bits>>held))
			bits &= 1<<held - 1
		}
	}
	if bits != 0 {
		return nil, errors.New("it does not end as a code does: is something missing?")
	}
	return b, nil
}

// check is the letter that checks a group: a sum in the field of 32 elements (modulo
// x^5+x^2+1) in which every place has a weight of its own. It finds every single wrong
// letter, two that changed places, and a group in the place of another.
func check(index int, values []byte) byte {
	sum := byte(index & 31)
	for _, v := range values {
		sum = double(sum) ^ v
	}
	return double(sum)
}

func double(v byte) byte {
	v <<= 1
	if v&32 != 0 {
		v ^= 0b100101
	}
	return v
}
