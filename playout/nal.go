package playout

import "github.com/classrelay/classrelay/media"

// NAL unit types that stand in front of a picture, H.264 (ISO/IEC 14496-10 table
// 7-1) and H.265 (ISO/IEC 23008-2 table 7-1), and the packet types of RFC 6184
// §5.2 and RFC 7798 §4.4.
const (
	h264SEI   = 6
	h264SPS   = 7
	h264AUD   = 9
	h264STAPA = 24
	h264FUA   = 28

	h265VPS = 32
	h265SPS = 33
	h265AUD = 35
	h265SEI = 39 // prefix SEI
	h265AP  = 48
	h265FU  = 49
)

// opening is what the first NAL unit of a packet says about the packets in front
// of it in the same frame, when those are not there.
type opening uint8

const (
	opensNothing opening = iota // there may be more of the frame in front
	opensMaybe                  // SEI: in front of it only parameter sets and a delimiter
	opensFrame                  // a delimiter or the first parameter set: the frame begins here
)

// inspect reads the first NAL unit's type and whether the packet carries an SPS.
// Every audio packet opens a frame: it is one.
func inspect(codec media.Codec, payload []byte) (open opening, sps bool) {
	switch codec {
	case media.H264:
		first, sps := h264Units(payload)
		return h264Opening(first), sps
	case media.H265:
		first, sps := h265Units(payload)
		return h265Opening(first), sps
	case media.AAC, media.G711, media.Opus:
	}
	return opensFrame, false
}

func h264Opening(typ byte) opening {
	switch typ {
	case h264AUD, h264SPS:
		return opensFrame
	case h264SEI:
		return opensMaybe
	}
	return opensNothing
}

func h265Opening(typ byte) opening {
	switch typ {
	case h265AUD, h265VPS:
		return opensFrame
	case h265SEI:
		return opensMaybe
	}
	return opensNothing
}

// h264Units returns the type of the first NAL unit, 0 where a fragment goes on.
func h264Units(b []byte) (first byte, sps bool) {
	if len(b) == 0 {
		return 0, false
	}
	switch typ := b[0] & 0x1f; typ {
	case h264STAPA:
		for nal := range media.Aggregated(b[1:]) {
			t := nal[0] & 0x1f
			sps = sps || t == h264SPS
			if first == 0 {
				first = t
			}
		}
		return first, sps
	case h264FUA:
		if len(b) < 2 || b[1]&0x80 == 0 { // no start bit
			return 0, false
		}
		return b[1] & 0x1f, false
	default:
		return typ, typ == h264SPS
	}
}

// h265Units is h264Units for H.265; 0 is a slice there, which opens nothing too.
func h265Units(b []byte) (first byte, sps bool) {
	if len(b) < 3 {
		return 0, false
	}
	switch typ := b[0] >> 1 & 0x3f; typ {
	case h265AP:
		for nal := range media.Aggregated(b[2:]) {
			t := nal[0] >> 1 & 0x3f
			sps = sps || t == h265SPS
			if first == 0 {
				first = t
			}
		}
		return first, sps
	case h265FU:
		if b[2]&0x80 == 0 { // no start bit
			return 0, false
		}
		return b[2] & 0x3f, false
	default:
		return typ, typ == h265SPS
	}
}
