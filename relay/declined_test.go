package relay

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
)

// The question for a feed comes to the hub in the few milliseconds in which its camera's
// source is made anew. Nothing of what the hub announces changes by that, so nobody would
// ask again, and the school would see nothing for as long as somebody watches.
func TestWhatWasRefusedForAMomentIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link("10.0.0.1", "10.0.0.2", netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		hub := c.start("hub", "10.0.0.1")
		school := c.start("school", "10.0.0.2", "10.0.0.1")
		time.Sleep(time.Second)
		camera := startClip(t, hub.Node, "room")
		go camera.run() // ended below
		time.Sleep(2 * time.Second)
		frames := make(chan int)
		go func() { // ends by itself
			_, n := watch(t, school.Node, "room", 3*time.Second)
			frames <- n
		}()
		time.Sleep(9 * time.Millisecond)
		hub.table.detach(camera.feed, camera)
		time.Sleep(4 * time.Millisecond)
		if _, err := hub.table.attach("room", camera); err != nil {
			t.Fatal(err)
		}
		if got := <-frames; got < 50 { // of 75
			t.Errorf("%d pictures in three seconds", got)
		}
		close(camera.stop)
		c.close("school", "hub")
	})
}

func TestADeclinedLayerIsAskedForLessAndLess(t *testing.T) {
	now, want := time.Unix(1e9, 0), target{feed: "room"}
	d := make(declined)
	for _, wait := range []time.Duration{250, 500, 1000, 2000, 4000, 5000, 5000} {
		d.add(now, want)
		next := now.Add(wait * time.Millisecond)
		if got := d.next(now); !got.Equal(next) {
			t.Fatalf("asked again after %s, not %d ms", got.Sub(now), wait)
		}
		if got := d.next(next); !got.IsZero() {
			t.Fatal("a time that has come is not the next one")
		}
		now = next
	}
	now = now.Add(time.Minute) // it came, all this time
	d.add(now, want)
	if got := d.next(now).Sub(now); got != askAgain {
		t.Errorf("after a minute with a picture it is asked again after %s", got)
	}
}
