package relay

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/probe"
	"github.com/classrelay/classrelay/roq"
)

// probeHub runs body beside a hub and a school whose line to it takes 20 ms.
func probeHub(t *testing.T, hub *config.Config, body func(t *testing.T, c *county, p *Prober)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link(hubIP, proveIP, netem.Profile{Delay: 20 * time.Millisecond})
		hub.Listen.QUIC = ":4433"
		c.run("hub", hubIP, hub)
		synctest.Wait()
		body(t, c, c.prober("school", proveIP, probe.Config{For: probe.MinFor, MaxRate: 11e6}))
		c.close("hub")
		synctest.Wait()
	})
}

func wantRefused(t *testing.T, err error, want string) {
	t.Helper()
	if no, ok := errors.AsType[*probe.RefusedError](err); !ok || !strings.Contains(no.Why, want) {
		t.Errorf("got %v, want a refusal because %q", err, want)
	}
}

func TestNobodyProbesANodeThatSwitchedItOff(t *testing.T) {
	probeHub(t, &config.Config{Links: config.Links{Probe: config.ProbeOff}}, func(t *testing.T, _ *county, p *Prober) {
		_, err := p.Run(t.Context(), zap.NewNop())
		wantRefused(t, err, "links.probe is off")
	})
}

func TestNobodyProbesDuringALessonUnlessForced(t *testing.T) {
	probeHub(t, &config.Config{}, func(t *testing.T, c *county, p *Prober) {
		hub := c.nodes["hub"]
		f, err := hub.table.reserve("room-1")
		if err != nil {
			t.Fatal(err)
		}
		sub := hub.table.subscribe(f, 0, make(chan struct{}, 1), false)
		_, err = p.Run(t.Context(), zap.NewNop())
		wantRefused(t, err, "a lesson runs: 1 streams")
		p.Config.Force = true
		if r, err := p.Run(t.Context(), zap.NewNop()); err != nil || r.Down.Holds() != 2 {
			t.Errorf("forced: %+v, %v", r, err)
		}
		sub.Close()
	})
}

func TestALessonThatBeginsEndsTheProbe(t *testing.T) {
	probeHub(t, &config.Config{}, func(t *testing.T, c *county, p *Prober) {
		hub := c.nodes["hub"]
		f, err := hub.table.reserve("room-1")
		if err != nil {
			t.Fatal(err)
		}
		begun := make(chan *subscription, 1)
		time.AfterFunc(3*time.Second, func() { begun <- hub.table.subscribe(f, 0, make(chan struct{}, 1), false) })
		r, err := p.Run(t.Context(), zap.NewNop())
		if err != nil || !strings.Contains(r.Ended, "a lesson runs") || r.Lasted > 4*time.Second {
			t.Errorf("%+v, %v", r, err)
		}
		if r.RTT.N == 0 || r.Down.Offered == 0 {
			t.Errorf("nothing is left of what was measured: %+v", r)
		}
		(<-begun).Close()
	})
}

func TestOneProbeAtATime(t *testing.T) {
	probeHub(t, &config.Config{}, func(t *testing.T, c *county, p *Prober) {
		other := c.prober("other", "10.0.0.3", probe.Config{})
		ended := make(chan error, 1)
		time.AfterFunc(time.Second, func() {
			_, err := other.Run(t.Context(), zap.NewNop())
			ended <- err
		})
		if r, err := p.Run(t.Context(), zap.NewNop()); err != nil || r.Ended != "" {
			t.Errorf("%+v, %v", r, err)
		}
		wantRefused(t, <-ended, "another probe runs")
	})
}

func TestAnInterruptedProbeTellsWhatItHas(t *testing.T) {
	probeHub(t, &config.Config{}, func(t *testing.T, _ *county, p *Prober) {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		r, err := p.Run(ctx, zap.NewNop())
		if err != nil || !r.Interrupted || r.RTT.Min < 40*time.Millisecond || r.Down.Offered < 50 || r.Up.Offered < 50 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestAProbeLeavesTheLinkOfItsOwnNodeAlone(t *testing.T) {
	probeHub(t, &config.Config{}, func(t *testing.T, c *county, p *Prober) {
		c.start("branch", "10.0.0.3", hubIP)
		time.Sleep(2 * time.Second)
		hub := c.nodes["hub"]
		before := hub.Status().Links
		p.Identity = c.nodes["branch"].id
		if _, err := p.Run(t.Context(), zap.NewNop()); err != nil {
			t.Error(err)
		}
		after := hub.Status().Links
		if len(before) != 1 || len(after) != 1 || after[0].Peer != "branch" || after[0].Since != before[0].Since {
			t.Errorf("links before %+v, after %+v", before, after)
		}
		c.close("branch")
	})
}

// An older node says hello, and ends the link when it is not greeted likewise.
func TestAnOlderNodeIsToldFromOneThatRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link(hubIP, proveIP, netem.Profile{Delay: 20 * time.Millisecond})
		p := c.prober("school", proveIP, probe.Config{})
		old := c.prober("old", proveIP, probe.Config{}).Identity
		socket, err := c.net.Host(hubIP).ListenPacket("udp", ":4433")
		if err != nil {
			t.Fatal(err)
		}
		l, err := roq.Listen(roq.TransportConfig{PacketConn: socket, TLS: old.ServerTLS(), Protocols: []string{roq.ProtocolRelay}})
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- oldNode(t.Context(), l) }() // ends with the probe's connection
		_, err = p.Run(t.Context(), zap.NewNop())
		if e, ok := errors.AsType[*probe.TooOldError](err); !ok || !strings.Contains(e.Error(), "this node is too old for probe") {
			t.Errorf("got %v", err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		l.Close()
		synctest.Wait()
	})
}

func oldNode(ctx context.Context, l *roq.Listener) error {
	conn, err := l.Accept(ctx)
	if err != nil {
		return err
	}
	s, err := roq.NewSession(conn, roq.SessionConfig{Relay: true, Listener: true}, nil)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Run(ctx) }() // ends with the connection
	stream, err := s.Control(ctx)
	if err != nil {
		return err
	}
	hello := &control.Message{Hello: &control.Hello{Protocol: 1, Software: "v0.2"}}
	if err := control.Write(stream, hello); err != nil {
		return err
	}
	m, err := control.Read(stream)
	if err != nil || m.Hello != nil {
		return errors.New("the probe says hello as a link does, which an older node takes for a link")
	}
	err = s.Close(roq.InternalError, "the first message is no hello")
	<-ended
	return err
}

func TestNothingAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link(hubIP, proveIP, netem.Profile{Delay: 20 * time.Millisecond})
		p := c.prober("school", proveIP, probe.Config{})
		_, err := p.Run(t.Context(), zap.NewNop())
		if e, ok := errors.AsType[*UnreachableError](err); !ok || e.TCP != tcpSilent {
			t.Errorf("got %v", err)
		}
		l, err := c.net.Host(hubIP).Listen("tcp", ":4433")
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Run(t.Context(), zap.NewNop())
		if e, ok := errors.AsType[*UnreachableError](err); !ok || e.TCP != tcpAnswers ||
			!strings.Contains(err.Error(), "UDP port 4433 is blocked or nobody listens") {
			t.Errorf("got %v", err)
		}
		l.Close()
	})
}

// On a real host without a listener, the host itself says so.
func TestAHostThatRefusesSaysSo(t *testing.T) {
	e, ok := errors.AsType[*UnreachableError](Network{}.examine(t.Context(), freeport.Address()))
	if !ok || e.TCP != tcpRefuses {
		t.Errorf("got %+v", e)
	}
}

func TestHopsAreToldUpTheTree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link(hubIP, "10.0.0.4", netem.Profile{Delay: 15 * time.Millisecond})
		c.link(hubIP, proveIP, netem.Profile{Delay: 5 * time.Millisecond})
		c.link("10.0.0.4", "10.0.0.5", netem.Profile{Delay: 25 * time.Millisecond})
		c.start("province", "10.0.0.5")
		c.start("city", "10.0.0.4", "10.0.0.5")
		c.start("county", hubIP, "10.0.0.4")
		time.Sleep(15 * time.Second) // an announcement comes every five
		r, err := c.prober("school", proveIP, probe.Config{For: probe.MinFor, MaxRate: 11e6}).Run(t.Context(), zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Above) != 2 {
			t.Fatalf("hops: %+v", r.Above)
		}
		for i, want := range []control.Hop{{Node: "county", Parent: "city", RTTUs: 30_000}, {Node: "city", Parent: "province", RTTUs: 50_000}} {
			if h := r.Above[i]; h.Node != want.Node || h.Parent != want.Parent || h.RTTUs < want.RTTUs-100 || h.RTTUs > want.RTTUs+5_000 {
				t.Errorf("hop %d: %+v, want %+v", i, h, want)
			}
		}
		c.close("county", "city", "province")
		synctest.Wait()
	})
}
