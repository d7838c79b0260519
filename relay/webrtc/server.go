package webrtc

import (
	"context"
	"net/http"
	"sync"

	pion "github.com/pion/webrtc/v4"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// Gate says who may watch and push, by the rule that also holds for RTSP. Where
// somebody may not, it writes the answer itself and returns false.
type Gate interface {
	Pass(w http.ResponseWriter, r *http.Request, feed media.FeedID, a access.Action) (user string, ok bool)
}

// session is a player or a pusher. Its run ends when its peer is canceled.
type session interface{ end(why error) }

func (p *peer) end(why error) { p.cancel(why) }

// Server gives feeds to pages and takes feeds from them. Its methods may be called
// from any goroutine.
type Server struct {
	cfg      Config
	node     rtsp.Node
	gate     Gate
	log      *zap.Logger
	sockets  *sockets           // nil before Open
	settings pion.SettingEngine // set by Open

	// serving ends with Run, and with it every session.
	serving context.Context
	stop    context.CancelCauseFunc

	mu       sync.Mutex
	sessions map[string]session // by the last part of the Location given to the page
	players  map[*player]struct{}
	stopped  bool
	runs     sync.WaitGroup // one for each session; none is added once stopped
}

// New checks the configuration; it opens nothing.
func New(cfg Config, node rtsp.Node, gate Gate, log *zap.Logger) (*Server, error) {
	cfg.setDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, node: node, gate: gate, log: log,
		sessions: make(map[string]session), players: make(map[*player]struct{}),
	}
	s.serving, s.stop = context.WithCancelCause(context.Background())
	return s, nil
}

// Open opens the ports. Its error names the key. Run does it when it was not done; to
// be called before requests come.
func (s *Server) Open() error {
	if s.sockets != nil {
		return nil
	}
	open, err := s.openSockets()
	if err != nil {
		return err
	}
	s.sockets = open
	s.settings = settings(open.udp, open.tcp, pionLogs{s.log})
	return nil
}

// Run serves until ctx is done, ends all sessions and closes the ports. It returns nil
// then, and an error when a port cannot be opened.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Open(); err != nil {
		return err
	}
	s.log.Info("WebRTC listens", zap.String("webrtc", s.cfg.Listen))
	<-ctx.Done()
	s.stop(errShutdown)
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.runs.Wait()
	s.sockets.close()
	return nil
}

// begin runs a session; false: the server has stopped.
func (s *Server) begin(id string, one session, run func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.sessions[id] = one
	p, plays := one.(*player)
	if plays {
		s.players[p] = struct{}{}
	}
	s.runs.Go(func() { // ends when the session is canceled: by its page, its feed or Run
		run()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sessions, id)
		if plays {
			delete(s.players, p)
		}
	})
	return true
}

// Dismiss ends the sessions of all pages that watch a feed, and tells how many there
// were. It does not wait for their end.
func (s *Server) Dismiss(feed media.FeedID) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.players {
		if p.offer.Source.ID() == feed {
			p.cancel(errWithdrawn)
			n++
		}
	}
	return n
}

// Players returns the figures of all pages that watch now, at most a second old.
func (s *Server) Players() []PlayerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]PlayerStats, 0, len(s.players))
	for p := range s.players {
		out = append(out, p.stats())
	}
	return out
}
