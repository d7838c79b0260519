package webrtc

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	pion "github.com/pion/webrtc/v4"
)

// Bounds on what an offer can make us do. Browsers' offers have 4 to 12 kB and as
// many media sections as the page has tracks.
const (
	maxOffer    = 64 << 10
	maxSections = 8
	maxFormats  = 128 // per section; there are no more payload types
)

// errOffer is wrapped by the errors of readOffer.
var errOffer = errors.New("bad offer")

// codec is one format of an offer.
type codec struct {
	name     string // as in a=rtpmap, in capitals
	payload  pion.PayloadType
	clock    uint32
	channels uint16 // 0 where the offer names none
	fmtp     string
	params   map[string]string // of fmtp
	rtx      *codec            // retransmissions of it (RFC 4588 §8)
}

// offer is what a page says it can do, in its order of preference.
type offer struct {
	sdp          string
	video, audio []codec
}

// readOffer reads an SDP offer (RFC 8866). It never panics, whatever the text is.
// What it does not read is left to pion, which refuses more.
func readOffer(text string) (*offer, error) {
	if len(text) > maxOffer {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", errOffer, len(text), maxOffer)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: %w", errOffer, err)
	}
	if n := len(d.MediaDescriptions); n == 0 || n > maxSections {
		return nil, fmt.Errorf("%w: %d media sections, between 1 and %d are served", errOffer, n, maxSections)
	}
	o := &offer{sdp: text}
	for _, m := range d.MediaDescriptions {
		if _, bundled := m.Attribute("bundle-only"); m.MediaName.Port.Value == 0 && !bundled {
			continue // refused (RFC 3264 §5.1)
		}
		if len(m.MediaName.Formats) > maxFormats {
			return nil, fmt.Errorf("%w: %d formats in one media section", errOffer, len(m.MediaName.Formats))
		}
		switch m.MediaName.Media {
		case "video":
			o.video = append(o.video, codecs(m)...)
		case "audio":
			o.audio = append(o.audio, codecs(m)...)
		}
	}
	return o, nil
}

// codecs lists the formats of a media section in its order.
func codecs(m *sdp.MediaDescription) []codec {
	list := make([]codec, 0, len(m.MediaName.Formats))
	for _, f := range m.MediaName.Formats {
		n, err := strconv.ParseUint(f, 10, 8)
		if err != nil || n > 127 {
			continue
		}
		c := codec{payload: pion.PayloadType(n)}
		c.described(valueOf(m, "rtpmap", f))
		c.fmtp = valueOf(m, "fmtp", f)
		c.params = parameters(c.fmtp)
		list = append(list, c)
	}
	kept := make([]codec, 0, len(list))
	for _, c := range list {
		if c.name == "" || c.name == "RTX" {
			continue
		}
		c.rtx = repairOf(list, c.payload)
		kept = append(kept, c)
	}
	return kept
}

// described reads NAME/CLOCK or NAME/CLOCK/CHANNELS; without it the payload type
// tells what RFC 3551 §6 assigns.
func (c *codec) described(rtpmap string) {
	switch {
	case rtpmap == "" && c.payload == 0:
		rtpmap = "PCMU/8000"
	case rtpmap == "" && c.payload == 8:
		rtpmap = "PCMA/8000"
	}
	parts := strings.Split(rtpmap, "/")
	if len(parts) < 2 {
		return
	}
	clock, err := strconv.ParseUint(parts[1], 10, 32)
	if err != nil || clock == 0 {
		return
	}
	c.name, c.clock = strings.ToUpper(parts[0]), uint32(clock)
	if len(parts) > 2 {
		n, _ := strconv.ParseUint(parts[2], 10, 16) // 0 as without one
		c.channels = uint16(n)
	}
}

// valueOf returns the value of a=KEY:FORMAT VALUE.
func valueOf(m *sdp.MediaDescription, key, format string) string {
	for _, a := range m.Attributes {
		if a.Key != key {
			continue
		}
		if f, value, ok := strings.Cut(a.Value, " "); ok && f == format {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// parameters splits KEY=VALUE;KEY=VALUE.
func parameters(fmtp string) map[string]string {
	params := make(map[string]string)
	for part := range strings.SplitSeq(fmtp, ";") {
		if k, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			params[strings.ToLower(k)] = v
		}
	}
	return params
}

// repairOf finds the format that carries retransmissions of another.
func repairOf(list []codec, payload pion.PayloadType) *codec {
	for i := range list {
		if list[i].name == "RTX" && list[i].params["apt"] == strconv.Itoa(int(payload)) {
			return &list[i]
		}
	}
	return nil
}
