package relay

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zaptest/observer"
)

func TestASilentCameraIsNamedOnceAndOnceWhenItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCascade(t)
		ctx, cancel := context.WithCancel(t.Context())
		s := c.spectate(ctx, "10.0.0.3", "room-1")
		time.Sleep(5 * time.Second)
		c.seen.TakeAll()
		const dark = 20 * time.Second
		c.cam.Pause(true)
		time.Sleep(dark)
		c.cam.Pause(false)
		time.Sleep(10 * time.Second)
		if s.Snapshot().SilentMs > 200 {
			t.Errorf("no picture for %v ms", s.Snapshot().SilentMs)
		}
		about := func(message string) []observer.LoggedEntry {
			return c.seen.FilterMessageSnippet(message).All()
		}
		for _, want := range []struct {
			message, field string
			least, most    time.Duration
		}{
			{"camera has gone silent", "silent", 3 * time.Second, 4 * time.Second},
			// The picture before the darkness was a nanosecond under way, or a frame.
			{"camera plays again", "away", dark - 40*time.Millisecond, dark + 3*time.Second},
		} {
			lines := about(want.message)
			if len(lines) != 1 {
				t.Errorf("%q was said %d times: %v", want.message, len(lines), lines)
				continue
			}
			m := lines[0].ContextMap()
			d, _ := m[want.field].(time.Duration)
			if m["feed"] != "room-1" || m["layer"] != "main" || d < want.least || d > want.most {
				t.Errorf("%q says %v, want %s from %v to %v", want.message, m, want.field, want.least, want.most)
			}
		}
		if lines := about("camera does not play"); len(lines) != 0 {
			t.Errorf("said in other words, too: %v", lines)
		}
		cancel()
		c.end()
	})
}
