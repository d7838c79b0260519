package media

import "iter"

// NAL unit types, H.264 (ISO/IEC 14496-10 table 7-1) and the aggregation and
// fragmentation types of RFC 6184 §5.2.
const (
	h264IDR   = 5
	h264SPS   = 7
	h264PPS   = 8
	h264STAPA = 24
	h264FUA   = 28
)

// NAL unit types, H.265 (ISO/IEC 23008-2 table 7-1) and RFC 7798 §4.4.
const (
	h265LastSubLayer = 15 // types 0 to 15: even ones are non-reference pictures
	h265FirstIRAP    = 16
	h265LastIRAP     = 21
	h265VPS          = 32
	h265PPS          = 34
	h265AP           = 48
	h265FU           = 49
)

// classify looks into the payload of one RTP packet: does it begin a random
// access point (or carry the parameter sets in front of one), and is its picture
// one that no other refers to?
func classify(codec Codec, payload []byte) (key, disposable bool) {
	switch codec {
	case H264:
		return classifyH264(payload)
	case H265:
		return classifyH265(payload)
	case AAC, G711, Opus:
		// Every audio packet can be decoded alone.
	}
	return false, false
}

func classifyH264(b []byte) (key, disposable bool) {
	if len(b) == 0 {
		return false, false
	}
	switch typ := b[0] & 0x1f; {
	case typ >= 1 && typ < h264STAPA:
		return h264Key(typ), h264Disposable(b[0])
	case typ == h264FUA && len(b) >= 2:
		const start = 0x80
		return b[1]&start != 0 && h264Key(b[1]&0x1f), h264Disposable(b[0]&0xe0 | b[1]&0x1f)
	case typ == h264STAPA:
		for nal := range Aggregated(b[1:]) {
			key = key || h264Key(nal[0]&0x1f)
			disposable = disposable || h264Disposable(nal[0])
		}
	}
	return key, disposable
}

func h264Key(typ byte) bool { return typ == h264IDR || typ == h264SPS || typ == h264PPS }

// h264Disposable: a coded slice (1 to 5) with nal_ref_idc 0.
func h264Disposable(header byte) bool {
	typ := header & 0x1f
	return typ >= 1 && typ <= h264IDR && header&0x60 == 0
}

func classifyH265(b []byte) (key, disposable bool) {
	if len(b) < 2 {
		return false, false
	}
	switch typ := b[0] >> 1 & 0x3f; {
	case typ == h265AP:
		for nal := range Aggregated(b[2:]) {
			t := nal[0] >> 1 & 0x3f
			key = key || h265Key(t)
			disposable = disposable || h265Disposable(t)
		}
	case typ == h265FU && len(b) >= 3:
		const start = 0x80
		t := b[2] & 0x3f
		return b[2]&start != 0 && h265Key(t), h265Disposable(t)
	case typ < h265AP:
		return h265Key(typ), h265Disposable(typ)
	}
	return key, disposable
}

func h265Key(typ byte) bool {
	return typ >= h265FirstIRAP && typ <= h265LastIRAP || typ >= h265VPS && typ <= h265PPS
}

// h265Disposable: a sub-layer non-reference picture. With one temporal layer,
// as cameras make them, nothing refers to it.
func h265Disposable(typ byte) bool { return typ < h265LastSubLayer && typ%2 == 0 }

// Aggregated goes through the NAL units of an aggregation packet, b being what follows
// its header: a STAP-A (RFC 6184 §5.7.1) or an AP without DONL (RFC 7798 §4.4.2). None is
// empty; what is cut short is left out.
func Aggregated(b []byte) iter.Seq[[]byte] {
	return func(yield func(nal []byte) bool) {
		for rest := b; len(rest) > 2; {
			n := int(rest[0])<<8 | int(rest[1])
			rest = rest[2:]
			if n == 0 || n > len(rest) || !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}
