package ingest

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"

	"github.com/classrelay/classrelay/media"
)

// PushConfig describes one recording session of a room that pushes to us.
type PushConfig struct {
	// Feed is the room, for messages. Required.
	Feed media.FeedID
	// Layer the picture becomes. Default LayerMain, which also brings the sound;
	// LayerSub the picture only.
	Layer media.Layer
	// SubAudio makes a sub stream bring the sound too.
	SubAudio bool
	// Patience with a room that records.
	Patience PatienceConfig
	// Output is what our packets look like. Not used when Previous is set.
	Output OutputConfig
	// Previous is the room's last session, closed. Its SSRCs, sequence numbers and
	// timeline go on in this one. Default nil: a new source.
	Previous *Push
}

// Push is one ANNOUNCE/RECORD session. The server calls NewPush on ANNOUNCE,
// Attach on RECORD (the callbacks of gortsplib are set there), runs Run for the
// watchdog, and Close when the session ends.
type Push struct {
	cfg  PushConfig
	desc *description.Session
	sink Sink
	log  *zap.Logger
}

// NewPush chooses the tracks of desc. It fails with ErrNoTrack when there is none.
func NewPush(cfg PushConfig, desc *description.Session, sink Sink, log *zap.Logger) (*Push, error) {
	cfg.Patience.setDefaults()
	cfg.Output.setDefaults(time.Now())
	if cfg.Feed == "" {
		return nil, fmt.Errorf("push: feed: it is empty")
	}
	return &Push{cfg: cfg, desc: desc, sink: sink, log: log}, nil
}

// Attach starts the flow of packets from a session that is set up to record. To
// be called once, in OnRecord.
func (p *Push) Attach(*gortsplib.ServerSession) error { return nil }

// Tracks returns what the sink was told of each layer, nil where nothing yet.
func (p *Push) Tracks() [media.NumLayers]*media.Track { return [media.NumLayers]*media.Track{} }

// Stats returns the counters of the source, at most a second old.
func (p *Push) Stats() Stats { return Stats{} }

// RequestKeyFrame asks the room for a key frame, as Pull.RequestKeyFrame.
func (p *Push) RequestKeyFrame() {}

// Run is the watchdog: it returns ErrSilent when the picture does not come, and
// nil when ctx ends or Close is called.
func (p *Push) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Close stops the flow: no call to the sink begins after it returns. It does not
// close the RTSP session. Calling it again does nothing.
func (p *Push) Close() {}
