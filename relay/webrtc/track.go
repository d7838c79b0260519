package webrtc

import (
	"fmt"
	"math"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/classrelay/classrelay/media"
)

// track is the picture or the sound on its way to one page. It implements
// pion.TrackLocal: pion binds it while the answer is made; after that it belongs to
// the outbox's sender.
type track struct {
	kind    pion.RTPCodecType
	payload pion.PayloadType
	clock   uint32
	delay   []byte // the playout-delay extension; nil: none

	ssrc      uint32
	out       pion.TrackLocalWriter // nil until bound
	delayID   uint8                 // of the extensions, 0 where the page does not know it
	captureID uint8
	report    *rtcp.SenderReport // the last one, for the time of capture
}

func newTrack(kind pion.RTPCodecType, c codec, buffer time.Duration) *track {
	t := &track{kind: kind, payload: c.payload, clock: c.clock}
	if kind == pion.RTPCodecTypeVideo {
		const unit = 10 * time.Millisecond
		d := uint16(min(buffer/unit, maxBuffer/unit)) //nolint:gosec // at most 1000
		t.delay, _ = rtp.PlayoutDelayExtension{MinDelay: d, MaxDelay: d}.Marshal()
	}
	return t
}

// Bind implements pion.TrackLocal.
func (t *track) Bind(ctx pion.TrackLocalContext) (pion.RTPCodecParameters, error) {
	for _, h := range ctx.HeaderExtensions() {
		if h.ID < 1 || h.ID > math.MaxUint8 {
			continue
		}
		switch h.URI {
		case playoutDelayURI:
			t.delayID = uint8(h.ID)
		case absCaptureTimeURI:
			t.captureID = uint8(h.ID)
		}
	}
	for _, c := range ctx.CodecParameters() {
		if c.PayloadType == t.payload {
			t.ssrc, t.out = uint32(ctx.SSRC()), ctx.WriteStream()
			return c, nil
		}
	}
	return pion.RTPCodecParameters{}, fmt.Errorf("payload type %d was not negotiated: %w",
		t.payload, pion.ErrUnsupportedCodec)
}

// Unbind implements pion.TrackLocal.
func (t *track) Unbind(pion.TrackLocalContext) error { return nil }

// ID implements pion.TrackLocal.
func (t *track) ID() string { return t.kind.String() }

// RID implements pion.TrackLocal: there is no simulcast towards pages.
func (t *track) RID() string { return "" }

// StreamID implements pion.TrackLocal. Picture and sound are in streams of their own:
// in one they are played in step, which holds the picture back to the sound's buffer
// (measured: 66 ms instead of 16).
func (t *track) StreamID() string { return t.kind.String() }

// Kind implements pion.TrackLocal.
func (t *track) Kind() pion.RTPCodecType { return t.kind }

// send hands a packet to pion, which keeps what it gets: the header is ours, the
// payload nobody writes to.
func (t *track) send(p *rtp.Packet) error {
	h := p.Header
	h.PayloadType, h.SSRC = uint8(t.payload), t.ssrc
	if t.delayID != 0 && t.delay != nil {
		if err := h.SetExtension(t.delayID, t.delay); err != nil {
			return err
		}
	}
	if t.captureID != 0 && t.report != nil {
		at, _ := rtp.AbsCaptureTimeExtension{Timestamp: t.captured(h.Timestamp)}.Marshal() // never fails
		if err := h.SetExtension(t.captureID, at); err != nil {
			return err
		}
	}
	_, err := t.out.WriteRTP(&h, p.Payload)
	return err
}

// captured is when a frame was taken, by the last report, as an NTP time.
func (t *track) captured(timestamp uint32) uint64 {
	off := time.Duration(media.TimestampDiff(timestamp, t.report.RTPTime)) * time.Second / time.Duration(t.clock)
	return media.NTP(media.FromNTP(t.report.NTPTime).Add(off))
}

// reported keeps what a report says.
func (t *track) reported(parts []rtcp.Packet) {
	for _, part := range parts {
		if sr, ok := part.(*rtcp.SenderReport); ok && sr.SSRC == t.ssrc {
			t.report = sr
		}
	}
}
