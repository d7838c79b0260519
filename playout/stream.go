package playout

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// stream is the picture or the sound on its way to one player.
type stream struct {
	media   *description.Media
	splicer *Splicer
	reports reports
	pending rtp.Packet // what the session had no room for
	held    bool       // there is one
}

func newStream(cfg Config, cname string, m *description.Media, t *media.Track, layers ...media.Layer) *stream {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	start := Start{Seq: binary.BigEndian.Uint16(b[:]), Timestamp: binary.BigEndian.Uint32(b[2:])}
	return &stream{
		media:   m,
		splicer: NewSplicer(cfg, t, start, layers...),
		reports: reports{cname: cname, rate: t.ClockRate},
	}
}

// send hands over packets until there are no more or the session takes no more.
func (s *stream) send(now time.Time, out *outlet) {
	for !out.full {
		if !s.held {
			if s.pending, s.held = s.splicer.Pop(now); !s.held {
				break
			}
		}
		if !out.write(now, s.media, &s.pending) {
			break
		}
		s.held = false
		s.reports.count(&s.pending)
	}
	s.reports.send(now, s.splicer, func(r report) { _ = out.session.WritePacketRTCP(s.media, r.packet()) })
}

// outlet is the way into the session, with its limits.
type outlet struct {
	session Session
	full    bool // no more before retry
	retry   time.Time
	pause   time.Duration // between the last two tries
	tokens  int           // how many packets may go now; paced sessions only
	burst   int           // the most of them
	every   time.Duration // for one more
	filled  time.Time
}

const (
	// paceBurst packets go at once over UDP, then pacePerMs each millisecond: 85
	// Mbit/s, which a 100 Mbit/s port carries. A socket of Linux' default size holds
	// 92 packets of full size, and its reader may sleep for some milliseconds. Most
	// frames go in one burst, a key frame of 234 packets takes 23 ms. Measured on a
	// busy machine: at 32 per millisecond ffmpeg lost a quarter of the cached
	// group; with bursts of 96 a default socket lost packets of every other key
	// frame.
	paceBurst = 48
	pacePerMs = 8
	// At a slower pace (Viewer.SetPace) a burst takes as long as that, 6 ms, but has
	// paceLeast packets; pacePacket is the size of one, in bits.
	paceLeast  = 2
	pacePacket = 1311 * 8
	// A full queue is tried again after retrySoon, doubling up to retryLate: the
	// first time it is the catching-up burst on a fast network, later it is a
	// player that has stopped.
	retrySoon = 2 * time.Millisecond
	retryLate = 32 * time.Millisecond
)

// refill lets time pass, at a pace in bit/s; 0 is the usual one.
func (o *outlet) refill(now time.Time, pace float64) {
	o.full = o.full && now.Before(o.retry)
	if !o.session.Paced {
		return
	}
	o.every, o.burst = time.Millisecond/pacePerMs, paceBurst
	if pace > 0 {
		o.every = max(o.every, time.Duration(pacePacket/pace*float64(time.Second)))
		o.burst = max(paceLeast, int(paceBurst*(time.Millisecond/pacePerMs)/o.every))
	}
	if o.filled.IsZero() || now.Sub(o.filled) >= time.Second {
		o.filled = now.Add(-time.Second)
	}
	passed := now.Sub(o.filled)
	o.filled = now.Add(-passed % o.every) // what is left of it counts the next time
	o.tokens = min(o.tokens+int(passed/o.every), o.burst)
}

// write hands over one packet; false: not now.
func (o *outlet) write(now time.Time, m *description.Media, p *rtp.Packet) bool {
	if o.session.Paced {
		if o.tokens == 0 {
			o.full, o.retry = true, now.Add(max(o.every, time.Millisecond))
			return false
		}
		o.tokens--
	}
	err := o.session.WritePacketRTP(m, p)
	var queueFull liberrors.ErrServerWriteQueueFull
	if errors.As(err, &queueFull) {
		o.pause = min(max(2*o.pause, retrySoon), retryLate)
		o.full, o.retry = true, now.Add(o.pause)
		return false
	}
	// Any other error is a packet that cannot be sent, now or later.
	o.pause = 0
	return true
}
