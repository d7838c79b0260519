package playout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

func TestSpacingSpreadsWhatWaitedTogether(t *testing.T) {
	r := newRig(t, Config{Spacing: 22 * time.Millisecond}, media.LayerMain)
	g := (&clip{t: t}).gop(0, 7)
	r.push(5, g[0].packets...)
	r.push(125, append(append(g[1].packets, g[2].packets...), g[3].packets...)...)
	r.wait(164)
	r.push(165, g[4].packets...)
	r.wait(204)
	r.push(205, g[5].packets...)
	r.wait(245)
	r.push(245, g[6].packets...)
	r.expect(sent{5, 0, 3}, sent{125, 40, 2}, sent{147, 80, 2}, sent{169, 120, 2}, sent{191, 160, 2},
		sent{213, 200, 2}, sent{245, 240, 2})
}

func TestSpacingLeavesACachedGroupAlone(t *testing.T) {
	r := newRig(t, Config{Spacing: 22 * time.Millisecond}, media.LayerMain)
	for _, s := range (&clip{t: t}).gop(0, 10) { // the last was taken at 360 ms
		for _, p := range s.packets {
			r.s.Push(ms(400), p)
		}
	}
	r.drain(ms(400))
	r.wait(600)
	// The last frames are spaced: each is within 250 ms of the newest.
	at := make([]time.Time, 0, 10)
	for _, g := range r.out {
		if g.out.Marker {
			at = append(at, g.at)
		}
	}
	if len(at) != 10 {
		t.Fatalf("%d frames left", len(at))
	}
	for i := range at[1:] {
		want := 22 * time.Millisecond
		if i+1 < 3 { // taken more than 250 ms before the newest
			want = 0
		}
		if d := at[i+1].Sub(at[i]); d != want {
			t.Errorf("frame %d leaves %v behind the one before, want %v", i+1, d, want)
		}
	}
}

func TestSpacingBuildsUpNoDelayAtAHighFrameRate(t *testing.T) {
	r := newRig(t, Config{Spacing: 22 * time.Millisecond}, media.LayerMain)
	c := &clip{t: t}
	r.push(5, c.frame(0, 2, true, false).packets...)
	for i := 1; i < 50; i++ { // 60 frames a second
		at := float64(i) * 16
		r.push(at+5, c.frame(at, 2, false, false).packets...)
	}
	for i, g := range r.out {
		if want := ms(float64(i/2)*16 + 5); !g.at.Equal(want) {
			t.Fatalf("frame %d leaves %v late", i/2, g.at.Sub(want))
		}
	}
}

func TestDelayIsCountedFromTheQuickestFrameEvenBehindACachedGroup(t *testing.T) {
	r := newRig(t, Config{Delay: 50 * time.Millisecond}, media.LayerMain)
	g := (&clip{t: t}).gop(0, 30)
	for _, s := range g[:26] { // a second of cached pictures
		for _, p := range s.packets {
			r.s.Push(ms(1010), p)
		}
	}
	r.drain(ms(1010))
	r.push(1050, g[26].packets...) // taken at 1040, the quickest
	r.push(1110, g[27].packets...) // taken at 1080, 20 ms later than that
	r.wait(1200)
	last := r.out[len(r.out)-1]
	if want := ms(1080 + 10 + 50); !last.at.Equal(want) {
		t.Errorf("the last frame leaves %v late", last.at.Sub(want))
	}
}

func TestQuickestForgetsAfterAWhile(t *testing.T) {
	var q quickest
	q.note(ms(0), 30*time.Millisecond)
	q.note(ms(40), 10*time.Millisecond)
	for at := 80.0; at < 9000; at += 40 {
		q.note(ms(at), 50*time.Millisecond)
	}
	if q.least() != 10*time.Millisecond {
		t.Errorf("least is %v after nine seconds", q.least())
	}
	for at := 10000.0; at < 21000; at += 40 {
		q.note(ms(at), 50*time.Millisecond)
	}
	if q.least() != 50*time.Millisecond {
		t.Errorf("least is %v after twenty seconds", q.least())
	}
}
