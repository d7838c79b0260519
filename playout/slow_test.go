package playout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

// hold pushes frames, the first at ms from, while the viewer takes nothing.
func (r *rig) hold(from float64, shots ...shot) {
	for i, s := range shots {
		for _, p := range s.packets {
			r.s.Push(ms(from+40*float64(i)), p)
		}
	}
}

func TestAViewerThatWasAwayComesBackToTheKeyFrameAndAllBehindIt(t *testing.T) {
	r := newRig(t, Config{}, media.LayerMain)
	c := &clip{t: t}
	g := append(c.gop(0, 25), c.gop(1000, 50)...)
	r.push(0, g[0].packets...)
	r.hold(40, g[1:55]...) // away for 2.2 s; the second key frame is 1.2 s old
	r.drain(ms(2200))
	frames := r.frames()
	if len(frames) != 31 {
		t.Fatalf("%d frames came, want the first, the second key frame and the 29 behind it", len(frames))
	}
	r.push(2220, g[55].packets...)
	last := r.frames()[31]
	if last.at != 2220 || last.stamp != 2200 {
		t.Errorf("the first frame after that: %+v", last)
	}
	if st := r.s.Stats(); st.Slow+st.Skipped != 24 || st.KeyAsked != 0 || st.Broken != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestAViewerIsGivenALayersGroupOfPicturesHoweverSlowlyItTakesThem(t *testing.T) {
	r := newRig(t, Config{}, media.LayerMain)
	c := &clip{t: t}
	r.hold(0, c.gop(0, 25)...)
	for at := 1000.0; at < 2250; at += 25 { // it takes a packet each 25 ms, a frame in 50
		if p, ok := r.s.Pop(ms(at)); ok {
			r.out = append(r.out, got{ms(at), p})
		}
	}
	if frames := r.frames(); len(frames) != 25 {
		t.Errorf("%d frames came, want all 25", len(frames))
	}
	if st := r.s.Stats(); st.Slow != 0 || st.Broken != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestAViewerThatCannotKeepUpIsGivenUpAfterAWhile(t *testing.T) {
	r := newRig(t, Config{}, media.LayerMain)
	c := &clip{t: t}
	g := append(c.gop(0, 25), c.gop(1000, 250)...) // behind them a long time without a key frame
	r.push(0, g[0].packets...)
	r.hold(40, g[1:50]...) // away for 2 s, and from then on it takes half of what comes
	var last time.Time
	for i, s := range g[50:] {
		at := 2000 + 40*float64(i)
		for _, p := range s.packets {
			r.s.Push(ms(at), p)
		}
		if p, ok := r.s.Pop(ms(at)); ok {
			last = ms(at)
			r.out = append(r.out, got{ms(at), p})
		}
	}
	if back := ms(2000); last.Before(back.Add(backMost)) || last.After(back.Add(backMost+time.Second)) {
		t.Errorf("the last packet was taken %v after it had come back", last.Sub(back))
	}
	if l, ok := r.s.KeyFrameWanted(ms(12000)); !ok || l != media.LayerMain {
		t.Error("nobody asks for a key frame")
	}
	if st := r.s.Stats(); st.Slow == 0 || st.Broken != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestANewerKeyFrameIsAShorterWayBack(t *testing.T) {
	r := newRig(t, Config{}, media.LayerMain)
	c := &clip{t: t}
	g := append(c.gop(0, 25), append(c.gop(1000, 25), c.gop(2000, 25)...)...)
	r.push(0, g[0].packets...)
	r.hold(40, g[1:50]...)                                      // away for 2 s
	if p, ok := r.s.Pop(ms(1960)); !ok || p.Timestamp == 1000 { // takes the second key frame's first packet
		t.Fatalf("ok %v, packet %+v", ok, p)
	} else {
		r.out = append(r.out, got{ms(1960), p})
	}
	r.hold(2000, g[50:52]...) // and stops again for a moment
	r.drain(ms(2050))
	frames := r.frames()
	if len(frames) != 4 {
		t.Fatalf("came: %+v, want the first, and two key frames and the frame behind them", frames)
	}
	if last := frames[3]; last.stamp != 2040 {
		t.Errorf("the last one: %+v", last)
	}
}
