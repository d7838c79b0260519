package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/classrelay/classrelay/media"
)

// deadline is when a track that was last heard at the given time (zero: never) is
// silent for too long. The session began to play at began.
func (c PatienceConfig) deadline(began, heard time.Time) time.Time {
	if heard.IsZero() {
		return began.Add(c.FirstPacket)
	}
	return heard.Add(c.Silence)
}

// judged is the track that the life of the session hangs on: the picture, or the
// sound where there is none.
func judged(intakes []*intake) *intake {
	for _, in := range intakes {
		if in.layer.IsVideo() {
			return in
		}
	}
	return intakes[0]
}

// watch waits until the judged track is silent, the session ends with an error, or
// ctx is done (nil). It calls playing once, when the first frame went to the sink.
func watch(
	ctx context.Context, c PatienceConfig, in *intake, ended <-chan error, playing func(),
) error {
	began := time.Now()
	timer := time.NewTimer(min(c.FirstPacket, c.Silence))
	defer timer.Stop()
	flows := in.flows
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			return err
		case <-flows:
			flows = nil
			playing()
		case now := <-timer.C:
			heard := in.lastHeard()
			left := c.deadline(began, heard).Sub(now)
			if left <= 0 {
				return silent(in.layer, c, heard)
			}
			timer.Reset(min(left, c.Silence)) // the first packet brings the deadline nearer
		}
	}
}

func silent(l media.Layer, c PatienceConfig, heard time.Time) error {
	what := "no picture"
	if !l.IsVideo() {
		what = "no sound"
	}
	if heard.IsZero() {
		return fmt.Errorf("%w: %s for %v after PLAY", ErrSilent, what, c.FirstPacket)
	}
	return &silence{fmt.Errorf("%w: %s for %v", ErrSilent, what, c.Silence), heard}
}

// silence is an ErrSilent of a source that had played.
type silence struct {
	error
	since time.Time // when it was last heard
}

// Unwrap returns the error in words.
func (s *silence) Unwrap() error { return s.error }
