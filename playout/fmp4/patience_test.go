package fmp4

import (
	"testing"
	"time"
)

func TestACameraThatSendsItsSoundInLumpsIsHeardWhole(t *testing.T) {
	r := newRig(t, h264Track, opusTrack)
	r.reports(0, 0)
	var learnt Stats
	heard := 0.0
	for i := range 500 {
		at := 40 * float64(i)
		r.picture(at)
		if i%6 == 5 { // a quarter of a second of sound, the first of it as old
			for ; heard <= at; heard += 20 {
				r.soundPacket(heard, []byte{0xfc, 1, 2, 3})
			}
		}
		if i == 24 {
			learnt = r.m.Stats()
		}
	}
	st := r.m.Stats()
	if learnt.Silence == 0 || learnt.Dropped == 0 {
		t.Errorf("in the first second counted %+v", learnt)
	}
	if st.Silence != learnt.Silence || st.Dropped != learnt.Dropped {
		t.Errorf("after that %d units of silence, %d of sound dropped", st.Silence-learnt.Silence, st.Dropped-learnt.Dropped)
	}
}

func TestPatienceIsAsLongAsSoundHasBeenLateLately(t *testing.T) {
	var p patience
	expect := func(when string, want time.Duration) {
		t.Helper()
		if got := p.read(); got != want {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	expect("nothing has come", patienceLeast)
	p.note(time.Second, -30*time.Millisecond)
	expect("sound is early", patienceLeast)
	p.note(2*time.Second, 200*time.Millisecond)
	expect("it is late", 240*time.Millisecond)
	p.note(3*time.Second, time.Minute)
	expect("it is too late", patienceMost)
	for at := 4 * time.Second; at < 60*time.Second; at += time.Second {
		p.note(at, 100*time.Millisecond)
	}
	expect("that is long ago", 140*time.Millisecond)
}
