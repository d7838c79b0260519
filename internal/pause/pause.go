// Package pause waits for a time that the end of a context cuts short: what every loop
// that tries again needs between two tries.
package pause

import (
	"context"
	"time"
)

// For returns nil after d, or the cause of ctx's end when that comes first.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
