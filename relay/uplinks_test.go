package relay

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/roq"
)

// twoLines is a hub, a school with two lines to it, and another school with one. Both
// schools have a room.
type twoLines struct {
	*county
	here, there *clip
}

const (
	wiredIP, mobileIP = "10.0.1.1", "10.5.1.1"
	lineHub           = "10.0.0.1"
	otherSchool       = "10.0.1.2"
)

func newTwoLines(t *testing.T, duplicate bool) *twoLines {
	t.Helper()
	c := &twoLines{county: newCounty(t)}
	c.link(wiredIP, lineHub, twinWire)
	c.link(mobileIP, lineHub, netem.Profile{Rate: 12e6, Delay: 35 * time.Millisecond, Loss: 0.01})
	c.link(otherSchool, lineHub, twinWire)
	c.start("hub", lineHub)
	here := c.run("here", wiredIP, &config.Config{Parents: []config.Parent{
		{Address: lineHub + ":4433", Via: wiredIP},
		{Address: lineHub + ":4433", Via: mobileIP, Duplicate: duplicate},
	}})
	there := c.start("there", otherSchool, lineHub)
	c.here, c.there = startClip(t, here.Node, "room-here"), startClip(t, there.Node, "room-there")
	go c.here.run()  // ended by end
	go c.there.run() // ended by end
	time.Sleep(2 * time.Second)
	return c
}

func (c *twoLines) end() {
	close(c.here.stop)
	close(c.there.stop)
	c.close("here", "there", "hub")
}

// lesson lets both schools watch each other while during runs.
func (c *twoLines) lesson(d time.Duration, during func()) (here, there *sight) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), d)
	defer cancel()
	got := make(chan *sight)
	go func() { got <- view(ctx, c.t, c.nodes["here"].Node, "room-there") }() // ends with ctx
	go during()                                                               // ends by itself
	there = view(ctx, c.t, c.nodes["there"].Node, "room-here")
	return <-got, there
}

// flows is how many flows come in and go out over each of the school's lines.
func (c *twoLines) flows() map[string]int {
	out := make(map[string]int)
	for _, l := range c.nodes["here"].Status().Links {
		out[l.Peer] = len(l.In) + len(l.Out)
	}
	return out
}

func TestASecondLineTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTwoLines(t, false)
		here, there := c.lesson(20*time.Second, func() {
			time.Sleep(4 * time.Second)
			if f := c.flows(); f["hub/"+wiredIP] != 2 || f["hub/"+mobileIP] != 0 {
				t.Errorf("flows %v, want all on the wired line", f)
			}
			c.net.Cut(wiredIP, lineHub)
			time.Sleep(4 * time.Second)
			c.net.Restore(wiredIP, lineHub)
			time.Sleep(4 * time.Second)
			if f := c.flows(); f["hub/"+mobileIP] != 2 {
				t.Errorf("flows %v, want all on the mobile line still", f)
			}
		})
		for name, s := range map[string]*sight{"here": here, "there": there} {
			t.Logf("%s: still for %v", name, s.gaps)
			if len(s.gaps) == 0 || s.gaps[0] > back {
				t.Errorf("%s: still for %v, want once, 1.5 s at most", name, s.gaps)
			}
			if _, repeated := s.missing(); repeated != 0 {
				t.Errorf("%s: %d packets came twice", name, repeated)
			}
		}
		c.end()
	})
}

func TestTheLossOfOneOfTwoLinesIsNotSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTwoLines(t, true)
		here, there := c.lesson(35*time.Second, func() {
			time.Sleep(4 * time.Second)
			if f := c.flows(); f["hub/"+wiredIP] != 2 || f["hub/"+mobileIP] != 2 {
				t.Errorf("flows %v, want all on both lines", f)
			}
			bad := twinWire
			bad.Loss, bad.Burst = 0.3, 20
			c.link(wiredIP, lineHub, bad)
			time.Sleep(5 * time.Second)
			c.link(wiredIP, lineHub, twinWire)
			for _, ip := range []string{wiredIP, mobileIP} {
				c.net.Cut(ip, lineHub)
				time.Sleep(3 * time.Second)
				c.net.Restore(ip, lineHub)
				time.Sleep(8 * time.Second) // until the line is trusted with the whole picture again
			}
		})
		for name, s := range map[string]*sight{"here": here, "there": there} {
			missing, repeated := s.missing()
			t.Logf("%s: still for %v, %d frames missing", name, s.gaps, missing)
			if len(s.gaps) != 0 || missing > 2 || repeated != 0 {
				t.Errorf("%s: still for %v, %d frames missing, %d packets twice", name, s.gaps, missing, repeated)
			}
		}
		c.end()
	})
}

// A hub of an older version would take the second line for the first one that dials
// again, and the two would drive each other out for ever. It does not know the name of
// the protocol, and the school says what to do.
func TestAnOlderHubRefusesASecondLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		if err := identity.Issue(c.pki, "hub"); err != nil {
			t.Fatal(err)
		}
		id, err := identity.Load(filepath.Join(c.pki, "hub"))
		if err != nil {
			t.Fatal(err)
		}
		socket, err := c.net.Host(lineHub).ListenPacket("udp", ":4433")
		if err != nil {
			t.Fatal(err)
		}
		old, err := roq.Listen(roq.TransportConfig{
			PacketConn: socket, TLS: id.ServerTLS(), Protocols: []string{roq.ProtocolRelay},
		})
		if err != nil {
			t.Fatal(err)
		}
		core, seen := observer.New(zapcore.InfoLevel)
		c.log = zap.New(core)
		c.run("here", wiredIP, &config.Config{Parents: []config.Parent{{Address: lineHub + ":4433", Via: mobileIP}}})
		time.Sleep(10 * time.Second)
		wantOne(t, "the school", warnings(seen), "cannot tell several lines of one node apart", "leave out via")
		c.close("here")
		_ = old.Close()
	})
}

// A node that opens lines without end is held to a few.
func TestANodeHasAFewLinesAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		hub := c.start("hub", lineHub)
		cfg := &config.Config{}
		for i := range mostLines + 3 {
			cfg.Parents = append(cfg.Parents, config.Parent{Address: lineHub + ":4433", Via: fmt.Sprintf("10.5.1.%d", i+1)})
		}
		c.run("here", wiredIP, cfg)
		time.Sleep(10 * time.Second)
		if n := len(hub.Status().Links); n != mostLines {
			t.Errorf("%d links, want %d", n, mostLines)
		}
		c.close("here", "hub")
	})
}
