package playout

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

const (
	// reportEvery keeps a player's idea of the clock fresh: a lesson's players
	// come and go, and each needs the first report to align picture and sound.
	reportEvery = time.Second
	// reportMoved is how far the line may move before a report is due at once:
	// players see an offset between picture and sound from about 20 ms on.
	reportMoved = 5 * time.Millisecond
)

// reports makes RTCP sender reports (RFC 3550 §6.4.1) that say when the picture
// with a given timestamp was taken, in the node's clock. It is a core.
type reports struct {
	cname string
	rate  int

	ssrc    uint32
	packets uint32
	octets  uint32
	due     time.Time // zero: nothing was sent yet
	last    report
}

// report is one sender report.
type report struct {
	cname           string
	ssrc, timestamp uint32
	at              time.Time
	packets, octets uint32
}

// count takes note of a packet that was sent and of the SSRC it got.
func (r *reports) count(p *rtp.Packet) {
	r.ssrc = p.SSRC
	r.packets++
	r.octets += uint32(len(p.Payload))
}

// send calls f with a report when one is due: at once after the first packet,
// then every second, and when the line has moved.
func (r *reports) send(now time.Time, s *Splicer, f func(report)) {
	timestamp, ok := s.Report(now)
	if !ok || r.packets == 0 {
		return
	}
	if !r.due.IsZero() && now.Before(r.due) && !r.moved(now, timestamp) {
		return
	}
	r.due = now.Add(reportEvery)
	r.last = report{r.cname, r.ssrc, timestamp, now, r.packets, r.octets}
	f(r.last)
}

// moved reports whether the line is not where the last report says.
func (r *reports) moved(now time.Time, timestamp uint32) bool {
	since := int(now.Sub(r.last.at).Seconds() * float64(r.rate))
	off := media.TimestampDiff(timestamp, r.last.timestamp) - since
	limit := int(reportMoved.Seconds() * float64(r.rate))
	return off > limit || off < -limit
}

// packet is the report on the wire, with the CNAME by which a player knows that
// picture and sound belong together (RFC 3550 §6.5.1).
func (r report) packet() rtcp.Packet {
	return &rtcp.CompoundPacket{
		&rtcp.SenderReport{
			SSRC:        r.ssrc,
			NTPTime:     media.NTP(r.at),
			RTPTime:     r.timestamp,
			PacketCount: r.packets,
			OctetCount:  r.octets,
		},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
			Source: r.ssrc,
			Items:  []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: r.cname}},
		}}},
	}
}
