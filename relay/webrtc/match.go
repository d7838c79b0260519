package webrtc

import (
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
)

// encoding is how the picture or the sound of a feed is encoded.
type encoding struct {
	name     string // as in a=rtpmap, in capitals
	clock    uint32
	channels int
	params   map[string]string // fmtp
}

// encodingOf reads a medium of a playout.Offer; false: there is none of this type.
func encodingOf(desc *description.Session, typ description.MediaType) (*description.Media, encoding, bool) {
	for _, m := range desc.Medias {
		if m.Type != typ || len(m.Formats) == 0 {
			continue
		}
		f, ok := m.Formats[0].(*format.Generic)
		if !ok {
			return nil, encoding{}, false
		}
		e := encoding{clock: uint32(f.ClockRate()), channels: 1, params: f.FMTP()}
		parts := strings.Split(f.RTPMap(), "/")
		e.name = strings.ToUpper(parts[0])
		if len(parts) > 2 {
			e.channels, _ = strconv.Atoi(parts[2]) // 0 matches nothing
		}
		return m, e, true
	}
	return nil, encoding{}, false
}

// match finds the format of an offer in which a page can be given an encoding.
func match(e encoding, offered []codec) (codec, bool) {
	best, rank := codec{}, 0
	for _, c := range offered {
		if c.name != e.name || c.clock != e.clock {
			continue
		}
		if r := fits(e, c); r > rank {
			best, rank = c, r
		}
	}
	return best, rank > 0
}

// fits says how well a format suits an encoding of the same name; 0: not at all.
func fits(e encoding, c codec) int {
	switch c.name {
	case "H264":
		return fitsH264(e, c)
	case "H265":
		if e.params["profile-id"] == c.params["profile-id"] {
			return 2
		}
		return 1
	case "OPUS":
		return 1 // always 48000/2, whatever is inside (RFC 7587 §4.1)
	case "PCMA", "PCMU":
		if e.channels == 1 && c.channels <= 1 {
			return 1
		}
	}
	return 0
}

// fitsH264 prefers the profile of the stream, then the highest one. Browsers decode
// High under any of their formats, and levels above the one they name, so a format
// that does not fit to the letter is better than none.
func fitsH264(e encoding, c codec) int {
	if c.params["packetization-mode"] != "1" { // our packets are mode 1 (RFC 6184 §6.3)
		return 0
	}
	profile := func(params map[string]string) string {
		return strings.ToLower(params["profile-level-id"] + "??")[:2]
	}
	switch p := profile(c.params); {
	case p == profile(e.params):
		return 5
	case p == "64": // High
		return 4
	case p == "4d": // Main
		return 3
	case p == "42": // Baseline
		return 2
	}
	return 1
}

// firstOf returns the first format of an offer, in the page's order, that we can take
// from it: with H.264, also one that every school can decode, in front of all others.
func firstOf(offered []codec, names ...string) (codec, bool) {
	for _, name := range names {
		for _, c := range offered {
			if c.name == name && fits(encoding{name: name, channels: 1}, c) > 0 {
				return c, true
			}
		}
	}
	return codec{}, false
}
