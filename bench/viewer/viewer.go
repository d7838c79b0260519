package viewer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/media"
)

// ErrNoVideo says that what the server offers has no H.264 or H.265.
var ErrNoVideo = errors.New("no H.264 or H.265 video in the stream")

// Config says what to watch.
type Config struct {
	// URL of the stream, with the login in it where one is needed.
	URL string
	// UDP asks for RTP over UDP instead of interleaved in the RTSP connection.
	UDP bool
	// Retry is the pause before a lost or refused connection is made again;
	// 0 = Run returns the error instead.
	Retry time.Duration
	// Tally says what counts.
	Tally TallyConfig
	// Keep gets every access unit when it has been counted; nil = nobody.
	Keep Keeper
	// DialContext replaces that of package net, for virtual time.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Keeper takes access units as they are handed to the viewer, one at a time and in
// their order; nil stands for one of which a part is missing. verdict is that of
// stamp.Verify. The time it takes delays the packets that follow.
type Keeper interface {
	Keep(codec media.Codec, au [][]byte, s stamp.Stamp, verdict error)
}

// Viewer watches one stream. Make it with New, start it with Run; Report and
// Snapshot are safe for concurrent use, also after Run has returned.
type Viewer struct {
	cfg Config
	url *base.URL
	log *zap.Logger

	mu    sync.Mutex
	tally *Tally
	ended time.Time // zero while Run has not returned
}

// New makes a viewer that does not watch yet.
func New(cfg Config, log *zap.Logger) (*Viewer, error) {
	u, err := base.ParseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("view %q: %w", cfg.URL, err)
	}
	return &Viewer{
		cfg:   cfg,
		url:   u,
		log:   log.With(zap.String("url", u.CloneWithoutCredentials().String())),
		tally: NewTally(cfg.Tally),
	}, nil
}

// Run watches until ctx ends, which is a normal stop. Without Retry it returns
// as soon as there is no connection.
func (v *Viewer) Run(ctx context.Context) error {
	defer v.end()
	for {
		err := v.watch(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if v.cfg.Retry == 0 {
			return fmt.Errorf("view %s: %w", v.url.CloneWithoutCredentials(), err)
		}
		v.log.Info("no picture, trying again", zap.Error(err), zap.Duration("in", v.cfg.Retry))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(v.cfg.Retry):
		}
	}
}

// Report sums up to this moment, or to the end of Run. stamped is the number of
// the last frame the camera has stamped, 0 = unknown; see Tally.Report.
func (v *Viewer) Report(stamped uint64) Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tally.Report(v.now(), stamped)
}

// Snapshot is what a live table shows.
func (v *Viewer) Snapshot() Snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tally.Snapshot(v.now())
}

// now stops with Run; v.mu is held.
func (v *Viewer) now() time.Time {
	if !v.ended.IsZero() {
		return v.ended
	}
	return time.Now()
}

func (v *Viewer) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = time.Now()
}

// tell gives the tally the time and lets f use it.
func (v *Viewer) tell(f func(t *Tally, now time.Time)) {
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	f(v.tally, now)
}

// watch makes one connection and waits until it is lost or ctx ends.
func (v *Viewer) watch(ctx context.Context) error {
	v.tell((*Tally).Dial)
	transport := gortsplib.TransportTCP
	if v.cfg.UDP {
		transport = gortsplib.TransportUDP
	}
	client := &gortsplib.Client{
		Scheme:      v.url.Scheme,
		Host:        v.url.Host,
		Transport:   &transport,
		DialContext: v.cfg.DialContext,
		// The library would write these to the terminal; the tally counts what they cost.
		OnPacketsLost: func(uint64) {},
		OnDecodeError: func(error) {},
	}
	if err := client.Start2(); err != nil {
		return err
	}
	defer client.Close()
	// Closes the client when ctx ends, whatever it waits for.
	stop := context.AfterFunc(ctx, client.Close)
	defer stop()
	if err := v.play(client); err != nil {
		return err
	}
	return client.Wait()
}

// play asks for the stream and lets its packets come.
func (v *Viewer) play(client *gortsplib.Client) error {
	session, _, err := client.Describe(v.url)
	if err != nil {
		return err
	}
	if err := v.setup(client, session); err != nil {
		return err
	}
	// The packets may come before the answer, so the viewer has joined now.
	v.tell((*Tally).Join)
	_, err = client.Play(nil)
	return err
}

func (v *Viewer) setup(client *gortsplib.Client, session *description.Session) error {
	codec, video := findVideo(session)
	if video == nil {
		return ErrNoVideo
	}
	for _, m := range session.Medias {
		if m != video && m.Type != description.MediaTypeAudio {
			continue
		}
		if _, err := client.Setup(session.BaseURL, m, 0, 0); err != nil {
			return err
		}
		onPacket := v.onSound
		if m == video {
			onPacket = v.onVideo(newAssembler(codec))
		}
		client.OnPacketRTP(m, m.Formats[0], onPacket)
	}
	return nil
}

// findVideo returns the first medium whose first format we can check.
func findVideo(session *description.Session) (media.Codec, *description.Media) {
	for _, m := range session.Medias {
		switch m.Formats[0].(type) {
		case *format.H264:
			return media.H264, m
		case *format.H265:
			return media.H265, m
		}
	}
	return "", nil
}

// onVideo is called by gortsplib's reader, one packet at a time.
func (v *Viewer) onVideo(a *assembler) func(*rtp.Packet) {
	return func(p *rtp.Packet) {
		a.push(p, func(au [][]byte) {
			s, err := stamp.Verify(a.codec, au)
			v.tell(func(t *Tally, now time.Time) { t.Frame(now, s, err) })
			if v.cfg.Keep != nil {
				v.cfg.Keep.Keep(a.codec, au, s, err)
			}
		})
	}
}

func (v *Viewer) onSound(p *rtp.Packet) {
	s, err := stamp.VerifyAudio(p.Payload)
	v.tell(func(t *Tally, now time.Time) { t.Sound(now, s, err) })
}
