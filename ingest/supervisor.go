package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
)

// SupervisorConfig says when a source is pulled. The zero value works.
type SupervisorConfig struct {
	// Always pulls the camera even while nobody wants it. Default false.
	Always bool
	// BackoffMin and BackoffMax bound the time from the start of one attempt to the
	// start of the next. Default 200 ms, doubling up to 1.5 s, so that the picture
	// is back two seconds after the camera is.
	BackoffMin, BackoffMax time.Duration
}

func (c *SupervisorConfig) setDefaults() {
	if c.BackoffMin == 0 {
		c.BackoffMin = 200 * time.Millisecond
	}
	if c.BackoffMax == 0 {
		c.BackoffMax = 1500 * time.Millisecond
	}
}

// settled is how long a session must have played for the back-off to start over: a
// camera that falls down after every PLAY is not asked five times a second.
const settled = 3 * time.Second

// player is a Pull.
type player interface {
	run(ctx context.Context, playing func()) error
}

// Supervisor keeps one Pull playing: again and again, for as long as it is wanted.
// Its methods may be called from anywhere.
type Supervisor struct {
	cfg     SupervisorConfig
	pull    *Pull
	player  player
	backoff backoff
	log     *zap.Logger
	state   atomic.Pointer[State] // written by Run
	logged  error                 // what the last line about a failure was about
	lost    time.Time             // when a camera that had played was last heard; zero = it plays, or never did

	wake   chan struct{} // capacity 1: a full one has the same meaning as two
	mu     sync.Mutex
	wanted bool
	cancel context.CancelFunc // of the attempt under way
}

// NewSupervisor takes over p and rng (for the jitter of the back-off).
func NewSupervisor(cfg SupervisorConfig, p *Pull, rng *rand.Rand, log *zap.Logger) (*Supervisor, error) {
	cfg.setDefaults()
	if cfg.BackoffMin < 0 || cfg.BackoffMax < cfg.BackoffMin {
		return nil, fmt.Errorf("pull %s: back-off from %v to %v: must rise and not be negative",
			p.cfg.Feed, cfg.BackoffMin, cfg.BackoffMax)
	}
	log = log.With(zap.String("feed", string(p.cfg.Feed)), zap.Stringer("layer", p.cfg.Layer))
	s := newSupervisor(cfg, p, rng, log)
	s.pull = p
	return s, nil
}

func newSupervisor(cfg SupervisorConfig, p player, rng *rand.Rand, log *zap.Logger) *Supervisor {
	s := &Supervisor{
		cfg:     cfg,
		player:  p,
		backoff: backoff{min: cfg.BackoffMin, max: cfg.BackoffMax, rng: rng},
		log:     log,
		wake:    make(chan struct{}, 1),
		wanted:  cfg.Always,
	}
	s.state.Store(&State{Since: time.Now()})
	return s
}

// Run pulls while wanted until ctx ends, then returns nil. It never gives up.
func (s *Supervisor) Run(ctx context.Context) error {
	defer s.enter(PhaseIdle, func(st *State) { st.Reason = "" })
	for ctx.Err() == nil {
		if s.isWanted() {
			s.attempt(ctx)
			continue
		}
		if s.State().Phase != PhaseIdle {
			s.log.Info("camera released: nobody watches")
		}
		s.enter(PhaseIdle, func(st *State) { st.Attempts, st.Reason = 0, "" })
		s.backoff.reset()
		s.logged, s.lost = nil, time.Time{}
		s.sleep(ctx, -1)
	}
	return nil
}

// attempt runs one session, and waits for the time of the next.
func (s *Supervisor) attempt(ctx context.Context) {
	actx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !s.arm(cancel) {
		return
	}
	began := time.Now()
	s.enter(PhaseConnecting, func(st *State) { st.Attempts++ })
	var ran time.Time
	err := s.player.run(actx, func() {
		ran = time.Now()
		s.enter(PhaseRunning, func(st *State) { st.Attempts, st.Reason, st.Sessions = 0, "", st.Sessions+1 })
		s.logPlaying(ran)
		s.logged = nil
	})
	if actx.Err() != nil {
		return
	}
	if err == nil {
		err = ErrClosed
	}
	s.enter(PhaseFailed, func(st *State) { st.Reason = err.Error() })
	now := time.Now()
	s.noteLoss(now, ran, err)
	s.logFailure(now, err)
	if !ran.IsZero() && now.Sub(ran) >= settled {
		s.backoff.reset()
	}
	s.sleep(ctx, max(s.backoff.wait()-now.Sub(began), s.cfg.BackoffMin))
}

// logFailure says once why a camera does not play, and again when the reason is
// another one.
func (s *Supervisor) logFailure(now time.Time, err error) {
	if s.logged != nil && errors.Is(err, s.logged) {
		return
	}
	s.logged = reason(err)
	if was, ok := errors.AsType[*silence](err); ok {
		s.log.Warn("camera has gone silent; trying again", zap.Duration("silent", now.Sub(was.since)), zap.Error(err))
		return
	}
	s.log.Warn("camera does not play; trying again", zap.Error(err))
}

// noteLoss keeps when a camera was last heard that had played, over all tries to get
// it back.
func (s *Supervisor) noteLoss(now, ran time.Time, err error) {
	if !s.lost.IsZero() || ran.IsZero() {
		return
	}
	s.lost = now
	if was, ok := errors.AsType[*silence](err); ok {
		s.lost = was.since
	}
}

// logPlaying says that the picture is there, or there again and after how long.
func (s *Supervisor) logPlaying(now time.Time) {
	if s.lost.IsZero() {
		s.log.Info("camera plays")
		return
	}
	s.log.Info("camera plays again", zap.Duration("away", now.Sub(s.lost)))
	s.lost = time.Time{}
}

// sleep waits for d (forever when negative), or until the wish changes or ctx ends.
func (s *Supervisor) sleep(ctx context.Context, d time.Duration) {
	var timeout <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-timeout:
	case <-s.wake:
	case <-ctx.Done():
	}
}

// SetWanted says whether anybody wants the source. With Always it changes nothing.
// The session of a source that is not wanted any more ends at once.
func (s *Supervisor) SetWanted(wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.Always || s.wanted == wanted {
		return
	}
	s.wanted = wanted
	if !wanted && s.cancel != nil {
		s.cancel()
	}
	select {
	case s.wake <- struct{}{}:
	default: // Run has not looked since the last change; it will see this one
	}
}

func (s *Supervisor) isWanted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wanted
}

// arm makes the attempt one that SetWanted can end, unless it has done so already.
// The wishes up to now are seen with that: their wake-up is spent.
func (s *Supervisor) arm(cancel context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.wake:
	default:
	}
	s.cancel = cancel
	return s.wanted
}

// enter publishes a new state.
func (s *Supervisor) enter(p Phase, change func(*State)) {
	st := s.State()
	if st.Phase != p {
		st.Phase, st.Since = p, time.Now()
	}
	change(&st)
	s.state.Store(&st)
}

// State returns where the source stands.
func (s *Supervisor) State() State { return *s.state.Load() }

// RequestKeyFrame asks the camera for a key frame, as Pull.RequestKeyFrame.
func (s *Supervisor) RequestKeyFrame() { s.pull.RequestKeyFrame() }

// Tracks returns what the sink was told of each layer.
func (s *Supervisor) Tracks() [media.NumLayers]*media.Track { return s.pull.Tracks() }

// Stats returns the counters of the pull.
func (s *Supervisor) Stats() Stats { return s.pull.Stats() }
