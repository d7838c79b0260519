package playout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/layer"
	"github.com/classrelay/classrelay/media"
)

// ErrTrackChanged is wrapped by Run's error when the feed is encoded in a way now
// that the player was not told of. It has to open the feed again.
var ErrTrackChanged = errors.New("the feed's encoding changed")

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
	// Rates are the bit rates of the layers as they came from the source, over the
	// last ten seconds; 0 where nothing is read now or too little has come.
	Rates [media.NumLayers]float64
}

// Viewer plays one feed to one player. Run is for one goroutine at a time, Stats
// for any.
type Viewer struct {
	cfg   Config
	offer *Offer
	log   *zap.Logger

	video, audio *stream   // nil: not offered, or not set up
	streams      []*stream // those that are not nil, the sound first: it is small, and missed most
	scratch      []*media.Packet
	published    atomic.Pointer[ViewerStats]

	again     atomic.Bool // Refresh was called
	refreshed time.Time   // when the last cached group was given again
	wish      atomic.Pointer[media.Layer]
	pace      atomic.Int64 // of SetPace
	meters    [media.NumLayers]layer.Meter
}

// NewViewer makes a viewer of what was offered.
func NewViewer(cfg Config, offer *Offer, log *zap.Logger) *Viewer {
	v := &Viewer{cfg: cfg.withDefaults(), offer: offer, log: log}
	name := string(offer.Source.ID())
	if offer.track != nil {
		v.video = newStream(v.cfg, name, offer.video, offer.track, offer.layers...)
	}
	if offer.sound != nil {
		v.audio = newStream(v.cfg, name, offer.audio, offer.sound, media.LayerAudio)
	}
	return v
}

// Stats returns the counters, at most a second old.
func (v *Viewer) Stats() ViewerStats {
	if st := v.published.Load(); st != nil {
		return *st
	}
	return ViewerStats{}
}

// tick is how often a viewer looks after what no packet tells: the layers, the
// counters.
const tick = time.Second

// scratchKept is the most room kept for reading: a cached group of pictures is read
// once, what comes after that is a frame at a time.
const scratchKept = 256

// unread is how long nothing of a layer comes before its rate counts as none: longer
// than a camera with one picture per second is silent.
const unread = 1500 * time.Millisecond

// Run plays to the session until ctx is done, then it returns nil. It may be
// called again, as when a player pauses and plays on. An error means that the
// player cannot be served any more: it wraps ErrTrackChanged.
//
// While the source is gone Run waits; when it is back, the picture goes on by
// itself.
func (v *Viewer) Run(ctx context.Context, session Session) error {
	defer v.publish()
	wake := make(chan struct{}, 1)
	subs := newSubscriptions(v.offer, v.cfg.FallbackAfter, wake)
	defer subs.close()
	v.drop(session)

	out := &outlet{session: session}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var looked time.Time
	for {
		now := time.Now()
		if now.Sub(looked) >= tick {
			looked = now
			v.publish()
		}
		if err := v.step(now, subs, out); err != nil {
			return err
		}
		timer.Reset(time.Until(v.next(out, looked.Add(tick))))
		select {
		case <-wake:
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// drop forgets a stream that the player did not set up.
func (v *Viewer) drop(session Session) {
	if v.video != nil && !slices.Contains(session.Medias, v.video.media) {
		v.video = nil
	}
	if v.audio != nil && !slices.Contains(session.Medias, v.audio.media) {
		v.audio = nil
	}
	v.streams = v.streams[:0]
	for _, s := range []*stream{v.audio, v.video} {
		if s != nil {
			v.streams = append(v.streams, s)
		}
	}
}

// step moves everything that can move now.
func (v *Viewer) step(now time.Time, subs *subscriptions, out *outlet) error {
	v.refresh(now, subs)
	v.prefer(now, subs)
	if err := v.read(now, subs); err != nil {
		return err
	}
	out.refill(now, float64(v.pace.Load()))
	for _, s := range v.streams {
		s.send(now, out)
		if l, ok := s.splicer.KeyFrameWanted(now); ok {
			v.offer.Source.RequestKeyFrame(l)
		}
	}
	return nil
}

// read takes what the subscriptions have and gives it to the splicers.
func (v *Viewer) read(now time.Time, subs *subscriptions) error {
	v.scratch = subs.read(now, v.scratch[:0])
	// After Read: packets of another encoding come after SetTrack, so what fits now
	// did when it was read.
	fit, err := v.offer.fits(v.offer.Source.Tracks())
	if err != nil {
		return err
	}
	for _, p := range v.scratch {
		v.meters[p.Layer].Add(p.Arrival, p.Size())
		switch {
		case !fit[p.Layer]:
		case p.Layer == media.LayerAudio:
			if v.audio != nil {
				v.audio.splicer.Push(now, p)
			}
		case v.video != nil:
			v.video.splicer.Push(now, p)
		}
	}
	clear(v.scratch) // the ring forgets packets; so do we
	if cap(v.scratch) > scratchKept {
		v.scratch = nil
	}
	if v.audio != nil {
		subs.set(now, media.LayerAudio, true)
	}
	if v.video != nil {
		l, shown := v.shown()
		subs.choose(now, fit, l, shown)
	}
	return nil
}

// shown is the layer of the picture that the viewer sees, if any.
func (v *Viewer) shown() (media.Layer, bool) {
	if v.video == nil || v.video.splicer.use == nil {
		return 0, false
	}
	return v.video.splicer.use.layer, true
}

// next is when to step again without being woken.
func (v *Viewer) next(out *outlet, at time.Time) time.Time {
	for _, s := range v.streams {
		at = sooner(at, s.reports.due)
		if !out.full {
			at = sooner(at, s.splicer.Next())
		}
	}
	if out.full {
		at = sooner(at, out.retry)
	}
	return at
}

func (v *Viewer) publish() {
	st := ViewerStats{}
	if v.video != nil {
		st.Video = v.video.splicer.Stats()
	}
	if v.audio != nil {
		st.Audio = v.audio.splicer.Stats()
	}
	now := time.Now()
	for l := range v.meters {
		if bits, ok := v.meters[l].Bits(now); ok && !v.meters[l].Silent(now, unread) {
			st.Rates[l] = bits
		}
	}
	v.published.Store(&st)
}

// fits says which layers have the encoding the player was told of. It fails when
// a track is there only in another one: such a player has to open the feed again.
func (o *Offer) fits(tracks [media.NumLayers]*media.Track) (fit [media.NumLayers]bool, err error) {
	check := func(told *media.Track, layers ...media.Layer) {
		var other *media.Track
		served := false
		for _, l := range layers {
			fit[l] = tracks[l] != nil && o.serves(told, tracks[l])
			served = served || fit[l]
			if tracks[l] != nil && !fit[l] {
				other = tracks[l]
			}
		}
		if other != nil && !served {
			err = fmt.Errorf("feed %s: %w: %s at %d Hz became %s at %d Hz", o.Source.ID(), ErrTrackChanged,
				told.Codec, told.ClockRate, other.Codec, other.ClockRate)
		}
	}
	if o.sound != nil {
		check(o.sound, media.LayerAudio)
	}
	if o.track != nil {
		check(o.track, o.layers...)
	}
	return fit, err
}
