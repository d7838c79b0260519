package rtsp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/access"
)

// offered is an offer and the URL it answered.
type offered struct {
	*playout.Offer
	path, query string
	user        string
}

// describe finds the feed and what there is of it.
func (s *Server) describe(r request) (*offered, *base.Response) {
	feed, user, refusal := s.admit(r, access.Watch)
	if refusal != nil {
		return nil, refusal
	}
	ctx, cancel := context.WithTimeout(s.serving, s.cfg.WatchWait)
	defer cancel()
	src, err := s.node.Watch(ctx, feed)
	if err != nil {
		return nil, s.refuse(r, access.Watch, statusOf(err), err.Error())
	}
	o, err := playout.NewOffer(src, s.choice(r))
	if err != nil {
		return nil, s.refuse(r, access.Watch, statusOf(err), err.Error())
	}
	answer := &offered{Offer: o, path: r.path, query: r.query, user: user}
	r.kept().offer = answer
	return answer, nil
}

// choice reads which layer a player wants.
func (s *Server) choice(r request) playout.Choice {
	switch l, ok := r.layer(); {
	case !ok:
		return s.cfg.Choice
	case l == media.LayerSub:
		return playout.ChooseSub
	}
	return playout.ChooseMain
}

// player is one session that watches.
type player struct {
	server *Server
	offer  *offered
	viewer *playout.Viewer
	stream *gortsplib.ServerStream
	log    *zap.Logger
	remote string    // the address without its port
	since  time.Time // when it was set up
	// session is closed to send the player away.
	session *gortsplib.ServerSession

	cancel context.CancelFunc // nil while it does not play
	runs   sync.WaitGroup
}

// setup makes the session a player, or returns the stream of the one it is. The
// stream only lends the session its SSRCs: packets go to the session itself, so
// that a full queue is this player's own matter.
func (s *Server) setup(session *gortsplib.ServerSession, r request) (*gortsplib.ServerStream, *base.Response) {
	if p, ok := session.UserData().(*player); ok {
		return p.stream, nil
	}
	answer := r.kept().offer
	if answer == nil || answer.path != r.path || answer.query != r.query {
		var refusal *base.Response
		if answer, refusal = s.describe(r); refusal != nil {
			return nil, refusal
		}
	} else if _, _, refusal := s.admit(r, access.Watch); refusal != nil {
		return nil, refusal
	}
	log := s.log.With(zap.String("feed", string(answer.Source.ID())), zap.String("remote", r.remote().String()))
	p := &player{
		server: s,
		offer:  answer,
		viewer: playout.NewViewer(s.cfg.Playout, answer.Offer, log),
		stream: &gortsplib.ServerStream{Server: s.rtsp, Desc: answer.Desc},
		log:    log,

		remote:  r.remote().String(),
		since:   time.Now(),
		session: session,
	}
	if err := p.stream.Initialize(); err != nil {
		return nil, s.broken(r.path, err)
	}
	session.SetUserData(p)
	s.mu.Lock()
	s.players[p] = struct{}{}
	s.mu.Unlock()
	return p.stream, nil
}

// play starts the viewer; PLAY may come again while it plays.
func (p *player) play(session *gortsplib.ServerSession) {
	if p.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	transport := session.SetuppedTransport()
	paced := transport != nil && *transport == gortsplib.TransportUDP
	medias := session.SetuppedMedias()
	p.log.Info("player starts", zap.String("user", p.offer.user), zap.Stringer("transport", transport))
	p.runs.Go(func() { // ends by pause or close, which wait for it
		if err := p.viewer.Run(ctx, playout.Session{Writer: session, Medias: medias, Paced: paced}); err != nil {
			p.log.Info("player sent away", zap.Error(err))
			session.Close()
		}
	})
}

// pause stops the viewer and waits for it.
func (p *player) pause() {
	if p.cancel == nil {
		return
	}
	p.cancel()
	p.runs.Wait()
	p.cancel = nil
}

// close ends the player with its session.
func (p *player) close(reason error) {
	p.pause()
	p.stream.Close()
	p.server.mu.Lock()
	delete(p.server.players, p)
	p.server.mu.Unlock()
	st := p.viewer.Stats()
	p.log.Info("player leaves", zap.NamedError("reason", usual(reason)),
		zap.Uint64("frames", st.Video.Frames), zap.Uint64("slow", st.Video.Slow),
		zap.Uint64("skipped", st.Video.Skipped+st.Video.Incomplete))
}

// usual leaves out the reasons that need no word.
func usual(err error) error {
	var torn liberrors.ErrServerSessionTornDown
	var unused liberrors.ErrServerSessionNotInUse
	var ended liberrors.ErrServerTerminated
	if errors.As(err, &torn) || errors.As(err, &unused) || errors.As(err, &ended) {
		return nil
	}
	return err
}

// Dismiss closes the sessions of all who watch a feed, and tells how many there were.
// It does not wait for their end.
func (s *Server) Dismiss(feed media.FeedID) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.players {
		if p.offer.Source.ID() == feed {
			p.session.Close()
			n++
		}
	}
	return n
}

// PlayerStats is what one player got.
type PlayerStats struct {
	Feed   media.FeedID
	Remote string    // the address without its port
	User   string    // who logged in; empty where no login was needed
	Since  time.Time // when it was set up
	playout.ViewerStats
}

// Players returns the figures of all who watch now, at most a second old.
func (s *Server) Players() []PlayerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]PlayerStats, 0, len(s.players))
	for p := range s.players {
		out = append(out, PlayerStats{
			Feed: p.offer.Source.ID(), Remote: p.remote, User: p.offer.user, Since: p.since, ViewerStats: p.viewer.Stats(),
		})
	}
	return out
}
