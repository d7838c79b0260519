package fanout

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"

	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/internal/repair"
	"github.com/classrelay/classrelay/media"
)

// Flow ids of a link that are not media. Media flows are 64 to 8191, and the
// repair flow of a media flow lies 8192 above it, so that either takes exactly
// two bytes on the wire.
const (
	// FeedbackFlow carries the reports about what came (internal/feedback).
	FeedbackFlow = 3
	// ProbeFlow carries padding: a sequence number and nothing.
	ProbeFlow = 4
	// RepairOffset is the distance of a media flow's repair flow.
	RepairOffset = 8192
)

const (
	// reportEvery is how often a flow's sender report goes out: often enough
	// that a lost one leaves a new viewer without capture times for half a
	// second at most, and 0.5 kbit/s.
	reportEvery = 500 * time.Millisecond
	// wholeGroup is how long a group of pictures may be for its key frame to be
	// foreseen; a camera with a longer one has no rhythm that helps a probe.
	wholeGroup = 10 * time.Second
)

// flow is one layer of a feed on its way out over one link.
type flow struct {
	id     uint64
	feed   media.FeedID
	layer  media.Layer
	opened time.Time
	// active: it is being sent. Of the layers of one picture mostly one is.
	active bool
	since  time.Time // of the last change of active
	// armed: it becomes active at its next key frame, and the other layer ends.
	armed bool
	// given: it was given up in the middle of a key frame for a poorer picture. What the
	// link has lost of that is not worth repairing.
	given bool

	q      queue
	repair *repair.Sender // of a picture
	echo   repair.Doubler // of a sound
	rate   layer.Meter
	keys   keyRhythm
	want   bool // a key frame should be asked for

	notice  []byte    // the last one that says what was left out
	notices int       // how often it is still to be said
	again   int       // after so many packets
	report  time.Time // when the next sender report is due
	sent    uint32
	octets  uint32
}

// keyRhythm foresees key frames from the last two.
type keyRhythm struct {
	last, every time.Duration // as time since zero
	zero        time.Time
	timestamp   uint32
}

func (k *keyRhythm) note(p *media.Packet) {
	if !p.Key || !k.zero.IsZero() && p.Timestamp == k.timestamp {
		return
	}
	if k.zero.IsZero() {
		k.zero = p.Arrival
	}
	at := p.Arrival.Sub(k.zero)
	if at > k.last {
		k.every = at - k.last
	}
	k.last, k.timestamp = at, p.Timestamp
}

// newest is when the last key frame began; zero: there was none.
func (k *keyRhythm) newest() time.Time {
	if k.zero.IsZero() {
		return k.zero
	}
	return k.zero.Add(k.last)
}

// next is when the next key frame is due; zero when there is no rhythm.
func (k *keyRhythm) next(now time.Time) time.Time {
	if k.every <= 0 || k.every > wholeGroup {
		return time.Time{}
	}
	at := k.zero.Add(k.last + k.every)
	for at.Before(now) {
		at = at.Add(k.every)
	}
	return at
}

// senderReport returns an RTCP sender report (RFC 3550 §6.4.1) when one is due:
// in front of the first packet and every half second. Its NTP time is the capture
// time of the packet about to leave, in this node's clock, so the receiver knows
// every packet's capture time from it.
func (f *flow) senderReport(now time.Time, p *media.Packet) ([]byte, bool) {
	if p.Capture.IsZero() || now.Before(f.report) {
		return nil, false
	}
	f.report = now.Add(reportEvery)
	// How long ago that was, off the wall clock's present reading: it may have been set
	// since, and the time exchange with the receiver is about the present one.
	capture := now.Round(0).Add(p.Capture.Sub(now))
	sr := rtcp.SenderReport{
		SSRC:        p.SSRC,
		NTPTime:     media.NTP(capture),
		RTPTime:     p.Timestamp,
		PacketCount: f.sent,
		OctetCount:  f.octets,
	}
	b, err := sr.Marshal()
	return b, err == nil // a report without blocks always fits
}

// skipName is the name of the RTCP APP packet (RFC 3550 §6.7) that says: what is
// missing before this sequence number was not sent, do not wait for it.
const skipName = "SKIP"

// skipNotice makes one for the packet that follows the gap.
func skipNotice(p *media.Packet) ([]byte, bool) {
	app := rtcp.ApplicationDefined{SSRC: p.SSRC, Name: skipName, Data: binary.BigEndian.AppendUint32(nil, uint32(p.Seq))}
	b, err := app.Marshal()
	return b, err == nil
}

// A notice is said five times: at once, and after so many packets each, because a
// burst of loss takes five packets and more at a time. Without any the far end
// does not know that the first packets are missing, and waits for the next key
// frame. Twelve bytes each.
const (
	noticeTimes = 5
	noticeAgain = 12
)

// leapt returns what to tell the other end in front of p when packets were left
// out before it, or not long ago.
func (f *flow) leapt(p *media.Packet) ([]byte, bool) {
	if f.q.gap {
		f.q.gap = false
		f.notice, _ = skipNotice(p) // one number always fits
		f.notices, f.again = noticeTimes, 0
	}
	if f.notices == 0 {
		return nil, false
	}
	if f.again > 0 {
		f.again--
		return nil, false
	}
	f.notices--
	f.again = noticeAgain
	return f.notice, f.notice != nil
}

// readSkip is the inverse of skipNotice.
func readSkip(app *rtcp.ApplicationDefined) (seq uint16, ok bool) {
	if app.Name != skipName || len(app.Data) != 4 {
		return 0, false
	}
	return uint16(binary.BigEndian.Uint32(app.Data)), true
}
