package relay

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
)

// twins is a county with two hubs and four schools, each linked to both hubs. Each
// school has a room of its own, and any may be the main school of a lesson. What the
// nodes log is kept.
type twins struct {
	*county
	clips map[string]*clip
	dead  map[string]bool // who is killed at the moment
	seen  *observer.ObservedLogs
}

const (
	hubA, hubB = "10.0.0.1", "10.0.0.2"
	schools    = 4
)

// twinWire is a rural line: 20 Mbit/s and a round trip of 30 ms.
var twinWire = netem.Profile{Rate: 20e6, Delay: 15 * time.Millisecond}

func school(i int) (name, ip string, room media.FeedID) {
	return fmt.Sprintf("s%d", i), fmt.Sprintf("10.0.1.%d", i), media.FeedID(fmt.Sprintf("room-%d", i))
}

// newTwins lays a wire from each school to each hub.
func newTwins(t *testing.T, wire netem.Profile) *twins {
	t.Helper()
	return newTwinsOver(t, func(c *county, ip string) {
		c.link(ip, hubA, wire)
		c.link(ip, hubB, wire)
	})
}

func newTwinsOver(t *testing.T, lay func(c *county, ip string)) *twins {
	t.Helper()
	core, seen := observer.New(zapcore.InfoLevel)
	c := &twins{county: newCounty(t), clips: make(map[string]*clip), dead: make(map[string]bool), seen: seen}
	c.log = zap.New(core)
	c.start("hub-a", hubA)
	c.start("hub-b", hubB)
	for i := 1; i <= schools; i++ {
		name, ip, room := school(i)
		lay(c.county, ip)
		n := c.start(name, ip, hubA, hubB)
		c.clips[name] = startClip(t, n.Node, room)
		go c.clips[name].run() // ended by end
	}
	time.Sleep(2 * time.Second) // the links come up
	return c
}

// end stops everything that still runs.
func (c *twins) end() {
	names := []string{"s1", "s2", "s3", "s4", "hub-a", "hub-b"}
	for _, s := range c.clips {
		close(s.stop)
	}
	c.close(slices.DeleteFunc(names, func(n string) bool { return c.dead[n] })...)
}

// vanish makes a hub disappear from one moment to the next, without a word: a black
// hole both ways, in which its process goes on.
func (c *twins) vanish(hub string) {
	for i := 1; i <= schools; i++ {
		_, ip, _ := school(i)
		c.net.Cut(hub, ip)
	}
}

func (c *twins) reappear(hub string) {
	for i := 1; i <= schools; i++ {
		_, ip, _ := school(i)
		c.net.Restore(hub, ip)
	}
}

// kill is kill -9: nothing of a goodbye gets out. In the same moment the hub is gone
// for everybody; restart brings another process.
func (c *twins) kill(name, hub string) {
	c.vanish(hub)
	c.close(name)
	c.dead[name] = true
}

func (c *twins) restart(name, hub string) {
	c.reappear(hub)
	c.start(name, hub)
	delete(c.dead, name)
}

// by is the peer that a school gets a room from.
func (c *twins) by(school string, room media.FeedID) string {
	tb := c.nodes[school].table
	tb.mu.Lock()
	defer tb.mu.Unlock()
	peer, _, _ := tb.routes.Best(room)
	return peer
}

// switches counts how often a feed has gone over to another way.
func (c *twins) switches() int { return c.seen.FilterMessage("feed comes another way now").Len() }

// sight is what a viewer at a node has had of a room.
type sight struct {
	gaps  []time.Duration // between two packets, those above 100 ms
	ends  []time.Time     // when each was over
	count map[uint32]int  // packets of each frame, by timestamp
	last  time.Time
}

// missing is how many of the frames between the first and the last did not come
// whole, and repeated how many packets came twice.
func (s *sight) missing() (frames, repeated int) {
	first, last := ^uint32(0), uint32(0)
	for ts, n := range s.count {
		first, last = min(first, ts), max(last, ts)
		repeated += max(0, n-5)
	}
	for ts := first; ts <= last; ts += 3600 {
		if s.count[ts] < 5 {
			frames++
		}
	}
	return frames, repeated
}

// view watches a room at a node until ctx is done.
func view(ctx context.Context, t *testing.T, n *Node, room media.FeedID) *sight {
	t.Helper()
	s := &sight{count: make(map[uint32]int)}
	find, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	src, err := n.table.Watch(find, room)
	if err != nil {
		t.Errorf("%s cannot watch %s: %v", n.cfg.Node, room, err)
		return s
	}
	wake := make(chan struct{}, 1)
	sub := src.Subscribe(media.LayerMain, wake)
	defer sub.Close()
	var batch []*media.Packet
	for {
		select {
		case <-wake:
		case <-ctx.Done():
			return s
		}
		batch = sub.Read(batch[:0])
		for _, p := range batch {
			if gap := p.Arrival.Sub(s.last); !s.last.IsZero() && gap > 100*time.Millisecond {
				s.gaps, s.ends = append(s.gaps, gap), append(s.ends, p.Arrival)
			}
			s.last = p.Arrival
			s.count[p.Timestamp]++
		}
	}
}

// lesson lets each school watch the next one's room for d, while during runs.
func (c *twins) lesson(d time.Duration, during func()) map[string]*sight {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), d)
	defer cancel()
	type seen struct {
		name string
		*sight
	}
	results := make(chan seen)
	for i := 1; i <= schools; i++ {
		name, _, _ := school(i)
		_, _, room := school(i%schools + 1)
		go func() { results <- seen{name, view(ctx, c.t, c.nodes[name].Node, room)} }() // ends with ctx
	}
	if during != nil {
		during()
	}
	out := make(map[string]*sight)
	for range schools {
		r := <-results
		out[r.name] = r.sight
	}
	return out
}
