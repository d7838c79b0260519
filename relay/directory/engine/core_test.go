package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatchdog(t *testing.T) {
	yes, no := func() bool { return true }, func() bool { return false }
	asked := 0
	count := func() bool { asked++; return true }
	now := time.Unix(1000, 0)
	w := watchdog{after: 3 * time.Minute}
	for _, step := range []struct {
		name      string
		after     time.Duration
		link      bool
		reachable func() bool
		want      bool
	}{
		{"a link is there", 0, true, count, false},
		{"it is missing", 10 * time.Second, false, yes, false},
		{"for less than three minutes", 179 * time.Second, false, yes, false},
		{"for three minutes", time.Second, false, yes, true},
		{"counts anew after the restart", 10 * time.Second, false, yes, false},
		{"the line is cut: that is no fault of the engine", 2 * time.Minute, false, no, false},
		{"the line is back", 2 * time.Minute, false, yes, false},
		{"which gives it three minutes again", 179 * time.Second, false, yes, false},
		{"and it comes", 0, true, yes, false},
		{"and goes", 2 * time.Minute, false, yes, false},
		{"and is missed from then", 179 * time.Second, false, yes, false},
	} {
		now = now.Add(step.after)
		if got := w.look(now, step.link, step.reachable); got != step.want {
			t.Errorf("%s: %t", step.name, got)
		}
	}
	if asked != 0 {
		t.Error("it tries the line although there is a link")
	}
}

func TestPaceLetsABurstThroughAndThenItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(upRate)
		took := func(n int) time.Duration {
			began := time.Now()
			if err := p.wait(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			return time.Since(began)
		}
		if d := took(burst); d != 0 {
			t.Errorf("a burst waits %s", d)
		}
		if d := took(upRate); d != time.Second {
			t.Errorf("a second's bytes after it wait %s", d)
		}
		time.Sleep(time.Minute)
		if d := took(burst); d != 0 {
			t.Errorf("a burst after a pause waits %s", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if p.wait(ctx, 1<<20) == nil {
			t.Error("it waits for ever")
		}
	})
}
