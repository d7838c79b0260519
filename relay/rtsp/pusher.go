package rtsp

import (
	"context"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/ingest"
	"github.com/classrelay/classrelay/relay/access"
)

// recordWithin is how long after ANNOUNCE a pusher must begin, so that one that
// went away in between does not hold the place.
const recordWithin = 10 * time.Second

// pusher is one session that pushes.
type pusher struct {
	push    *ingest.Push
	release func()
	log     *zap.Logger
	late    *time.Timer // closes the session when no RECORD comes

	cancel context.CancelFunc
	runs   sync.WaitGroup
}

// announce makes the session a pusher.
func (s *Server) announce(session *gortsplib.ServerSession, r request, desc *description.Session) *base.Response {
	if session.UserData() != nil {
		return s.refuse(r, access.Push, base.StatusMethodNotValidInThisState, "the session is in use")
	}
	feed, user, refusal := s.admit(r, access.Push)
	if refusal != nil {
		return refusal
	}
	layer, _ := r.layer() // main when there is none
	remote := r.remote().String()
	if user != "" {
		remote = user + " at " + remote
	}
	push, release, err := s.node.Publish(Pushed{Feed: feed, Layer: layer, Remote: remote, Desc: desc})
	if err != nil {
		return s.refuse(r, access.Push, statusOf(err), err.Error())
	}
	session.SetUserData(&pusher{
		push:    push,
		release: release,
		log: s.log.With(zap.String("feed", string(feed)), zap.Stringer("layer", layer),
			zap.String("remote", remote)),
		late: time.AfterFunc(recordWithin, session.Close),
	})
	return &base.Response{StatusCode: base.StatusOK}
}

// record lets the packets flow.
func (p *pusher) record(session *gortsplib.ServerSession) *base.Response {
	if !p.late.Stop() || p.cancel != nil {
		return &base.Response{StatusCode: base.StatusMethodNotValidInThisState}
	}
	if err := p.push.Attach(session); err != nil {
		p.log.Info("push refused", zap.Error(err))
		return &base.Response{
			StatusCode:    base.StatusUnsupportedMediaType,
			StatusMessage: reasonPhrase(base.StatusUnsupportedMediaType, err.Error()),
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.log.Info("push starts")
	p.runs.Go(func() { // ends by close, or because the room is silent or was replaced
		if err := p.push.Run(ctx); err != nil {
			p.log.Info("pusher sent away", zap.Error(err))
		}
		session.Close()
	})
	return &base.Response{StatusCode: base.StatusOK}
}

// close ends the push with its session and gives the place back.
func (p *pusher) close(reason error) {
	p.late.Stop()
	if p.cancel != nil {
		p.cancel()
	}
	p.push.Close()
	p.runs.Wait()
	p.release()
	p.log.Info("push ends", zap.NamedError("reason", usual(reason)))
}
