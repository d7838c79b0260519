package playout

import (
	"context"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"
)

// Writer takes what a viewer sends; *gortsplib.ServerSession is one. Neither call
// blocks: when the session's queue is full, the error is
// liberrors.ErrServerWriteQueueFull. WritePacketRTP sets the packet's SSRC.
type Writer interface {
	WritePacketRTP(m *description.Media, p *rtp.Packet) error
	WritePacketRTCP(m *description.Media, p rtcp.Packet) error
}

// Session is the player's RTSP session.
type Session struct {
	Writer
	// Medias are those of the offer that the player has set up.
	Medias []*description.Media
	// Paced spreads bursts out, for players that get RTP over UDP: their sockets
	// hold a few hundred packets at most.
	Paced bool
}

// ViewerStats is what one viewer got.
type ViewerStats struct {
	Video, Audio Stats
}

// Viewer plays one feed to one player.
type Viewer struct {
	cfg   Config
	offer *Offer
	log   *zap.Logger
}

// NewViewer makes a viewer of what was offered.
func NewViewer(cfg Config, offer *Offer, log *zap.Logger) *Viewer {
	return &Viewer{cfg: cfg.withDefaults(), offer: offer, log: log}
}

// Run plays to the session until ctx is done. It may be called again after it
// returned, as when a player pauses and plays on.
func (v *Viewer) Run(ctx context.Context, _ Session) error {
	<-ctx.Done()
	return nil
}

// Stats returns the counters, at most a second old.
func (v *Viewer) Stats() ViewerStats { return ViewerStats{} }
