package stamp

import (
	"bytes"

	"github.com/classrelay/classrelay/media"
)

// uuid marks our messages among those of others: "classrelay-stamp" in ASCII,
// sixteen bytes.
const uuid = "classrelay-stamp"

const (
	seiUserDataUnregistered = 5
	rbspTrailing            = 0x80 // a one and the zeros up to the byte's end
	h264SEI                 = 6
	h265PrefixSEI           = 39
)

// appendSEI appends the NAL unit that carries s.
func appendSEI(b []byte, codec media.Codec, s *Stamp) []byte {
	payload := s.appendTo([]byte(uuid))
	rbsp := []byte{seiUserDataUnregistered, byte(len(payload))}
	rbsp = append(append(rbsp, payload...), rbspTrailing)
	if codec == media.H265 {
		b = append(b, h265PrefixSEI<<1, 1) // layer 0, temporal id 0
	} else {
		b = append(b, h264SEI)
	}
	return appendEscaped(b, rbsp)
}

// seiBody returns the stamp's bytes when the NAL unit is an SEI with our UUID as
// its first message, as appendSEI makes it.
func seiBody(codec media.Codec, nal []byte) ([]byte, bool) {
	head := 1
	if codec == media.H265 {
		head = 2
	}
	if len(nal) <= head || !isSEI(codec, nal[0]) {
		return nil, false
	}
	// A stamp with all its escapes is shorter than twice its length; more is
	// not ours and need not be unescaped.
	rbsp := unescape(nal[head:min(len(nal), head+2*(len(uuid)+size+3))])
	if len(rbsp) < 2 || rbsp[0] != seiUserDataUnregistered {
		return nil, false
	}
	n, payload := int(rbsp[1]), rbsp[2:]
	if n < len(uuid) || n > len(payload) {
		return nil, false
	}
	return bytes.CutPrefix(payload[:n], []byte(uuid))
}

func isSEI(codec media.Codec, header byte) bool {
	if codec == media.H265 {
		return header>>1&0x3f == h265PrefixSEI
	}
	return header&0x1f == h264SEI
}

// appendEscaped appends an RBSP with an emulation prevention byte wherever two
// zeros are followed by a byte up to 3 (H.264 7.4.1, H.265 7.4.2).
func appendEscaped(b, rbsp []byte) []byte {
	zeros := 0
	for _, c := range rbsp {
		if zeros == 2 && c <= 3 {
			b = append(b, 3)
			zeros = 0
		}
		b = append(b, c)
		if c == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return b
}

// unescape is the inverse of appendEscaped.
func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	zeros := 0
	for _, c := range b {
		if zeros == 2 && c == 3 {
			zeros = 0
			continue
		}
		out = append(out, c)
		if c == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return out
}
