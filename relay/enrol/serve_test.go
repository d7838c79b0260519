package enrol

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
	"github.com/classrelay/classrelay/roq"
)

// village is a network in memory with a hub that lets machines in. Its clock may be
// another one than that of those who come.
type village struct {
	t     *testing.T
	net   *testnet.Network
	pki   string
	hub   *identity.Identity
	store *store.Store
	ahead time.Duration // the hub's clock
	all   sync.WaitGroup
	stop  context.CancelFunc
	ln    *roq.Listener
}

func newVillage(t *testing.T, ahead time.Duration) *village {
	t.Helper()
	v := &village{t: t, net: testnet.New(1), pki: t.TempDir(), ahead: ahead}
	if err := identity.InitCA(v.pki); err != nil {
		t.Fatal(err)
	}
	if err := identity.IssueMember(v.pki, identity.Member{Node: "hub", County: "c1", Role: identity.Hub}); err != nil {
		t.Fatal(err)
	}
	var err error
	if v.hub, err = identity.Load(filepath.Join(v.pki, "hub")); err != nil {
		t.Fatal(err)
	}
	if v.store, err = store.Open(filepath.Join(t.TempDir(), "classrelay.db")); err != nil {
		t.Fatal(err)
	}
	p := netem.Profile{Rate: 20e6, Delay: 20 * time.Millisecond, Loss: 0.05}
	if err := v.net.Link("10.0.0.1", "10.0.0.2", p, p); err != nil {
		t.Fatal(err)
	}
	return v
}

// open starts the hub.
func (v *village) open() {
	v.t.Helper()
	ca, err := identity.OpenAuthority(v.pki)
	if err != nil {
		v.t.Fatal(err)
	}
	server := NewServer(NewDesk("c1", ca, v.store, zap.NewNop()), zap.NewNop())
	server.now = func() time.Time { return time.Now().Add(v.ahead) }
	socket, err := v.net.Host("10.0.0.1").ListenPacket("udp", ":4433")
	if err != nil {
		v.t.Fatal(err)
	}
	shared := v.hub.JoinServerTLS()
	shared.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		c := v.hub.JoinServerTLS()
		if slices.Contains(hello.SupportedProtos, ProtocolRenew) {
			c = v.hub.RenewServerTLS()
		}
		c.NextProtos = hello.SupportedProtos
		return c, nil
	}
	v.ln, err = roq.Listen(roq.TransportConfig{
		PacketConn: socket, TLS: shared, Protocols: []string{ProtocolJoin, ProtocolRenew},
	})
	if err != nil {
		v.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(v.t.Context())
	v.stop = stop
	v.all.Go(func() { // ends with ctx
		for {
			conn, err := v.ln.Accept(ctx)
			if err != nil {
				return
			}
			v.all.Go(func() { server.Serve(ctx, conn) }) // ends with ctx
		}
	})
}

func (v *village) close() {
	v.stop()
	v.all.Wait()
	_ = v.ln.Close()
	_ = v.store.Close()
	v.net.Close()
}

// dial is how the machine at 10.0.0.2 reaches others.
func (v *village) dial(ctx context.Context, address, protocol string, client *tls.Config) (*roq.Conn, error) {
	socket, err := v.net.Host("10.0.0.2").ListenPacket("udp", ":0")
	if err != nil {
		return nil, err
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	return roq.Dial(ctx, net.UDPAddrFromAddrPort(ap), roq.TransportConfig{
		PacketConn: socket, TLS: client, Protocols: []string{protocol},
	})
}

// code makes one for a school.
func (v *village) code(school string, hubs ...string) *Code {
	v.t.Helper()
	return v.codeFor(school, identity.School, hubs...)
}

func (v *village) codeFor(school string, role identity.Role, hubs ...string) *Code {
	v.t.Helper()
	c := &Code{Hubs: hubs, Pin: identity.PinOf(v.hub.CA()), Token: NewToken()}
	e, err := c.Token.Entry(school, role, time.Now().Add(v.ahead), TokenLife)
	if err == nil {
		err = v.store.AddToken(v.t.Context(), e)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return c
}

func TestAMachineJoinsOverABadLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t, 0)
		v.open()
		defer v.close()
		dir := filepath.Join(t.TempDir(), "node")
		j := &Joining{Code: v.code("s012", "10.0.0.1:4433"), Dir: dir, Dial: v.dial}
		joined, err := j.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id, err := identity.Load(dir)
		if err != nil || id.Name() != "s012" || joined.Member != id.Member() || joined.Hub != "10.0.0.1:4433" || joined.ClockOff != 0 {
			t.Errorf("%+v, %v", joined, err)
		}
		cfg, err := config.Load(joined.Config, config.Source{})
		if err != nil || !joined.Written {
			t.Fatalf("its configuration: %v", err)
		}
		if cfg.Node != "s012" || filepath.Clean(cfg.Identity) != dir || len(cfg.Parents) != 1 ||
			cfg.Parents[0].Address != "10.0.0.1:4433" || cfg.Listen.RTSP == "" || cfg.Listen.HTTP == "" || cfg.County.Name != "c1" {
			t.Errorf("its configuration is %+v", cfg)
		}
		for _, name := range []string{"key.pem", ConfigFile} {
			if s, err := os.Stat(filepath.Join(dir, name)); err != nil || s.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", name, s, err)
			}
		}
		if _, err := j.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "the folder of node s012 already") {
			t.Errorf("again: %v", err)
		}
		j.Replace = true
		if _, err := j.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "used already") {
			t.Errorf("with the used code: %v", err)
		}
		j.Code = v.code("s013", "10.0.0.1:4433")
		again, err := j.Run(t.Context())
		if err != nil || again.Written || again.Member.Node != "s013" {
			t.Errorf("as another node: %+v, %v", again, err)
		}
	})
}

func TestASecondHubJoinsAndKnowsWhereToRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t, 0)
		v.open()
		defer v.close()
		j := &Joining{Code: v.codeFor("hub-b", identity.Hub, "10.0.0.1:4433"), Dir: t.TempDir(), Dial: v.dial}
		joined, err := j.Run(t.Context())
		if err != nil || joined.Member != (identity.Member{Node: "hub-b", County: "c1", Role: identity.Hub}) {
			t.Fatalf("%+v, %v", joined, err)
		}
		cfg, err := config.Load(joined.Config, config.Source{})
		if err != nil || cfg.Listen.QUIC != ":4433" || len(cfg.Parents) != 0 || !slices.Equal(cfg.County.Renew, j.Code.Hubs) {
			t.Errorf("its configuration is %+v, %v", cfg, err)
		}
	})
}

func TestTheNextHubIsAskedWhenOneIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t, 0)
		v.open()
		defer v.close()
		j := &Joining{Code: v.code("s012", "10.0.0.9:4433", "10.0.0.1:4433"), Dir: t.TempDir(), Dial: v.dial}
		if joined, err := j.Run(t.Context()); err != nil || joined.Hub != "10.0.0.1:4433" {
			t.Errorf("%+v, %v", joined, err)
		}
	})
}

func TestACodeOfAnotherCountyIsNotShownToTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t, 0)
		v.open()
		defer v.close()
		c := v.code("s012", "10.0.0.1:4433")
		c.Pin[3] ^= 1
		j := &Joining{Code: c, Dir: t.TempDir(), Dial: v.dial}
		if _, err := j.Run(t.Context()); !errors.Is(err, identity.ErrPeer) || !strings.Contains(err.Error(), "not of the county this code is for") {
			t.Errorf("%v", err)
		}
		if log, err := v.store.AuditLog(t.Context(), 0, 10); err != nil || len(log) != 0 {
			t.Errorf("the hub has seen it: %+v, %v", log, err)
		}
	})
}

// A machine joins and renews whatever its clock says.
func TestAWrongClockIsToldAndDoesNotMatter(t *testing.T) {
	for name, ahead := range map[string]time.Duration{
		"two hours slow":    2 * time.Hour,
		"two hours fast":    -2 * time.Hour, // the hub signs two hours after its CA was made, see below
		"twenty years slow": 20 * 365 * day / 3,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVillage(t, ahead)
				time.Sleep(4 * time.Hour)
				v.open()
				defer v.close()
				dir := t.TempDir()
				j := &Joining{Code: v.code("s012", "10.0.0.1:4433"), Dir: dir, Dial: v.dial}
				joined, err := j.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if d := joined.ClockOff - ahead; d.Abs() > time.Second {
					t.Errorf("the clock is off by %s, and %s is said", ahead, joined.ClockOff)
				}
				id, err := identity.Load(dir)
				if err != nil || id.Check() != nil {
					t.Fatal(err, id.Check())
				}
				remote := &Remote{ID: id, Dial: v.dial, Hubs: func() []Hub { return []Hub{{"10.0.0.1:4433", "hub"}} }}
				r := NewRenewer(id, remote, nil, zap.NewNop())
				if err := r.renew(t.Context()); err != nil {
					t.Fatal(err)
				}
				if d := id.ClockOff() - ahead; d.Abs() > 2*time.Second {
					t.Errorf("after the renewal the clock seems off by %s", id.ClockOff())
				}
			})
		})
	}
}

func TestANodeRenewsByItself(t *testing.T) {
	for name, tt := range map[string]struct {
		age     time.Duration // of its certificate when the node starts
		within  time.Duration
		renewed bool
	}{
		"on day 30 to 33":                 {29 * day, 4*day + time.Hour, true},
		"not before":                      {20 * day, 9 * day, false},
		"when it has expired last week":   {97 * day, time.Minute, true},
		"not when it expired long before": {125 * day, 2 * day, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVillage(t, 0)
				dir := t.TempDir()
				v.open()
				if _, err := (&Joining{Code: v.code("s012", "10.0.0.1:4433"), Dir: dir, Dial: v.dial}).Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				defer v.close()
				time.Sleep(tt.age)
				id, err := identity.Load(dir)
				if err != nil {
					t.Fatal(err)
				}
				before := id.NotAfter()
				var alarms []string
				remote := &Remote{ID: id, Dial: v.dial, Hubs: func() []Hub { return []Hub{{"10.0.0.1:4433", ""}} }}
				r := NewRenewer(id, remote, func(words string) { alarms = append(alarms, words) }, zap.NewNop())
				ctx, stop := context.WithCancel(t.Context())
				var done sync.WaitGroup
				done.Go(func() { r.Run(ctx) }) // ends with ctx
				time.Sleep(tt.within)
				stop()
				done.Wait()
				if renewed := id.NotAfter().After(before); renewed != tt.renewed {
					t.Errorf("renewed: %v", renewed)
				}
				if tt.age > 120*day && (len(alarms) < 2 || !strings.Contains(alarms[0], "classrelay join --replace")) {
					t.Errorf("the alarms: %q", alarms)
				}
			})
		})
	}
}

func TestTheAlarmIsRaisedEveryDayWhileNobodyRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t, 0)
		v.open()
		dir := t.TempDir()
		if _, err := (&Joining{Code: v.code("s012", "10.0.0.1:4433"), Dir: dir, Dial: v.dial}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		v.close()
		id, err := identity.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		alarms := make(chan string, 10) // more than may be raised
		r := NewRenewer(id, nil, func(words string) { alarms <- words }, zap.NewNop())
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { r.Run(ctx) }) // ends with ctx
		time.Sleep(75 * day)
		if len(alarms) != 0 {
			t.Errorf("on day 75: %q", <-alarms)
		}
		time.Sleep(5 * day)
		stop()
		done.Wait()
		if n := len(alarms); n < 4 || n > 5 {
			t.Fatalf("%d alarms by day 80", n)
		}
		if first := <-alarms; !strings.Contains(first, "runs out in 13 days") {
			t.Errorf("the first alarm: %q", first)
		}
	})
}
