package camera

import (
	"fmt"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

const (
	videoPayloadType = 96
	opusPayloadType  = 97
	// payloadSize is the largest RTP payload a camera of ours sends, in bytes:
	// 1400, as most do to leave room for tunnels.
	payloadSize = 1400
)

// cutter cuts the frames of one layer into RTP packets.
type cutter struct {
	encode func(frame [][]byte) ([]*rtp.Packet, error)
	first  uint32 // RTP timestamp at power on
	step   uint32 // units per frame
}

// newCutter makes one for a layer. The first RTP timestamp comes from the time,
// so that it is another one after each reboot (RFC 3550 §5.1).
func newCutter(cfg *Config, layer media.Layer, now time.Time) (*cutter, error) {
	c := &cutter{first: uint32(now.UnixNano()), step: uint32(FrameInterval.Seconds() * videoClock)}
	switch f := newFormat(cfg, layer).(type) {
	case *format.H264:
		enc, err := f.CreateEncoder()
		if err != nil {
			return nil, err
		}
		enc.PayloadMaxSize = payloadSize
		c.encode = enc.Encode
	case *format.H265:
		enc, err := f.CreateEncoder()
		if err != nil {
			return nil, err
		}
		enc.PayloadMaxSize = payloadSize
		c.encode = enc.Encode
	case *format.G711:
		enc, err := f.CreateEncoder()
		if err != nil {
			return nil, err
		}
		c.step = uint32(soundFrame)
		c.encode = func(frame [][]byte) ([]*rtp.Packet, error) { return enc.Encode(frame[0]) }
	case *format.Opus:
		enc, err := f.CreateEncoder()
		if err != nil {
			return nil, err
		}
		c.step = uint32(opusFrame)
		c.encode = func(frame [][]byte) ([]*rtp.Packet, error) {
			p, err := enc.Encode(frame[0])
			return []*rtp.Packet{p}, err
		}
	default:
		return nil, fmt.Errorf("%w: codec %s", ErrConfig, cfg.Source.Codec())
	}
	return c, nil
}

// cut returns the packets of a frame, which is the tick-th since power on.
func (c *cutter) cut(frame [][]byte, tick int64) ([]*rtp.Packet, error) {
	packets, err := c.encode(frame)
	if err != nil {
		return nil, err
	}
	for _, p := range packets {
		p.Timestamp = c.first + uint32(tick)*c.step
	}
	return packets, nil
}

// newFormat describes a layer to RTSP; nil for a codec that RTSP does not know.
func newFormat(cfg *Config, layer media.Layer) format.Format {
	if layer == media.LayerAudio && cfg.Opus {
		return &format.Opus{PayloadTyp: opusPayloadType, ChannelCount: 1}
	}
	if layer == media.LayerAudio {
		return &format.G711{PayloadTyp: 8, SampleRate: soundRate, ChannelCount: 1}
	}
	src := cfg.Source
	sets := src.ParameterSets(layer)
	switch {
	case src.Codec() == media.H264 && len(sets) == 2:
		return &format.H264{PayloadTyp: videoPayloadType, SPS: sets[0], PPS: sets[1], PacketizationMode: 1}
	case src.Codec() == media.H265 && len(sets) == 3:
		return &format.H265{PayloadTyp: videoPayloadType, VPS: sets[0], SPS: sets[1], PPS: sets[2]}
	}
	return nil
}

// newSession describes /main or /sub to RTSP: the picture, and with main the
// sound behind it.
func newSession(cfg *Config, layer media.Layer) *description.Session {
	d := &description.Session{
		Title: cfg.Name,
		Medias: []*description.Media{{
			Type:    description.MediaTypeVideo,
			Formats: []format.Format{newFormat(cfg, layer)},
		}},
	}
	if layer == media.LayerMain && !cfg.Mute {
		d.Medias = append(d.Medias, &description.Media{
			Type:    description.MediaTypeAudio,
			Formats: []format.Format{newFormat(cfg, media.LayerAudio)},
		})
	}
	return d
}

// mediaOf is the medium of a session that carries a layer; nil when none does.
func mediaOf(d *description.Session, session, layer media.Layer) *description.Media {
	switch {
	case layer == session:
		return d.Medias[0]
	case layer == media.LayerAudio && len(d.Medias) > 1:
		return d.Medias[1]
	}
	return nil
}
