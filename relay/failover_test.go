package relay

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
)

// back is what a school is promised: the picture stands still for no longer when a hub
// dies.
const back = 1500 * time.Millisecond

func TestThePictureIsBackSoonAfterAHubDies(t *testing.T) {
	for _, tt := range []struct {
		name string
		wire netem.Profile
		die  func(c *twins)
	}{
		{"into a black hole", twinWire, func(c *twins) { c.vanish(hubA) }},
		{"by kill -9", twinWire, func(c *twins) { c.kill("hub-a", hubA) }},
		{
			"by kill -9, over lines of 120 ms that lose 5 % in bursts",
			netem.Profile{Rate: 20e6, Delay: 60 * time.Millisecond, Loss: 0.05, Burst: 4},
			func(c *twins) { c.kill("hub-a", hubA) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTwins(t, tt.wire)
				got := c.lesson(10*time.Second, func() {
					time.Sleep(5 * time.Second)
					tt.die(c)
				})
				for name, s := range got {
					missing, repeated := s.missing()
					t.Logf("%s: the picture stood still for %v; %d frames lost", name, s.gaps, missing)
					if len(s.gaps) == 0 || max(s.gaps[0], s.gaps[len(s.gaps)-1]) > back {
						t.Errorf("%s: still for %v, promised are %v", name, s.gaps, back)
					}
					if repeated != 0 {
						t.Errorf("%s: %d packets came twice", name, repeated)
					}
					// The last key frame was sent before the hub died, so all that came after it is in
					// the cached group. Otherwise what is in front of the newest key frame is lost.
					if tt.wire.Loss == 0 && missing != 0 {
						t.Errorf("%s: %d frames are missing, which are in the cached group", name, missing)
					}
				}
				c.end()
			})
		})
	}
}

// A hub dies and returns in the middle of a lesson. What went over stays; the next
// lesson begins at the first hub again.
func TestNothingGoesBackToAHubThatReturns(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of class for six nodes")
	}
	synctest.Test(t, func(t *testing.T) {
		c := newTwins(t, twinWire)
		got := c.lesson(40*time.Second, func() {
			time.Sleep(5 * time.Second)
			c.kill("hub-a", hubA)
			time.Sleep(10 * time.Second)
			c.restart("hub-a", hubA)
			time.Sleep(20 * time.Second)
			for i := 1; i <= schools; i++ {
				name, _, _ := school(i)
				for _, l := range c.nodes[name].Status().Links {
					if n := len(l.In) + len(l.Out); l.Peer == "hub-a" && n != 0 {
						t.Errorf("%s: %d flows on the link to the hub that is back", name, n)
					}
				}
			}
		})
		for name, s := range got {
			if len(s.gaps) != 1 {
				t.Errorf("%s: the picture stood still for %v, want once", name, s.gaps)
			}
		}
		if n := c.switches(); n != schools {
			t.Errorf("%d changes of the way, want one for each of %d schools", n, schools)
		}
		time.Sleep(linger + lingerBelow + announceEvery) // nobody watches, and the hubs say so
		c.lesson(5*time.Second, func() {
			time.Sleep(4 * time.Second)
			for i := 1; i <= schools; i++ {
				name, _, _ := school(i)
				_, _, room := school(i%schools + 1)
				if by := c.by(name, room); by != "hub-a" {
					t.Errorf("%s: the next lesson comes by %s", name, by)
				}
			}
		})
		c.end()
	})
}

func TestTheNewWayMayFailToo(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of class for six nodes")
	}
	synctest.Test(t, func(t *testing.T) {
		c := newTwins(t, twinWire)
		got := c.lesson(28*time.Second, func() {
			for _, hub := range []string{hubA, hubB, hubA} {
				time.Sleep(4 * time.Second)
				c.vanish(hub)
				time.Sleep(4 * time.Second)
				c.reappear(hub)
			}
		})
		for name, s := range got {
			t.Logf("%s: still for %v", name, s.gaps)
			if len(s.gaps) != 3 {
				t.Errorf("%s: still %d times, want 3", name, len(s.gaps))
			}
			for _, g := range s.gaps {
				if g > back {
					t.Errorf("%s: still for %v", name, g)
				}
			}
		}
		c.end()
	})
}

// What is no reason to change hubs.
func TestALessonStaysWhereItIs(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of class for six nodes")
	}
	shared := func(p netem.Profile) func(c *county, ip string) {
		return func(c *county, ip string) {
			c.t.Helper()
			if err := c.net.Share(ip, []string{hubA, hubB, passer}, p, p); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	own := func(p netem.Profile) func(c *county, ip string) {
		return func(c *county, ip string) { c.link(ip, hubA, p); c.link(ip, hubB, p) }
	}
	lossy := twinWire
	lossy.Loss, lossy.Burst = 0.05, 3
	long := twinWire
	long.Loss, long.Burst = 0.05, 12
	bloated := netem.Profile{Rate: 10e6, Delay: 15 * time.Millisecond, Queue: 700 * time.Millisecond}
	for _, tt := range []struct {
		name    string
		crowded bool
		lay     func(c *county, ip string)
		during  func(c *twins)
	}{
		{"5 % loss in bursts of 3", false, own(lossy), func(*twins) {}},
		{"5 % loss in bursts of 12", false, own(long), func(*twins) {}},
		{"others fill the school's queue of 700 ms at once, again and again", true, shared(bloated), func(c *twins) {
			for range 5 {
				c.flood(700 * time.Millisecond)
				time.Sleep(4 * time.Second)
			}
		}},
		{"the cameras fall silent", false, own(twinWire), func(c *twins) {
			for _, s := range c.clips {
				s.quiet.Store(true)
			}
			time.Sleep(15 * time.Second)
			for _, s := range c.clips {
				s.quiet.Store(false)
			}
		}},
		{"the cameras fall silent, over lines that lose 5 %", false, own(lossy), func(c *twins) {
			for _, s := range c.clips {
				s.quiet.Store(true)
			}
			time.Sleep(15 * time.Second)
			for _, s := range c.clips {
				s.quiet.Store(false)
			}
		}},
		{"a camera is away for a while, and its node says so", false, own(twinWire), func(c *twins) {
			for _, away := range []bool{true, false, true, false} {
				time.Sleep(5 * time.Second)
				c.clips["s1"].away.Store(away)
				c.clips["s1"].quiet.Store(away)
			}
		}},
		{"all lines of all schools stop for 3 s", false, own(twinWire), func(c *twins) {
			for range 3 {
				time.Sleep(4 * time.Second)
				c.vanish(hubA)
				c.vanish(hubB)
				time.Sleep(3 * time.Second)
				c.reappear(hubA)
				c.reappear(hubB)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTwinsOver(t, tt.lay)
				got := c.lesson(25*time.Second, func() { tt.during(c) })
				for name, s := range got {
					missing, _ := s.missing()
					t.Logf("%s: still for %v, %d frames missing", name, s.gaps, missing)
					// Behind a queue that others fill again and again a link may have given up the
					// only layer there is for a while.
					if time.Since(s.last) > 200*time.Millisecond && !tt.crowded {
						t.Errorf("%s: no picture at the end", name)
					}
				}
				if n := c.switches(); n != 0 {
					t.Errorf("%d changes of the way", n)
				}
				c.end()
			})
		})
	}
}

// A room is pushed, ends and is pushed again. The word of it comes by one hub before it
// comes by the other; all schools end up at the same one, so that it leaves its school
// once.
func TestARoomThatReturnsLeavesItsSchoolOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of class for six nodes")
	}
	synctest.Test(t, func(t *testing.T) {
		c := newTwins(t, twinWire)
		slow := twinWire
		slow.Delay = 40 * time.Millisecond
		for i := 1; i <= 2; i++ { // the hubs are not equally near to all
			_, ip, _ := school(i)
			c.link(ip, hubA, slow)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		watch := func(names ...string) {
			for _, name := range names {
				wg.Go(func() { view(ctx, t, c.nodes[name].Node, "room-1") }) // ends with ctx
			}
		}
		flows := func() (n int) {
			for _, l := range c.nodes["s1"].Status().Links {
				n += len(l.Out)
			}
			return n
		}
		watch("s2", "s3")
		time.Sleep(3 * time.Second)
		for range 3 {
			c.nodes["s1"].table.detach(c.clips["s1"].feed, c.clips["s1"])
			time.Sleep(2 * linger)
			if _, err := c.nodes["s1"].table.attach("room-1", c.clips["s1"]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * linger)
			if n := flows(); n != 1 {
				t.Errorf("the room leaves its school %d times", n)
			}
		}
		// One hub dies and returns. Who joins later goes where the others are.
		c.kill("hub-a", hubA)
		time.Sleep(10 * time.Second)
		c.restart("hub-a", hubA)
		time.Sleep(2 * announceEvery)
		watch("s4")
		time.Sleep(2 * linger)
		if n := flows(); n != 1 {
			t.Errorf("the room leaves its school %d times when one has joined later", n)
		}
		cancel()
		wg.Wait()
		c.end()
	})
}

// A queue that others keep full on the way to one hub alone may be left, once.
func TestAFullQueueAtOneHubIsLeftAtMostOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of class for six nodes")
	}
	synctest.Test(t, func(t *testing.T) {
		bloated := netem.Profile{Rate: 10e6, Delay: 15 * time.Millisecond, Queue: 700 * time.Millisecond}
		c := newTwinsOver(t, func(c *county, ip string) {
			c.t.Helper()
			if err := c.net.Share(ip, []string{hubA, passer}, bloated, bloated); err != nil {
				c.t.Fatal(err)
			}
			c.link(ip, hubB, twinWire)
		})
		c.lesson(25*time.Second, func() {
			for range 7 {
				c.flood(700 * time.Millisecond)
				time.Sleep(3 * time.Second)
			}
		})
		if n := c.switches(); n > schools {
			t.Errorf("%d changes of the way by %d schools", n, schools)
		}
		c.end()
	})
}

// passer is a host that shares the schools' lines.
const passer = "10.9.9.9"

// flood fills the queue of each school's line, both ways, by as much as it carries in
// that time.
func (c *twins) flood(d time.Duration) {
	c.t.Helper()
	socket := func(ip string) func(to string) {
		s, err := c.net.Host(ip).ListenPacket("udp", ":0")
		if err != nil {
			c.t.Fatal(err)
		}
		return func(to string) {
			addr := &net.UDPAddr{IP: net.ParseIP(to), Port: 9} // discard
			for sent := 0.0; sent < 10e6*d.Seconds(); sent += 1228 * 8 {
				_, _ = s.WriteTo(make([]byte, 1200), addr)
			}
			_ = s.Close()
		}
	}
	for i := 1; i <= schools; i++ {
		_, ip, _ := school(i)
		socket(passer)(ip)
		socket(ip)(passer)
	}
}
