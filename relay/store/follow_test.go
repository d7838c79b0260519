package store

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

func TestAFollowerAsksWhenItShould(t *testing.T) {
	f := NewFollower(FollowConfig{}, rand.New(rand.NewPCG(1, 2)))
	now := noon()
	asks := func(what string, want bool) {
		t.Helper()
		if got := f.Ask(now); got != want {
			t.Errorf("%s: asks %t", what, got)
		}
	}
	in := func(what string, want time.Duration) {
		t.Helper()
		if got := f.Next().Sub(now); got != want {
			t.Errorf("%s: next in %v, want %v", what, got, want)
		}
	}
	asks("not connected", false)
	if !f.Next().IsZero() {
		t.Errorf("not connected, it waits for %v", f.Next())
	}

	f.Connected(now)
	if wait := f.Next().Sub(now); wait < 0 || wait >= 300*time.Millisecond {
		t.Errorf("after a connection it waits %v", wait)
	}
	now = f.Next()
	asks("connected", true)
	asks("while asking", false)
	f.Answered(now, 7, 100)
	in("up to date", 60*time.Second)

	now = now.Add(10 * time.Second)
	f.Hint(now, 7, 100)
	f.Hint(now, 6, 900)
	in("old news", 50*time.Second)
	f.Hint(now, 7, 101)
	asks("news", true)
	f.Hint(now, 7, 102) // while asking: perhaps the answer did not have it
	f.Answered(now, 7, 101)
	asks("news while asking", true)
	f.Answered(now, 7, 102)
	in("up to date again", 60*time.Second)

	now = now.Add(60 * time.Second)
	asks("after a minute", true)
	f.Failed(now, errors.New("no answer"))
	in("failed", time.Second)
	f.Hint(now, 8, 1)
	in("news from a hub that fails", time.Second)
	for _, want := range []time.Duration{2, 4, 8, 16, 32, 60, 60} {
		now = f.Next()
		asks("retry", true)
		f.Failed(now, errors.New("no answer"))
		in("failed again", want*time.Second)
	}
	f.Connected(now) // another hub
	now = f.Next()
	asks("another hub", true)
	f.Failed(now, ErrGap)
	asks("the position had changed", true)
	f.Failed(now, ErrGap)
	in("twice", 2*time.Second)

	f.Cut()
	now = now.Add(time.Hour)
	asks("cut off", false)
}

func TestFollowersDoNotAskInTheSameMoment(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	moments := make(map[time.Duration]int)
	for range 500 {
		f := NewFollower(FollowConfig{}, rng)
		f.Connected(noon())
		moments[f.Next().Sub(noon())/(30*time.Millisecond)]++
	}
	if len(moments) != 10 {
		t.Errorf("they use %d tenths", len(moments))
	}
	for moment, n := range moments {
		if n < 25 || n > 75 {
			t.Errorf("%d of 500 ask in the %d. tenth", n, moment)
		}
	}
}
