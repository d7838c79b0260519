package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"

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
	// Previous is the room's last session. Its sink, SSRCs, sequence numbers and
	// timeline go on in this one; Attach closes it. Default nil: a new source.
	Previous *Push
}

func (c *PushConfig) validate() error {
	if c.Feed == "" {
		return fmt.Errorf("feed: it is empty")
	}
	if !c.Layer.IsVideo() {
		return fmt.Errorf("layer %s: a pushed stream is main or sub", c.Layer)
	}
	if err := c.Output.validate(); err != nil {
		return err
	}
	return c.Patience.validate()
}

// Push is one ANNOUNCE/RECORD session. The server calls NewPush on ANNOUNCE,
// Attach on RECORD (the callbacks of gortsplib are set there), runs Run for the
// watchdog, and Close when the session ends.
type Push struct {
	cfg     PushConfig
	origin  *origin
	intakes []*intake
	log     *zap.Logger
	ended   chan struct{}
	end     sync.Once

	mu       sync.Mutex
	previous *Push   // until attached
	session  Session // once attached
	asker    asker
}

// NewPush chooses the tracks of desc. It fails with ErrNoTrack when there is none.
func NewPush(cfg PushConfig, desc *description.Session, sink Sink, log *zap.Logger) (*Push, error) {
	cfg.Patience.setDefaults()
	cfg.Output.setDefaults(time.Now())
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("push %s: %w", cfg.Feed, err)
	}
	p := &Push{cfg: cfg, log: log.With(zap.String("feed", string(cfg.Feed))), ended: make(chan struct{})}
	if cfg.Previous != nil {
		p.origin, p.previous = cfg.Previous.origin, cfg.Previous
	} else {
		p.origin = newOrigin(cfg.Output, sink)
	}
	p.cfg.Previous = nil // or every session would keep all before it
	sound := cfg.Layer == media.LayerMain || cfg.SubAudio
	chosen, aside, err := chooseTracks(desc, cfg.Layer, sound)
	if err != nil {
		return nil, fmt.Errorf("push %s: %w", cfg.Feed, err)
	}
	for _, ch := range chosen {
		if err := p.add(ch); err != nil {
			aside = append(aside, fmt.Sprintf("%s: %v", ch.layer, err))
		}
	}
	if len(p.intakes) == 0 {
		return nil, fmt.Errorf("push %s: %w: %s", cfg.Feed, ErrNoTrack, orNothing(aside))
	}
	if len(aside) > 0 {
		p.log.Info("tracks set aside", zap.String("tracks", strings.Join(aside, "; ")))
	}
	return p, nil
}

func (p *Push) add(ch choice) error {
	var ask func()
	if ch.codec.IsVideo() {
		ask = p.RequestKeyFrame
	}
	in, err := newIntake(p.origin, ch, ask)
	if err != nil {
		return err
	}
	p.intakes = append(p.intakes, in)
	return nil
}

// Session is where a room's packets come from; *gortsplib.ServerSession is one. The
// callbacks of one track are called one after the other, with packets in order.
type Session interface {
	// SetuppedMedias are those of the announced tracks that the room will send.
	SetuppedMedias() []*description.Media
	OnPacketRTP(m *description.Media, f format.Format, call gortsplib.OnPacketRTPFunc)
	OnPacketRTCP(m *description.Media, call gortsplib.OnPacketRTCPFunc)
	// WritePacketRTCP sends a request for a key frame.
	WritePacketRTCP(m *description.Media, p rtcp.Packet) error
}

// Attach starts the flow of packets from a session that is set up to record. To
// be called once, in OnRecord. It fails with ErrNoTrack when the room announced
// tracks that we can carry and set up none of them. From here on the previous
// session writes nothing more: a room that announces and never records takes
// nothing away.
func (p *Push) Attach(s Session) error {
	ready := s.SetuppedMedias()
	live := slices.DeleteFunc(slices.Clone(p.intakes), func(in *intake) bool {
		return !slices.Contains(ready, in.media)
	})
	if len(live) == 0 {
		return fmt.Errorf("push %s: %w: the room set up none of its tracks", p.cfg.Feed, ErrNoTrack)
	}
	for q := p.replaces(); q != nil; q = q.replaces() {
		q.Close()
	}
	for _, in := range live {
		in.start()
		s.OnPacketRTP(in.media, in.format, func(pkt *rtp.Packet) { in.push(time.Now(), pkt) })
		s.OnPacketRTCP(in.media, in.rtcp)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.intakes = live
	p.session, p.asker = s, asker{last: time.Now()}
	return nil
}

// replaces returns the session before, once: more than one only where sessions
// between never recorded.
func (p *Push) replaces() *Push {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.previous
	p.previous = nil
	return q
}

// Tracks returns what the sink was told of each layer, nil where nothing yet.
func (p *Push) Tracks() [media.NumLayers]*media.Track { return p.origin.tracks() }

// Stats returns the counters of all the room's sessions, at most a second old.
func (p *Push) Stats() Stats { return p.origin.stats() }

// RequestKeyFrame asks the room for a key frame, as Pull.RequestKeyFrame.
func (p *Push) RequestKeyFrame() {
	p.mu.Lock()
	s, in := p.session, judged(p.intakes)
	ask := s != nil && in.layer.IsVideo() && p.asker.allow(time.Now())
	p.mu.Unlock()
	if !ask {
		return
	}
	in.lane.asked.Add(1)
	_ = s.WritePacketRTCP(in.media, lossIndication(in.source.Load())) // a lost request is asked again
}

// Run is the watchdog, to be started after Attach: it returns ErrSilent when the
// picture does not come, and nil when ctx ends or Close is called.
func (p *Push) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	in := judged(p.intakes)
	p.mu.Unlock()
	ended := make(chan error, 1)
	go func() { // until Close, or the cancel above
		select {
		case <-p.ended:
			ended <- nil
		case <-ctx.Done():
		}
	}()
	if err := watch(ctx, p.cfg.Patience, in, ended, func() {}); err != nil {
		return fmt.Errorf("push %s: %w", p.cfg.Feed, err)
	}
	return nil
}

// Close stops the flow: no call to the sink begins after it returns. It does not
// close the RTSP session. Calling it again does nothing.
func (p *Push) Close() {
	p.end.Do(func() { close(p.ended) })
	p.mu.Lock()
	intakes := p.intakes
	p.session = nil
	p.mu.Unlock()
	closeAll(intakes)
}
