package relay

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// What a cut costs, and how soon it is healed once the line is back. School s4 watches
// the room of s1; nobody touches anything.
func TestACutHealsByItself(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of class for six nodes")
	}
	lines := func(ip string) func(c *twins, f func(a, b string)) {
		return func(_ *twins, f func(a, b string)) { f(ip, hubA); f(ip, hubB) }
	}
	hubs := func(_ *twins, f func(a, b string)) {
		for i := 1; i <= schools; i++ {
			_, ip, _ := school(i)
			f(ip, hubA)
			f(ip, hubB)
		}
	}
	const (
		// soon is for a connection that was given up on neither side: what is sent goes
		// through again, and the next report shows it.
		soon = 300 * time.Millisecond
		// redialled is for one that is made anew: up to 1.5 s until the next attempt, a
		// handshake, the announcements, a subscription at each hop.
		redialled = 2500 * time.Millisecond
	)
	for _, tt := range []struct {
		name   string
		what   func(c *twins, f func(a, b string))
		cut    time.Duration
		within time.Duration
	}{
		{"the line of the school that watches, 3 s", lines("10.0.1.4"), 3 * time.Second, soon},
		{"the line of the school that watches, 30 s", lines("10.0.1.4"), 30 * time.Second, redialled},
		{"the line of the school that watches, 10 min", lines("10.0.1.4"), 10 * time.Minute, redialled},
		{"the line of the main school, 3 s", lines("10.0.1.1"), 3 * time.Second, soon},
		{"the line of the main school, 30 s", lines("10.0.1.1"), 30 * time.Second, redialled},
		{"the line of the main school, 10 min", lines("10.0.1.1"), 10 * time.Minute, redialled},
		{"both hubs, 3 s", hubs, 3 * time.Second, soon},
		{"both hubs, 30 s", hubs, 30 * time.Second, redialled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTwins(t, twinWire)
				ctx, cancel := context.WithCancel(t.Context())
				got := make(chan *sight)
				go func() { got <- view(ctx, t, c.nodes["s4"].Node, "room-1") }() // ends with ctx
				time.Sleep(5 * time.Second)
				tt.what(c, c.net.Cut)
				time.Sleep(tt.cut)
				tt.what(c, c.net.Restore)
				mended := time.Now()
				time.Sleep(10 * time.Second)
				cancel()
				s := <-got
				if len(s.gaps) == 0 {
					t.Fatal("the cut was not felt")
				}
				missing, _ := s.missing()
				heal := s.ends[len(s.ends)-1].Sub(mended)
				t.Logf("back %v after the line; still for %v; %d frames lost; %d changes of the hub",
					heal.Round(time.Millisecond), s.gaps, missing, c.switches())
				if heal > tt.within || len(s.gaps) > 2 {
					t.Errorf("back after %v, still for %v; want once, %v", heal, s.gaps, tt.within)
				}
				c.end()
			})
		})
	}
}

// The main school hears one of the two hubs no more, and both hubs and all other schools
// are well. The hub says so to those who watch, and they go to the other one.
func TestAHubThatHearsTheMainSchoolNoMoreIsLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of class for six nodes")
	}
	synctest.Test(t, func(t *testing.T) {
		c := newTwins(t, twinWire)
		got := c.lesson(25*time.Second, func() {
			time.Sleep(5 * time.Second)
			c.net.Cut("10.0.1.1", hubA)
			time.Sleep(10 * time.Second)
			c.net.Restore("10.0.1.1", hubA)
		})
		s := got["s4"] // watches the room of s1
		missing, _ := s.missing()
		t.Logf("still for %v, %d frames lost", s.gaps, missing)
		if len(s.gaps) != 1 || s.gaps[0] > 2*time.Second {
			t.Errorf("still for %v, want once, 2 s at most", s.gaps)
		}
		// s1 itself has left the silent hub, too; the lessons of the others were never on it.
		if n := c.switches(); n != 2 {
			t.Errorf("%d changes of the way, want two", n)
		}
		for _, name := range []string{"s2", "s3"} {
			if n := len(got[name].gaps); n != 0 {
				t.Errorf("%s: still for %v", name, got[name].gaps)
			}
		}
		c.end()
	})
}
