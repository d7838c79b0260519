package ingest

import (
	"fmt"
	"time"
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
	Phase Phase
	// Since is when the phase began.
	Since time.Time
	// Reason is why the last attempt failed, in one line; empty while it runs or
	// is idle.
	Reason string
	// Attempts counts since the source last ran, or was last wanted.
	Attempts int
	// Sessions counts how often the picture came.
	Sessions uint64
}
