package relay

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
)

// School, county, city, province: a feed goes up the whole chain. What is added
// is a few packets' serialisation per link and nothing for the nodes.
func TestFourNodesAddNothingButTheirLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		wire := netem.Profile{Rate: 100e6, Delay: 5 * time.Millisecond}
		for i := 1; i < 4; i++ {
			c.link(fmt.Sprintf("10.0.0.%d", i), fmt.Sprintf("10.0.0.%d", i+1), wire)
		}
		school := c.start("school", "10.0.0.1", "10.0.0.2")
		c.start("county", "10.0.0.2", "10.0.0.3")
		c.start("city", "10.0.0.3", "10.0.0.4")
		province := c.start("province", "10.0.0.4")
		s := startClip(t, school.Node, "room")
		go s.run() // ended below
		lat, frames := watch(t, province.Node, "room", 20*time.Second)
		if frames < 495 {
			t.Errorf("%d of about 500 frames", frames)
		}
		p50, p99 := percentile(lat, 50), percentile(lat, 99)
		t.Logf("three links of 5 ms: p50 %v, p99 %v", p50, p99)
		// A frame of five packets takes 0.55 ms on each link of 100 Mbit/s.
		if want := 3 * (5*time.Millisecond + 600*time.Microsecond); p50 > want+3*time.Millisecond || p99 > want+4*time.Millisecond {
			t.Errorf("p50 %v, p99 %v; the links alone are %v", p50, p99, want)
		}
		st := province.Status()
		if got := st.Feeds[0].Path; !slices.Equal(got, []string{"school", "county", "city"}) {
			t.Errorf("path %v", got)
		}
		close(s.stop)
		c.close("province", "city", "county", "school")
	})
}

// Twenty branches watch; one of them stops taking anything in. The others must
// not feel it.
func TestAStalledBranchCostsTheOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		hub := c.start("hub", "10.0.0.1")
		names := []string{"hub"}
		for i := range 20 {
			ip := fmt.Sprintf("10.0.1.%d", i+1)
			c.link("10.0.0.1", ip, netem.Profile{Rate: 100e6, Delay: 15 * time.Millisecond})
			names = append(names, fmt.Sprintf("branch%02d", i))
			c.start(names[i+1], ip, "10.0.0.1")
		}
		s := startClip(t, hub.Node, "room")
		go s.run() // ended below
		measure := func() (p99 time.Duration) {
			results := make(chan []time.Duration)
			for _, n := range names[2:] {
				go func() { // ends with its result
					lat, _ := watch(t, c.nodes[n].Node, "room", 5*time.Second)
					results <- lat
				}()
			}
			var all []time.Duration
			for range names[2:] {
				all = append(all, <-results...)
			}
			return percentile(all, 99)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		src, err := c.nodes["branch00"].table.Watch(ctx, "room")
		if err != nil {
			t.Fatal(err)
		}
		sub := src.Subscribe(media.LayerMain, make(chan struct{}, 1))
		before := measure()
		c.net.Cut("10.0.0.1", "10.0.1.1")
		after := measure()
		t.Logf("p99 of 19 branches: %v, with the twentieth stalled %v", before, after)
		if d := after - before; d > 5*time.Millisecond {
			t.Errorf("the stalled branch costs the others %v", d)
		}
		sub.Close()
		close(s.stop)
		c.close(names...)
	})
}

// received is how long a viewer's picture stood still, as a list of the gaps
// between frames above 80 ms.
func gaps(t *testing.T, n *Node, id media.FeedID, d time.Duration) (gaps []time.Duration, at []time.Time) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	src, err := n.table.Watch(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	wake := make(chan struct{}, 1)
	sub := src.Subscribe(media.LayerMain, wake)
	defer sub.Close()
	var last time.Time
	end := time.After(d)
	var batch []*media.Packet
	for {
		select {
		case <-wake:
		case <-end:
			return gaps, at
		}
		batch = sub.Read(batch[:0])
		for _, p := range batch {
			if gap := p.Arrival.Sub(last); !last.IsZero() && gap > 80*time.Millisecond {
				gaps, at = append(gaps, gap), append(at, p.Arrival)
			}
			last = p.Arrival
		}
	}
}

func TestTheStreamIsBackSoonAfterACut(t *testing.T) {
	for _, cut := range []time.Duration{500 * time.Millisecond, 2 * time.Second, 5 * time.Second} {
		t.Run(cut.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCounty(t)
				c.link("10.0.0.1", "10.0.0.2", netem.Profile{Rate: 100e6, Delay: 30 * time.Millisecond})
				hub, branch := c.start("hub", "10.0.0.1"), c.start("branch", "10.0.0.2", "10.0.0.1")
				s := startClip(t, hub.Node, "room")
				go s.run() // ended below
				start := time.Now()
				go func() { // ends by itself
					time.Sleep(3 * time.Second)
					c.net.Cut("10.0.0.1", "10.0.0.2")
					time.Sleep(cut)
					c.net.Restore("10.0.0.1", "10.0.0.2")
				}()
				got, at := gaps(t, branch.Node, "room", 12*time.Second)
				if len(got) == 0 {
					t.Fatal("the cut was not felt at all")
				}
				back := at[0].Sub(start.Add(3*time.Second + cut))
				t.Logf("cut %v: gaps %v, first packet %v after the return", cut, got, back)
				if back > 500*time.Millisecond {
					t.Errorf("back %v after the link was", back)
				}
				close(s.stop)
				c.close("branch", "hub")
			})
		})
	}
}

func TestTheStreamIsBackSoonAfterTheHubRestarts(t *testing.T) {
	for _, down := range []time.Duration{300 * time.Millisecond, 2 * time.Second, 10 * time.Second} {
		t.Run("down for "+down.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { restart(t, down) })
		})
	}
}

func restart(t *testing.T, down time.Duration) {
	t.Helper()
	c := newCounty(t)
	c.link("10.0.0.1", "10.0.0.2", netem.Profile{Rate: 100e6, Delay: 15 * time.Millisecond})
	hub, branch := c.start("hub", "10.0.0.1"), c.start("branch", "10.0.0.2", "10.0.0.1")
	s := startClip(t, hub.Node, "room")
	go s.run() // ended below
	var listens time.Time
	go func() { // ends by itself
		time.Sleep(3 * time.Second)
		close(s.stop)
		// Nothing of the old hub's goodbye gets out, as after kill -9.
		c.net.Cut("10.0.0.1", "10.0.0.2")
		time.Sleep(50 * time.Millisecond)
		c.close("hub")
		time.Sleep(down)
		c.net.Restore("10.0.0.1", "10.0.0.2")
		hub = c.start("hub", "10.0.0.1")
		s = startClip(t, hub.Node, "room")
		listens = time.Now()
		go s.run() // ended below
	}()
	got, at := gaps(t, branch.Node, "room", down+12*time.Second)
	if len(got) == 0 {
		t.Fatal("the restart was not felt at all")
	}
	back := at[0].Sub(listens)
	t.Logf("gaps %v, first packet %v after the hub listens", got, back)
	// After ten seconds 1.68 to 1.93 s in thirty tries: up to a second until the next
	// attempt, and where a packet of it still met the closed line, its repetition.
	if back > 2500*time.Millisecond {
		t.Errorf("back %v after the hub listens", back)
	}
	close(s.stop)
	c.close("branch", "hub")
}

// An hour of class, in virtual time: what is held at the end is what was held
// after the first minutes.
func TestAnHourLeavesNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("an hour of class takes half a minute")
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link("10.0.0.1", "10.0.0.2", netem.Profile{Rate: 100e6, Delay: 15 * time.Millisecond, Loss: 0.01})
		hub, branch := c.start("hub", "10.0.0.1"), c.start("branch", "10.0.0.2", "10.0.0.1")
		s := startClip(t, hub.Node, "room")
		go s.run() // ended below
		var heap [2]uint64
		var goroutines [2]int
		for i, d := range []time.Duration{5 * time.Minute, 55 * time.Minute} {
			for range d / time.Minute { // viewers come and go
				watch(t, branch.Node, "room", time.Minute)
			}
			heap[i], goroutines[i] = inUse(), runtime.NumGoroutine()
		}
		t.Logf("heap %d kB after 5 minutes, %d kB after an hour; goroutines %v", heap[0]>>10, heap[1]>>10, goroutines)
		if heap[1] > heap[0]+2<<20 || goroutines[1] > goroutines[0] {
			t.Errorf("heap %d → %d bytes, goroutines %v", heap[0], heap[1], goroutines)
		}
		close(s.stop)
		c.close("branch", "hub")
	})
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
