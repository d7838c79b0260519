package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/mask"
	"github.com/classrelay/classrelay/media"
)

// Pull is one stream of one camera. Run plays it, once per call; what must go on
// from one session to the next (SSRCs, sequence numbers, the timeline) is kept.
// One Run at a time; the other methods may be called from anywhere.
type Pull struct {
	cfg    PullConfig
	url    *base.URL
	origin *origin
	log    *zap.Logger

	tcp  atomic.Bool // UDP did not work: stay with TCP
	said string      // the last line about tracks set aside, so as not to repeat it

	mu      sync.Mutex
	client  *gortsplib.Client // while it plays a picture
	picture *intake
	asker   asker
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
	log = log.With(zap.String("feed", string(cfg.Feed)), zap.Stringer("layer", cfg.Layer))
	return &Pull{cfg: cfg, url: u, origin: newOrigin(cfg.Output, sink), log: log}, nil
}

// Run plays the stream until ctx ends (nil), or the session fails (the error
// wraps one of the package's errors and reads in one line, without the password).
func (p *Pull) Run(ctx context.Context) error { return p.run(ctx, func() {}) }

// run calls playing once the picture comes.
func (p *Pull) run(ctx context.Context, playing func()) error {
	if err := p.play(ctx, playing); err != nil && ctx.Err() == nil {
		return fmt.Errorf("pull %s: %w", p.cfg.Feed, err)
	}
	return nil
}

func (p *Pull) play(ctx context.Context, playing func()) error {
	a := &answers{allowBasic: p.cfg.AllowBasic || p.url.Scheme == "rtsps"}
	c := p.newClient(a)
	if err := c.Start2(); err != nil {
		return explain(err, p.url, a)
	}
	defer c.Close()
	intakes, err := p.handshake(ctx, c, a)
	defer closeAll(intakes)
	if err != nil {
		return err
	}
	p.current(c, judged(intakes))
	defer p.current(nil, nil)
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }() // until Close, which is deferred above
	err = watch(ctx, p.cfg.Patience, judged(intakes), ended, playing)
	if errors.Is(err, ErrSilent) && judged(intakes).lastHeard().IsZero() {
		p.avoidUDP()
	}
	if err == nil {
		return nil
	}
	return explain(err, p.url, a)
}

func closeAll(intakes []*intake) {
	for _, in := range intakes {
		in.close()
	}
}

// newClient sets gortsplib up. Its timeouts are longer than ours, which rule.
func (p *Pull) newClient(a *answers) *gortsplib.Client {
	c := &gortsplib.Client{
		Scheme:       p.url.Scheme,
		Host:         p.url.Host,
		TLSConfig:    p.cfg.TLS.Clone(),
		UserAgent:    "classrelay",
		ReadTimeout:  max(p.cfg.HandshakeTimeout, p.cfg.Patience.FirstPacket) + time.Second,
		WriteTimeout: 2 * time.Second, // a request of 200 bytes that does not leave in two seconds never will
		DialContext:  p.dial,
		ListenPacket: p.cfg.ListenPacket,
		OnResponse:   a.look,
		OnTransportSwitch: func(error) {
			p.avoidUDP()
		},
		// Losses and garbage are seen, and counted, by the assembler.
		OnPacketsLost: func(uint64) {},
		OnDecodeError: func(error) {},
	}
	switch {
	case p.cfg.Transport == TransportTCP, p.tcp.Load():
		t := gortsplib.TransportTCP
		c.Transport = &t
	case p.cfg.Transport == TransportUDP:
		t := gortsplib.TransportUDP
		c.Transport = &t
	}
	return c
}

func (p *Pull) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.DialTimeout)
	defer cancel()
	return p.cfg.DialContext(ctx, network, address)
}

// avoidUDP remembers that UDP does not reach us, so that the next session does not
// try again: every try costs three seconds of lesson.
func (p *Pull) avoidUDP() {
	if p.cfg.Transport == TransportAuto && !p.tcp.Swap(true) {
		p.log.Info("no picture over UDP; this camera is pulled over TCP from now on")
	}
}

// handshake brings the session up to PLAY.
func (p *Pull) handshake(ctx context.Context, c *gortsplib.Client, a *answers) ([]*intake, error) {
	hctx, cancel := context.WithTimeout(ctx, p.cfg.HandshakeTimeout)
	defer cancel()
	stop := context.AfterFunc(hctx, c.Close)
	defer stop()
	intakes, err := p.setup(c, a)
	if err == nil {
		_, err = c.Play(nil)
	}
	switch {
	case err == nil:
		return intakes, nil
	case errors.Is(hctx.Err(), context.DeadlineExceeded):
		return intakes, fmt.Errorf("%w: %s does not answer within %v",
			ErrUnreachable, p.url.Host, p.cfg.HandshakeTimeout)
	case errors.As(err, &liberrors.ErrClientServerPortsNotProvided{}):
		p.avoidUDP()
	}
	return intakes, explain(err, p.url, a)
}

// setup chooses the tracks and asks for them. A sound that cannot be had does not
// cost the picture.
func (p *Pull) setup(c *gortsplib.Client, a *answers) (intakes []*intake, err error) {
	desc, _, err := c.Describe(p.url.Clone())
	if err != nil {
		return nil, err
	}
	sound := p.cfg.Layer == media.LayerMain || p.cfg.SubAudio
	chosen, aside, err := chooseTracks(desc, p.cfg.Layer, sound)
	aside = append(a.aside, aside...)
	if err != nil {
		return nil, err
	}
	for _, ch := range chosen {
		in, err := p.setupTrack(c, desc.BaseURL, ch)
		if err == nil {
			intakes = append(intakes, in)
			continue
		}
		if ch.layer.IsVideo() || len(chosen) == 1 {
			return intakes, err
		}
		aside = append(aside, fmt.Sprintf("%s: %s", ch.layer, oneLine(err, p.url)))
	}
	p.say(aside)
	return intakes, nil
}

func (p *Pull) setupTrack(c *gortsplib.Client, url *base.URL, ch choice) (*intake, error) {
	// gortsplib does not survive a control attribute that makes no URL.
	if u, err := ch.media.URL(url); err != nil || u == nil {
		return nil, fmt.Errorf("%w: control attribute %.60q makes no URL", ErrNonsense, mask.Text(ch.media.Control))
	}
	var ask func()
	if ch.codec.IsVideo() {
		ask = p.RequestKeyFrame
	}
	in, err := newIntake(p.origin, ch, ask)
	if err != nil {
		return nil, err
	}
	if _, err := c.Setup(url, ch.media, 0, 0); err != nil {
		return nil, err
	}
	in.start()
	c.OnPacketRTP(ch.media, ch.format, func(pkt *rtp.Packet) { in.push(time.Now(), pkt) })
	c.OnPacketRTCP(ch.media, in.rtcp)
	return in, nil
}

// rtcp takes the camera's sender reports.
func (in *intake) rtcp(pkt rtcp.Packet) {
	if sr, ok := pkt.(*rtcp.SenderReport); ok && sr.SSRC == in.source.Load() {
		in.report(sr.NTPTime, sr.RTPTime)
	}
}

// say names what was set aside, once.
func (p *Pull) say(aside []string) {
	line := strings.Join(aside, "; ")
	if line != p.said && line != "" {
		p.log.Info("tracks set aside", zap.String("tracks", line))
	}
	p.said = line
}

// current notes whom RequestKeyFrame asks. The first time is half a second after
// PLAY: most cameras begin with a key frame on their own.
func (p *Pull) current(c *gortsplib.Client, in *intake) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client, p.picture, p.asker = c, in, asker{last: time.Now()}
	if in != nil && !in.layer.IsVideo() {
		p.client = nil
	}
}

// RequestKeyFrame asks the camera for a key frame (RTCP PLI, RFC 4585 §6.3.1), at
// most every 500 ms. Many cameras ignore it; none minds.
func (p *Pull) RequestKeyFrame() {
	p.mu.Lock()
	c, in := p.client, p.picture
	ask := c != nil && p.asker.allow(time.Now())
	p.mu.Unlock()
	if !ask {
		return
	}
	in.lane.asked.Add(1)
	_ = c.WritePacketRTCP(in.media, lossIndication(in.source.Load())) // a lost request is asked again
}

// Tracks returns what the sink was told of each layer, nil where nothing yet.
func (p *Pull) Tracks() [media.NumLayers]*media.Track { return p.origin.tracks() }

// Stats returns the counters of all sessions, at most a second old.
func (p *Pull) Stats() Stats { return p.origin.stats() }
