package relay

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// hearsOf tells whether a node has heard of a feed.
func (n *Node) hearsOf(id media.FeedID) bool {
	n.table.mu.Lock()
	defer n.table.mu.Unlock()
	_, _, ok := n.table.routes.Best(id)
	return ok
}

// sends is how many flows a node sends to a peer.
func (n *Node) sends(peer string) int {
	for _, l := range n.Status().Links {
		if l.Peer == peer {
			return len(l.Out)
		}
	}
	return 0
}

func TestRightsOfPeersChangeAtOnceAndForOneOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		for _, ip := range []string{"10.0.0.2", "10.0.0.3"} {
			c.link("10.0.0.1", ip, netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		}
		cfg := config.Config{Listen: config.Listen{QUIC: ":4433"}}
		hub := c.run("hub", "10.0.0.1", &cfg)
		one, other := c.start("one", "10.0.0.2", "10.0.0.1"), c.start("other", "10.0.0.3", "10.0.0.1")
		room, hall := startClip(t, hub.Node, "room"), startClip(t, hub.Node, "hall")
		for _, s := range []*clip{room, hall} {
			go s.run() // ended below
		}
		time.Sleep(time.Second)
		frames := make(chan int, 1)
		go func() { // ends with its result
			_, n := watch(t, other.Node, "room", 12*time.Second)
			frames <- n
		}()
		if _, n := watch(t, one.Node, "room", 3*time.Second); n < 70 {
			t.Errorf("%d frames while everything is allowed", n)
		}
		less := cfg
		less.Peers = map[string]config.Peer{"one": {Watch: []string{"hall"}}}
		if restart, err := hub.Reload(&less); err != nil || len(restart) > 0 {
			t.Fatal(restart, err)
		}
		time.Sleep(1200 * time.Millisecond) // figures are a second old; it lingers on the feed, and is cut all the same
		if one.hearsOf("room") || !one.hearsOf("hall") || hub.sends("one") != 0 {
			t.Errorf("room known %v, hall known %v, %d flows", one.hearsOf("room"), one.hearsOf("hall"), hub.sends("one"))
		}
		if _, err := hub.Reload(&cfg); err != nil {
			t.Fatal(err)
		}
		if _, n := watch(t, one.Node, "room", 3*time.Second); n < 70 {
			t.Errorf("%d frames after it is allowed again", n)
		}
		if n := <-frames; n < 290 {
			t.Errorf("%d frames at the other node, about 300 are right", n)
		}
		close(room.stop)
		close(hall.stop)
		c.close("one", "other", "hub")
	})
}
