package mse

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// Server serves viewers. Its methods may be called from any goroutine.
type Server struct {
	cfg  Config
	node rtsp.Watcher
	gate Gate
	log  *zap.Logger
	// serving ends with Run, and with it all viewers.
	serving context.Context
	end     context.CancelFunc

	mu      sync.Mutex
	ended   bool
	viewers map[*viewer]struct{}
	runs    sync.WaitGroup // of viewers; none is added once ended is set
}

// New makes a server; Register gives it a place and Run bounds its life.
func New(cfg Config, node rtsp.Watcher, gate Gate, log *zap.Logger) *Server {
	s := &Server{cfg: cfg, node: node, gate: gate, log: log, viewers: make(map[*viewer]struct{})}
	s.serving, s.end = context.WithCancel(context.Background())
	return s
}

// Register adds GET /mse/FEED.
func (s *Server) Register(mux *http.ServeMux) { mux.HandleFunc("GET /mse/{feed...}", s.serve) }

// Run waits until ctx is done and then ends all viewers; http.Server knows nothing of
// connections that became WebSockets. It returns nil.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.end()
	s.runs.Wait()
	return nil
}

// serve is one viewer from its request to its end.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	feed, err := media.ParseFeedID(r.PathValue("feed"))
	if err != nil {
		s.turnAway(w, r, refusal{http.StatusNotFound, CodeUnknownFeed, "unknown-feed", err.Error()})
		return
	}
	user, ok := s.admit(w, r, feed)
	if !ok {
		return
	}
	conn, err := accept(w, r)
	if err != nil {
		s.log.Info("MSE request refused", zap.String("feed", string(feed)),
			zap.Stringer("remote", access.RemoteOf(r)), zap.Error(err))
		return // accept has answered
	}
	v := s.newViewer(r, conn, feed, user)
	if !s.join(v) {
		conn.end(stopping())
		return
	}
	defer s.leave(v)
	v.run()
}

func (s *Server) newViewer(r *http.Request, conn *socket, feed media.FeedID, user string) *viewer {
	now, out, remote := time.Now(), newOutbox(), access.RemoteOf(r)
	log := s.log.With(zap.String("feed", string(feed)), zap.Stringer("remote", remote))
	v := &viewer{
		cfg:    s.cfg,
		node:   s.node,
		feed:   feed,
		choice: s.choice(r),
		silent: r.URL.Query().Get("sound") == "0",
		conn:   conn,
		stage:  newStage(out, now, log),
		out:    out,
		remote: remote,
		user:   user,
		since:  now,
		log:    log,
	}
	v.ctx, v.stop = context.WithCancelCause(s.serving)
	return v
}

// admit asks the gate. A page sees nothing of a refused upgrade but that it failed, so a
// browser's is accepted and closed with a code; others get the gate's own answer.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, feed media.FeedID) (user string, ok bool) {
	a := &answer{ResponseWriter: w, status: http.StatusOK}
	if user, ok = s.gate.Pass(a, r, feed, access.Watch); ok {
		return user, true
	}
	if !fromPage(r) {
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body.Bytes()) // it may be gone
		return "", false
	}
	for _, h := range []string{"Content-Type", "Content-Length", "WWW-Authenticate"} {
		w.Header().Del(h) // they belong to an answer that is not given
	}
	s.turnAway(w, r, a.refusal())
	return "", false
}

// choice reads which layer a page wants.
func (s *Server) choice(r *http.Request) playout.Choice {
	switch l, err := media.ParseLayer(r.URL.Query().Get("layer")); {
	case err != nil:
	case l == media.LayerMain:
		return playout.ChooseMain
	case l == media.LayerSub:
		return playout.ChooseSub
	}
	return s.cfg.Choice
}

func (s *Server) join(v *viewer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.viewers[v] = struct{}{}
	s.runs.Add(1)
	return true
}

func (s *Server) leave(v *viewer) {
	s.mu.Lock()
	delete(s.viewers, v)
	s.mu.Unlock()
	v.stop(nil)
	s.runs.Done()
}

// Dismiss ends the viewers of a feed that is taken out for good, and tells how many
// there were. It does not wait for their end.
func (s *Server) Dismiss(feed media.FeedID) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.viewers {
		if v.feed == feed {
			v.stop(closing{CodeUnknownFeed, "the feed was taken out of the configuration"})
			n++
		}
	}
	return n
}

// PlayerStats is what one viewer got.
type PlayerStats struct {
	Feed    media.FeedID
	Remote  netip.Addr
	User    string // empty where no login was needed
	Since   time.Time
	Layer   media.Layer // of the picture
	Frames  uint64      // pictures sent
	Dropped uint64      // pictures not sent: incomplete, without their references, or not taken in time
	Waiting int         // bytes in the outbox
}

// Players returns the figures of all who watch now, the longest first.
func (s *Server) Players() []PlayerStats {
	s.mu.Lock()
	out := make([]PlayerStats, 0, len(s.viewers))
	for v := range s.viewers {
		out = append(out, v.stats())
	}
	s.mu.Unlock()
	slices.SortFunc(out, func(a, b PlayerStats) int { return a.Since.Compare(b.Since) })
	return out
}
