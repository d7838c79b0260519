package mse

import (
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/coder/websocket"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/playout/fmp4"
)

// stage stands between a playout.Viewer, whose Writer it is, and the outbox: packets
// become fragments here. Its methods may be called from any goroutine.
type stage struct {
	out *outbox
	log *zap.Logger

	mu      sync.Mutex
	mux     *fmp4.Muxer
	player  *playout.Viewer // nil before the first
	offer   *playout.Offer  // what it plays
	leg     leg
	lead    description.MediaType
	inside  bool        // a picture's first packets were taken: take the others too
	layer   media.Layer // of the newest picture
	dropped uint64      // by the players before this one
	heard   time.Time   // when the feed's picture, or its sound without one, last came
	offline bool        // the page was told so
	clocked time.Time   // when the page last got the time
}

func newStage(out *outbox, now time.Time, log *zap.Logger) *stage {
	return &stage{out: out, log: log, mux: fmp4.NewMuxer(), heard: now}
}

// begin takes a player, and says what of its offer it shall play: the picture and, where
// audio is not nil, the sound.
func (s *stage) begin(
	player *playout.Viewer, offer *playout.Offer, video, audio *media.Track,
) ([]*description.Media, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mux.Attach(video, audio); err != nil {
		return nil, err
	}
	s.dropped += droppedBy(s.player)
	s.player, s.offer, s.inside = player, offer, false
	s.steer()
	s.lead = description.MediaTypeVideo
	if video == nil {
		s.lead = description.MediaTypeAudio
	}
	return muxable(offer, s.mux.HasSound()), nil
}

// WritePacketRTP implements playout.Writer. While the outbox is full it takes no new
// picture and no sound, so that the viewer holds them back and drops them by age.
func (s *stage) WritePacketRTP(m *description.Media, p *rtp.Packet) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Type == s.lead {
		s.heard = now
	}
	picture := m.Type == description.MediaTypeVideo
	full := s.out.full(now)
	s.watch(now, full)
	if (!picture || !s.inside) && full {
		return liberrors.ErrServerWriteQueueFull{}
	}
	if picture {
		s.inside = !p.Marker
		s.layer, _ = s.player.Showing()
		s.mux.Picture(p)
	} else {
		s.mux.Sound(p)
	}
	s.forward(now)
	return nil
}

// WritePacketRTCP implements playout.Writer: sender reports say when what was taken.
func (s *stage) WritePacketRTCP(m *description.Media, p rtcp.Packet) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	all, ok := p.(*rtcp.CompoundPacket)
	if !ok {
		return nil
	}
	for _, one := range *all {
		sr, ok := one.(*rtcp.SenderReport)
		switch {
		case !ok:
		case m.Type == description.MediaTypeVideo:
			s.mux.PictureReport(media.FromNTP(sr.NTPTime), sr.RTPTime)
		default:
			s.mux.SoundReport(media.FromNTP(sr.NTPTime), sr.RTPTime)
		}
	}
	s.forward(now)
	return nil
}

// forward puts what the muxer has into the outbox. With mu held.
func (s *stage) forward(now time.Time) {
	for g, ok := s.mux.Pop(); ok; g, ok = s.mux.Pop() {
		if s.offline {
			s.offline = false
			s.out.put(now, text(onlineMessage()))
		}
		if g.Start != nil {
			s.out.put(now, text(startMessage{
				Type: "start", MIME: g.Start.MIME, Layer: s.layer.String(),
				Width: g.Start.Width, Height: g.Start.Height,
			}))
		}
		s.out.put(now, message{kind: websocket.MessageBinary, data: g.Data})
	}
}

// watch looks whether the way to the page carries what it gets. With mu held.
func (s *stage) watch(now time.Time, full bool) {
	if s.player == nil || len(s.offer.Layers()) < 2 || !s.leg.note(now, full) {
		return
	}
	s.steer()
	to, why := media.LayerMain, "its socket was not behind for a while"
	if s.leg.sub {
		to, why = media.LayerSub, "its socket is behind most of the time"
	}
	s.log.Info("a page's picture changes", zap.Stringer("layer", to), zap.String("why", why))
}

// steer tells the player what the way carries. With mu held.
func (s *stage) steer() {
	switch {
	case !s.leg.sub:
		s.player.Prefer(media.LayerMain)
	case s.offer.Source.Tracks()[media.LayerSub] != nil:
		s.player.Prefer(media.LayerSub)
	}
}

// look tells the page the time, and that nothing has come for too long.
func (s *stage) look(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := s.out.full(now)
	s.watch(now, full)
	if full {
		return // it would be late, and who is slow is not offline
	}
	if s.player != nil && now.Sub(s.heard) >= awayAfter { // before, nobody knows whether there is such a feed
		s.tell(s.heard)
	}
	pts, taken, ok := s.mux.Position()
	if ok && now.Sub(s.clocked) >= clockEvery {
		s.clocked = now
		s.out.put(now, text(clockMessage{
			Type: "clock", Now: now.UnixMilli(), PTS: pts.Seconds(), Capture: taken.UnixMilli(),
		}))
	}
}

// away tells the page that the feed could not be opened, for as long as nothing has
// come or since it asked.
func (s *stage) away(asked time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := s.heard
	if since.Before(asked) {
		since = asked
	}
	s.tell(since)
}

// tell says once that the feed is offline. With mu held.
func (s *stage) tell(since time.Time) {
	if s.offline {
		return
	}
	s.offline = true
	s.out.put(time.Now(), text(offlineMessage(since)))
}

func (s *stage) stats() PlayerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return PlayerStats{
		Layer:   s.layer,
		Frames:  s.mux.Stats().Pictures,
		Dropped: s.dropped + droppedBy(s.player),
		Waiting: s.out.waiting(),
	}
}

// droppedBy counts the pictures that a player did not hand on.
func droppedBy(p *playout.Viewer) uint64 {
	if p == nil {
		return 0
	}
	st := p.Stats().Video
	return st.Incomplete + st.Skipped + st.Slow
}
