package scenario

import (
	"context"
	"fmt"
	"time"
)

// look is how often a run is looked at: often enough to say within a tenth of a
// second when the main stream was back.
const look = 100 * time.Millisecond

// Follow calls each ten times a second until length after it first said that there is
// a picture, or until ctx ends; each tenth call is told that a second is full. It fails
// when no picture comes within patience, and with what comes by died, which may be nil.
func Follow(
	ctx context.Context, patience, length time.Duration, died <-chan error,
	each func(now time.Time, second bool) (picture bool),
) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	giveUp := time.After(patience)
	var end <-chan time.Time // nil, which never comes, before the first picture
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-end:
			return nil
		case err := <-died:
			return err
		case <-giveUp:
			if end == nil {
				return fmt.Errorf("no picture within %s", patience)
			}
		case now := <-tick.C:
			if each(now, n%int(time.Second/look) == 0) && end == nil {
				end = time.After(length)
			}
		}
	}
}
