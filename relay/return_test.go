package relay

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
)

// Both hubs are killed in the middle of a lesson and started again, ten seconds later.
// Each school sees its own room meanwhile.
func TestBothHubsDieAndComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTwins(t, twinWire)
		var back time.Time
		own := make(map[string]*sight)
		var mu sync.Mutex
		got := c.lesson(25*time.Second, func() {
			var all sync.WaitGroup
			for i := 1; i <= schools; i++ {
				name, _, room := school(i)
				all.Go(func() { // ends with its time
					s := c.sightFor(20*time.Second, name, room)
					mu.Lock()
					defer mu.Unlock()
					own[name] = s
				})
			}
			time.Sleep(3 * time.Second)
			c.kill("hub-a", hubA)
			c.kill("hub-b", hubB)
			time.Sleep(10 * time.Second)
			c.restart("hub-a", hubA)
			c.restart("hub-b", hubB)
			back = time.Now()
			all.Wait()
		})
		for name, s := range got {
			if len(s.gaps) == 0 {
				t.Fatalf("%s: nothing was felt", name)
			}
			heal := s.ends[len(s.ends)-1].Sub(back)
			missing, _ := s.missing()
			t.Logf("%s: back %v after the hubs, still for %v, %d frames lost", name, heal, s.gaps, missing)
			// Up to 1.5 s until the next attempt, then a handshake, the announcements, a
			// subscription at each hop.
			if heal > 2500*time.Millisecond || len(s.gaps) > 2 {
				t.Errorf("%s: back after %v, still for %v", name, heal, s.gaps)
			}
			if n := len(own[name].gaps); n != 0 {
				t.Errorf("%s: its own room stood still for %v", name, own[name].gaps)
			}
		}
		c.end()
	})
}

// sightFor watches a room at a school for a time.
func (c *twins) sightFor(d time.Duration, school string, room media.FeedID) *sight {
	ctx, cancel := context.WithTimeout(c.t.Context(), d)
	defer cancel()
	return view(ctx, c.t, c.nodes[school].Node, room)
}

// The power comes back in a county, and all its schools dial the hub in the same moment.
func TestFiveHundredSchoolsReturnAtOnce(t *testing.T) {
	crowd := 500
	if testing.Short() {
		crowd = 60
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		var names []string
		for i := range crowd {
			ip := fmt.Sprintf("10.1.%d.%d", i/200, i%200+1)
			c.link(ip, "10.0.0.1", netem.Profile{Rate: 20e6, Delay: time.Duration(10+i%40) * time.Millisecond})
			names = append(names, fmt.Sprintf("s%03d", i))
			c.start(names[i], ip, "10.0.0.1")
		}
		time.Sleep(3 * time.Second) // they dial, and nobody is there
		hub := c.start("hub", "10.0.0.1")
		began := time.Now()
		var half time.Duration
		for n := 0; n < crowd; n = hub.Links() {
			if took := time.Since(began); n >= crowd/2 && half == 0 {
				half = took
			} else if took > time.Minute {
				t.Fatalf("%d of %d schools after a minute", n, crowd)
			}
			time.Sleep(10 * time.Millisecond)
		}
		all := time.Since(began)
		time.Sleep(3 * time.Second)
		stats := hub.Gate()
		t.Logf("%d schools: half are there after %v, all after %v; %+v", crowd, half, all, stats)
		if n := hub.Links(); n != crowd {
			t.Errorf("%d are there three seconds later", n)
		}
		c.close(append(names, "hub")...)
	})
}
