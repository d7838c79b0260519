package playout

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

func TestRefreshGivesTheCachedGroupOnceMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r, p, v, stop := watched(t)
		c := &clip{t: t, seq: 65500, offset: 9}
		r.film(c, 35) // key frames are the first and the 26th
		v.Refresh()
		r.film(c, 5)
		v.Refresh() // too soon for another group
		r.film(c, 20)
		stop()
		frames := p.frames()
		const again = 11 // 26th to 35th, and the 36th that came with them
		if len(frames) != 60+again-1 {
			t.Fatalf("%d frames came, want 60 and %d again", len(frames), again-1)
		}
		if first := frames[35][0]; first.out.Payload[0] != 24 {
			t.Errorf("behind the 35th frame comes one that begins with %x, no key frame", first.out.Payload[0])
		}
		if len(r.asked) != 1 || r.asked[0] != media.LayerMain {
			t.Errorf("key frames were asked for: %v, want main once", r.asked)
		}
		for i := range p.got[1:] {
			if p.got[i+1].out.SequenceNumber != p.got[i].out.SequenceNumber+1 {
				t.Fatalf("the numbers have a gap at %d", i)
			}
		}
		for i := range frames[1:] {
			if int32(frames[i+1][0].out.Timestamp-frames[i][0].out.Timestamp) <= 0 {
				t.Fatalf("frame %d is not stamped after the one before", i+1)
			}
		}
		// At the end the stamps follow the time of capture as before.
		last, before := frames[len(frames)-1][0], frames[0][0]
		passed := last.at.Sub(before.at)
		if stamped := time.Duration(last.out.Timestamp-before.out.Timestamp) * time.Second / 90000; stamped != passed {
			t.Errorf("stamped %v apart, %v passed", stamped, passed)
		}
		if st := v.Stats().Video; st.Broken != 0 || st.Incomplete != 0 || st.Restarts != 0 {
			t.Errorf("counted %+v", st)
		}
	})
}

func TestRefreshAsksForAKeyFrameWhereTheLastOneIsOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r, p, v, stop := watched(t)
		c := &clip{t: t}
		r.film(c, 1)
		for range 60 { // no key frame for 2.4 s
			c.made = 1
			r.film(c, 1)
		}
		v.Refresh()
		c.made = 1
		r.film(c, 1)
		stop()
		if n := len(p.frames()); n != 62 {
			t.Errorf("%d frames came, want 62", n)
		}
		if len(r.asked) != 1 {
			t.Errorf("key frames were asked for: %v, want main once", r.asked)
		}
	})
}

func TestRefreshBeforeTheFirstPictureDoesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		t.Helper()
		r, p, v, stop := watched(t)
		v.Refresh()
		r.film(&clip{t: t}, 3)
		stop()
		if len(p.frames()) != 3 || len(r.asked) != 0 {
			t.Errorf("%d frames came, asked for %v", len(p.frames()), r.asked)
		}
	})
}
