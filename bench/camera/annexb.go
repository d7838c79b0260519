package camera

import "bytes"

// splitAnnexB cuts an H.264 elementary stream at its start codes (H.264 annex B)
// and returns the NAL units, which share b. Empty units are left out.
func splitAnnexB(b []byte) [][]byte {
	code := []byte{0, 0, 1}
	var nals [][]byte
	at := bytes.Index(b, code)
	for at >= 0 {
		b = b[at+len(code):]
		at = bytes.Index(b, code)
		nal := b
		if at >= 0 {
			nal = b[:at]
		}
		// Zeros at the end belong to the next start code or are padding: a NAL
		// unit never ends with one (7.4.1).
		if nal = bytes.TrimRight(nal, "\x00"); len(nal) > 0 {
			nals = append(nals, nal)
		}
	}
	return nals
}

// NAL unit types of H.264 (table 7-1).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSPS   = 7
	nalPPS   = 8
)

// groupPictures joins NAL units to pictures. It expects one slice per picture,
// as make.sh lets the encoder write: a slice ends its picture.
func groupPictures(nals [][]byte) []Picture {
	var pictures []Picture
	var p Picture
	gop := 0
	for _, nal := range nals {
		p.NALs = append(p.NALs, nal)
		switch nal[0] & 0x1f {
		case nalIDR:
			p.Key = true
			gop = 0
		case nalSlice:
		default:
			continue
		}
		p.GOP = gop
		gop++
		pictures = append(pictures, p)
		p = Picture{}
	}
	return pictures
}
