package mse

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/coder/websocket"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/playout/fmp4"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// viewer is one WebSocket that watches a feed.
type viewer struct {
	cfg    Config
	node   rtsp.Watcher
	feed   media.FeedID
	choice playout.Choice
	silent bool // the page wants no sound, where there is a picture
	conn   *socket
	stage  *stage
	out    *outbox
	remote netip.Addr
	user   string
	since  time.Time
	log    *zap.Logger

	ctx  context.Context // ends with the viewer; its cause is the closing
	stop context.CancelCauseFunc
}

// errGone says that the other side has closed or cannot be reached.
var errGone = errors.New("the other side is gone")

// run serves the viewer to its end.
func (v *viewer) run() {
	v.log.Info("player starts", zap.String("user", v.user), zap.String("transport", "mse"))
	var runs, reads sync.WaitGroup
	for _, part := range []func(){v.write, v.watch} {
		runs.Go(part) // each ends with v.ctx
	}
	runs.Go(func() { v.every(pingEvery, v.ping) }) // likewise
	runs.Go(func() { v.every(tickEvery, v.tick) })
	reads.Go(v.read) // ends with the connection
	<-v.ctx.Done()
	c := stopping()
	_ = errors.As(context.Cause(v.ctx), &c)
	v.conn.end(c) // also ends a write that hangs
	runs.Wait()
	reads.Wait()
	st := v.stats()
	v.log.Info("player leaves", zap.NamedError("reason", context.Cause(v.ctx)),
		zap.Uint64("frames", st.Frames), zap.Uint64("dropped", st.Dropped))
}

func stopping() closing { return closing{websocket.StatusGoingAway, "the node is stopping"} }

// read answers pings, and sees the other side close. A page has nothing to say.
func (v *viewer) read() {
	const longest = 1024 // of what is not wanted anyway, in bytes
	v.conn.SetReadLimit(longest)
	// Not v.ctx: a read that is cut off leaves no way for a close frame.
	_, _, err := v.conn.Read(context.Background())
	if err == nil {
		v.stop(closing{websocket.StatusPolicyViolation, "only this side sends"})
		return
	}
	v.stop(fmt.Errorf("%w: %w", errGone, err))
}

// write sends what is in the outbox.
func (v *viewer) write() {
	for m, ok := v.out.take(v.ctx); ok; m, ok = v.out.take(v.ctx) {
		// Not v.ctx: a write that is cut off leaves no way for a close frame.
		ctx, cancel := context.WithTimeout(context.Background(), writeWithin)
		err := v.conn.Write(ctx, m.kind, m.data)
		cancel()
		if err != nil {
			v.stop(fmt.Errorf("%w: %w", errGone, err))
			return
		}
	}
}

// every does something again and again until the viewer ends.
func (v *viewer) every(period time.Duration, do func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			do()
		case <-v.ctx.Done():
			return
		}
	}
}

// ping finds out whether the other side went away without a word.
func (v *viewer) ping() {
	ctx, cancel := context.WithTimeout(v.ctx, pingWithin)
	defer cancel()
	if err := v.conn.Ping(ctx); err != nil {
		v.stop(fmt.Errorf("%w: no answer to a ping: %w", errGone, err))
	}
}

// tick looks after what no packet tells.
func (v *viewer) tick() { v.stage.look(time.Now()) }

// watch opens the feed, again when it comes to be encoded in another way, until the
// viewer ends. A feed that is offline is waited for.
func (v *viewer) watch() {
	for v.ctx.Err() == nil {
		src, offer, err := v.open()
		switch {
		case errors.Is(err, rtsp.ErrUnknownFeed):
			v.stop(closing{CodeUnknownFeed, "unknown-feed"})
			return
		case err == nil:
			if err = v.play(src, offer); err != nil {
				v.log.Info("player opens the feed again", zap.Error(err))
			}
		default:
			v.stage.away(v.since)
		}
		select {
		case <-time.After(againAfter):
		case <-v.ctx.Done():
		}
	}
}

func (v *viewer) open() (playout.Source, *playout.Offer, error) {
	ctx, cancel := context.WithTimeout(v.ctx, watchWait)
	defer cancel()
	src, err := v.node.Watch(ctx, v.feed)
	if err != nil {
		return nil, nil, err
	}
	offer, err := playout.NewOffer(src, v.choice)
	return src, offer, err
}

// play serves one offer until there is a better one, or the viewer ends.
func (v *viewer) play(src playout.Source, offer *playout.Offer) error {
	video, audio := offer.Tracks()
	silent := v.silent && video != nil
	if silent {
		audio = nil
	}
	player := playout.NewViewer(v.cfg.Playout, offer, v.log)
	medias, err := v.stage.begin(player, offer, video, audio)
	if errors.Is(err, fmp4.ErrCodec) {
		codec := audio
		if video != nil {
			codec = video
		}
		v.stop(closing{CodeCodec, string(codec.Codec)})
		return err
	}
	if err != nil {
		v.stage.away(v.since)
		return err
	}
	ctx, cancel := context.WithCancel(v.ctx)
	defer cancel()
	var runs sync.WaitGroup
	defer runs.Wait()
	defer cancel()
	runs.Go(func() { // ends with ctx
		if more(ctx, src, video != nil, audio != nil || silent) {
			cancel()
		}
	})
	return player.Run(ctx, playout.Session{Writer: v.stage, Medias: medias})
}

// more waits until the feed has what is missing; false: ctx ended.
func more(ctx context.Context, src playout.Source, video, audio bool) bool {
	every := time.NewTicker(tickEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-ctx.Done():
			return false
		}
		t := src.Tracks()
		if !video && t[media.LayerMain] != nil || !audio && t[media.LayerAudio] != nil {
			return true
		}
	}
}

func (v *viewer) stats() PlayerStats {
	st := v.stage.stats()
	st.Feed, st.Remote, st.User, st.Since = v.feed, v.remote, v.user, v.since
	return st
}

// muxable are the medias of an offer that the muxer takes.
func muxable(offer *playout.Offer, sound bool) (medias []*description.Media) {
	for _, m := range offer.Desc.Medias {
		if m.Type == description.MediaTypeVideo || sound {
			medias = append(medias, m)
		}
	}
	return medias
}
