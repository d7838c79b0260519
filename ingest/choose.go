package ingest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"github.com/classrelay/classrelay/media"
)

// Payload types on our wire, one per layer, the same on every hop.
const (
	payloadMain  = 96
	payloadSub   = 97
	payloadAudio = 98
)

func payloadType(l media.Layer) uint8 {
	switch l {
	case media.LayerSub:
		return payloadSub
	case media.LayerAudio:
		return payloadAudio
	default:
		return payloadMain
	}
}

// choice is a track of the camera that becomes a layer of ours.
type choice struct {
	layer  media.Layer
	media  *description.Media
	format format.Format
	codec  media.Codec
}

// chooseTracks takes the first picture that we can carry as the given layer and,
// with sound, the first sound. What is set aside is named, with the reason.
func chooseTracks(
	desc *description.Session, picture media.Layer, sound bool,
) (chosen []choice, aside []string, err error) {
	taken := map[media.Layer]bool{}
	for i, m := range desc.Medias {
		name := func(codec string) string { return fmt.Sprintf("track %d (%s %s)", i+1, m.Type, codec) }
		if m.IsBackChannel {
			continue // towards the camera
		}
		c, why := usable(m)
		if why != "" {
			aside = append(aside, name(codecNames(m))+": "+why)
			continue
		}
		c.layer = picture
		if !c.codec.IsVideo() {
			c.layer = media.LayerAudio
		}
		switch {
		case c.layer == media.LayerAudio && !sound:
			continue // nobody asked for it
		case taken[c.layer]:
			aside = append(aside, name(string(c.codec))+": there is one already")
			continue
		}
		taken[c.layer] = true
		chosen = append(chosen, c)
	}
	if len(chosen) == 0 || picture == media.LayerSub && !taken[picture] {
		return nil, aside, fmt.Errorf("%w: %s", ErrNoTrack, orNothing(aside))
	}
	return chosen, aside, nil
}

func orNothing(aside []string) string {
	if len(aside) == 0 {
		return "the camera offers neither H.264 nor H.265, AAC, G.711 or Opus"
	}
	return strings.Join(aside, "; ")
}

// usable returns the first format of a media that we can carry, or why there is none.
func usable(m *description.Media) (c choice, why string) {
	why = "unknown codec"
	for _, f := range m.Formats {
		codec, reason := carried(f)
		if reason == "" {
			return choice{media: m, format: f, codec: codec}, ""
		}
		why = reason
	}
	return c, why
}

// carried names the codec of a format, or says why it cannot be carried.
func carried(f format.Format) (codec media.Codec, why string) {
	switch f := f.(type) {
	case *format.H264:
		if f.PacketizationMode > 1 {
			return "", "interleaved packetization (mode 2) is not supported"
		}
		return media.H264, ""
	case *format.H265:
		if f.MaxDONDiff != 0 {
			return "", "interleaved packetization (sprop-max-don-diff) is not supported"
		}
		return media.H265, ""
	case *format.MPEG4Audio:
		// gortsplib reads fields of any length and is lost beyond 63 bits.
		if f.Config == nil || f.SizeLength <= 0 || f.SizeLength > 16 || f.IndexLength > 16 || f.IndexDeltaLength > 16 {
			return "", "unusable AU-headers"
		}
		return media.AAC, badClock(f)
	case *format.G711:
		if f.ChannelCount < 1 || f.ChannelCount > 2 {
			return "", fmt.Sprintf("%d channels", f.ChannelCount)
		}
		return media.G711, badClock(f)
	case *format.Opus:
		if f.ChannelCount > 2 {
			return "", fmt.Sprintf("%d channels", f.ChannelCount)
		}
		return media.Opus, ""
	}
	return "", "unknown codec"
}

func badClock(f format.Format) (why string) {
	if r := clockRate(f); r < 8000 || r > 192000 {
		return fmt.Sprintf("clock of %d Hz", r)
	}
	return ""
}

// clockRate is the rate in a=rtpmap, which is the one of the timestamps. For AAC
// with spectral band replication gortsplib's ClockRate is half of it.
func clockRate(f format.Format) int {
	parts := strings.Split(f.RTPMap(), "/")
	if len(parts) < 2 {
		return f.ClockRate()
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return f.ClockRate()
	}
	return n
}

func codecNames(m *description.Media) string {
	names := make([]string, 0, len(m.Formats))
	for _, f := range m.Formats {
		names = append(names, codecName(f))
	}
	return strings.Join(names, ", ")
}

// codecName is what the SDP calls the codec where gortsplib has no name for it.
func codecName(f format.Format) string {
	if _, unknown := f.(*format.Generic); !unknown {
		return f.Codec()
	}
	name, _, _ := strings.Cut(f.RTPMap(), "/")
	if name == "" {
		return fmt.Sprintf("payload type %d", f.PayloadType())
	}
	return fmt.Sprintf("%.40q", name)
}

// trackOf describes a layer as we send it. Of H.264 and H.265 the parameter sets
// are those of p.
func trackOf(c choice, p *paramSets) *media.Track {
	t := &media.Track{
		Codec:       c.codec,
		PayloadType: payloadType(c.layer),
		ClockRate:   clockRate(c.format),
		RTPMap:      c.format.RTPMap(),
		FMTP:        c.format.FMTP(),
	}
	switch f := c.format.(type) {
	case *format.H264:
		t.FMTP = (&format.H264{SPS: p.sps, PPS: p.firstPPS(), PacketizationMode: 1}).FMTP()
	case *format.H265:
		t.FMTP = (&format.H265{VPS: p.vps, SPS: p.sps, PPS: p.firstPPS()}).FMTP()
	case *format.MPEG4Audio:
		ours := *f
		ours.SizeLength, ours.IndexLength, ours.IndexDeltaLength = aacSizeLength, aacIndexLength, aacIndexLength
		t.FMTP = ours.FMTP()
	}
	return t
}
