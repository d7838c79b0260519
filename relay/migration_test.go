package relay

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
)

// A school's address changes in the middle of a lesson, on both sides of it: its NAT
// forgets, it gets another address, its wired line fails and a mobile one takes over.
// The connection goes on, and so does the picture.
func TestThePictureSurvivesAnotherAddress(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of class for six nodes")
	}
	const frame = 100 * time.Millisecond // is no gap yet
	for _, tt := range []struct {
		name   string
		school string
		gap    time.Duration // the longest of the first two times
		change func(c *twins, ip string) error
	}{
		{"the NAT of the school that watches forgets", "10.0.1.4", frame, func(c *twins, ip string) error {
			return c.net.Rebind(ip, ip)
		}},
		{"the NAT of the main school forgets", "10.0.1.1", frame, func(c *twins, ip string) error {
			return c.net.Rebind(ip, ip)
		}},
		{"the school that watches goes over to a mobile line", "10.0.1.4", 250 * time.Millisecond, goMobile},
		{"the main school goes over to a mobile line", "10.0.1.1", 250 * time.Millisecond, goMobile},
		{"half a second without any line in between", "10.0.1.4", 750 * time.Millisecond, func(c *twins, ip string) error {
			c.net.Cut(ip, hubA)
			c.net.Cut(ip, hubB)
			time.Sleep(500 * time.Millisecond)
			return goMobile(c, ip)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTwins(t, twinWire)
				count := func(what string) int { return c.seen.FilterMessage(what).Len() }
				for round := range 3 {
					got := c.lesson(10*time.Second, func() {
						time.Sleep(5 * time.Second)
						if err := tt.change(c, tt.school); err != nil {
							t.Error(err)
						}
					})
					s := got["s4"] // watches the room of s1
					missing, _ := s.missing()
					t.Logf("time %d: still for %v, %d frames missing", round+1, s.gaps, missing)
					gap := tt.gap
					if round == 2 {
						gap = 1200 * time.Millisecond
					}
					for _, g := range s.gaps {
						if g > gap {
							t.Errorf("time %d: still for %v", round+1, g)
						}
					}
					if n := count("link down"); round < 2 && n != 0 {
						t.Errorf("time %d: %d ends of links went down", round+1, n)
					}
				}
				// The fork follows a peer twice; the third time a new connection takes over,
				// mostly before the old one has followed after all.
				if n := count("the peer's address has changed"); n < 4 || n > 6 {
					t.Errorf("the two hubs have noticed %d moves, want 2 each, or 3", n)
				}
				if n := c.switches(); n != 0 {
					t.Errorf("%d changes of the hub", n)
				}
				c.end()
			})
		})
	}
}

// goMobile takes a school over to a mobile line.
func goMobile(c *twins, ip string) error {
	mobile := netem.Profile{Rate: 12e6, Delay: 35 * time.Millisecond, Loss: 0.01}
	c.link("10.5.0.1", hubA, mobile)
	c.link("10.5.0.1", hubB, mobile)
	return c.net.Rebind(ip, "10.5.0.1")
}

// With one parent nobody else can bring the picture. A connection that hears nothing is
// tried anew all the same, and not waited for.
func TestASchoolWithOneHubTriesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link("10.0.0.1", "10.0.0.2", twinWire)
		hub, branch := c.start("hub", "10.0.0.1"), c.start("branch", "10.0.0.2", "10.0.0.1")
		s := startClip(t, hub.Node, "room")
		go s.run()  // ended below
		go func() { // ends by itself
			for range 4 {
				time.Sleep(5 * time.Second)
				if err := c.net.Rebind("10.0.0.2", "10.0.0.2"); err != nil {
					t.Error(err)
				}
			}
		}()
		got, _ := gaps(t, branch.Node, "room", 25*time.Second)
		t.Logf("still for %v", got)
		for _, g := range got {
			if g > 1200*time.Millisecond {
				t.Errorf("still for %v", g)
			}
		}
		close(s.stop)
		c.close("branch", "hub")
	})
}
