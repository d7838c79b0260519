package relay

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
	"github.com/classrelay/classrelay/roq"
)

// enrolling is a county whose hub lets machines in.
type enrolling struct {
	*county
	state string
	hub   *running
	said  *observer.ObservedLogs
	store *store.Store // beside the running hub, as the commands open it
}

func newEnrolling(t *testing.T) *enrolling {
	t.Helper()
	e := &enrolling{county: newCounty(t), state: filepath.Join(t.TempDir(), "state")}
	e.issue("hub", identity.Member{Node: "hub", County: "c1", Role: identity.Hub})
	line := netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond}
	e.link("10.0.0.1", "10.0.0.2", line)
	e.link("10.0.0.1", "10.0.0.3", line)
	return e
}

// issue gives a node its certificate by hand.
func (e *enrolling) issue(name string, m identity.Member) {
	e.t.Helper()
	if err := identity.IssueMember(e.pki, m); err != nil {
		e.t.Fatal(err)
	}
	e.nodes[name] = nil // known
}

// school issues a school's certificate, and writes it down as joining does.
func (e *enrolling) school(name string) *identity.Identity {
	e.t.Helper()
	e.issue(name, identity.Member{Node: name, County: "c1", Role: identity.School, School: name})
	id, err := identity.Load(filepath.Join(e.pki, name))
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

func (e *enrolling) startHub() { e.startHubAs(&config.Config{}) }

// startHubAs starts the hub with what is in a configuration beside its place in the county.
func (e *enrolling) startHubAs(cfg *config.Config) {
	e.t.Helper()
	core, said := observer.New(zapcore.InfoLevel)
	e.said, e.log = said, zap.New(core)
	cfg.Listen, cfg.Identity = config.Listen{QUIC: ":4433"}, "pki/hub"
	cfg.County = config.County{State: e.state, CA: e.pki}
	e.hub = e.run("hub", "10.0.0.1", cfg)
	e.log = zap.NewNop()
	time.Sleep(time.Second)
	s, err := store.Open(store.In(e.state))
	if err != nil {
		e.t.Fatal(err)
	}
	e.store = s
}

// dials runs a node below the hub.
func (e *enrolling) dials(id *identity.Identity, ip string) *running {
	e.t.Helper()
	return e.runAs(id, ip, &config.Config{Parents: []config.Parent{{Address: "10.0.0.1:4433"}}})
}

func (e *enrolling) linked(peer string) bool {
	return slices.ContainsFunc(e.hub.table.peers(), func(l *link) bool { return l.peer == peer })
}

// best is who the hub gets a feed from.
func (e *enrolling) best(id media.FeedID) (peer string, ok bool) {
	e.hub.table.mu.Lock()
	defer e.hub.table.mu.Unlock()
	peer, _, ok = e.hub.table.routes.Best(id)
	return peer, ok
}

// audited waits for an entry in the audit log.
func (e *enrolling) audited(action, actor, words string) {
	e.t.Helper()
	var log []store.Entry
	for range 50 {
		var err error
		if log, err = e.store.AuditLog(e.t.Context(), 0, 100); err != nil {
			e.t.Fatal(err)
		}
		for _, l := range log {
			if l.Action == action && l.Actor == actor && strings.Contains(l.Result, words) {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	e.t.Errorf("the audit log has no %s by %s with %q: %+v", action, actor, words, log)
}

func (e *enrolling) end(names ...string) {
	e.t.Helper()
	e.close(append(names, "hub")...)
	if err := e.store.Close(); err != nil {
		e.t.Error(err)
	}
}

func TestASchoolFromNothingIsOnTheTree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnrolling(t)
		e.startHub()
		code := &enrol.Code{Hubs: []string{"10.0.0.1:4433"}, Pin: identity.PinOf(e.hub.id.CA()), Token: enrol.NewToken()}
		entry, err := code.Token.Entry("s012", identity.School, time.Now(), enrol.TokenLife)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.store.AddToken(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
		read, err := enrol.ParseCode(code.String())
		if err != nil {
			t.Fatal(err)
		}
		host := e.net.Host("10.0.0.2")
		network := Network{ListenPacket: host.ListenPacket, DialContext: host.DialContext}
		joining := &enrol.Joining{Code: read, Dir: t.TempDir(), Dial: network.Dial}
		began := time.Now()
		joined, err := joining.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(joined.Config, config.Source{})
		if err != nil {
			t.Fatal(err)
		}
		id, err := identity.Load(cfg.Identity)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Listen = config.Listen{} // no real sockets in here
		e.runAs(id, "10.0.0.2", cfg)
		for !e.linked("s012") {
			if time.Since(began) > time.Minute {
				t.Fatal("not on the tree after a minute")
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Logf("on the tree after %s", time.Since(began))
		e.audited("token.use", "s012", "ok")
		e.audited("cert.issue", "s012", "ok")
		e.end("s012")
	})
}

func TestARevokedNodeIsOutWithinTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnrolling(t)
		id := e.school("s1")
		e.startHub()
		writeDown(t, e.store, id)
		e.dials(id, "10.0.0.2")
		e.dials(e.school("s2"), "10.0.0.3")
		time.Sleep(5 * time.Second)
		if !e.linked("s1") || !e.linked("s2") {
			t.Fatal("they are not linked")
		}
		revoke(t, e.store, "s1")
		t.Logf("cut after %s", soon(t, 10*time.Second, "the link is cut", func() bool { return !e.linked("s1") }))
		e.never("s1", 30*time.Second) // it dials on
		if !e.linked("s2") {
			t.Error("the other school is out as well")
		}
		e.audited("handshake.refuse", "s1", "the certificate was revoked")
		refused := e.said.FilterMessage("node refused").All()
		if len(refused) != 1 {
			t.Errorf("said %d times: %v", len(refused), refused)
		}
		e.end("s1", "s2")
	})
}

func TestANodeRenewsOverItsHubAndTheHubItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnrolling(t)
		time.Sleep(5 * 24 * time.Hour)
		id := e.school("s1")
		first := id.NotAfter()
		time.Sleep(92 * 24 * time.Hour) // both have expired
		e.startHub()
		e.dials(id, "10.0.0.2")
		time.Sleep(2 * time.Minute)
		if !id.NotAfter().After(first) || !e.hub.id.NotAfter().After(time.Now().Add(89*24*time.Hour)) {
			t.Errorf("the school's is good until %s, the hub's until %s", id.NotAfter(), e.hub.id.NotAfter())
		}
		if !e.linked("s1") {
			t.Error("they are not linked")
		}
		e.audited("cert.renew", "s1", "ok")
		e.audited("cert.renew", "hub", "ok")
		e.end("s1")
	})
}

// wants is an announcement of a feed that has come by a path.
func announced(id media.FeedID, path ...string) control.Feed {
	return control.Feed{ID: id, Path: path, Online: true}
}

func TestASchoolSpeaksForItselfOnly(t *testing.T) {
	hub := identity.Member{Node: "hub", County: "c1", Role: identity.Hub}
	s1 := identity.Member{Node: "s1", County: "c1", Role: identity.School, School: "s1"}
	s1b := identity.Member{Node: "s1-2", County: "c1", Role: identity.School, School: "s1"}
	s2 := identity.Member{Node: "s2", County: "c1", Role: identity.School, School: "s2"}
	byHand := identity.Member{Node: "s1"}
	for _, tt := range []struct {
		name       string
		self, peer identity.Member
		feed       control.Feed
		taken      bool
	}{
		{"its own", hub, s1, announced("s1/room-1", "s1"), true},
		{"of its second machine", hub, s1, announced("s1/room-2", "s1-2", "s1"), true},
		{"named as another school's", hub, s1, announced("s2/room-1", "s1"), false},
		{"handed on from another school", hub, s1, announced("s2/room-1", "s2", "s1"), false},
		{"its own name, from another school", hub, s1, announced("s1/room-1", "s2", "s1"), false},
		{"a school whose name begins alike", hub, s1, announced("s12/room-1", "s1"), false},
		{"without a school's name", hub, s1, announced("room-1", "s1"), false},
		{"a hub hands on", s1, hub, announced("s2/room-1", "s2", "hub"), true},
		{"the school's first machine hands on", s1b, s1, announced("s2/room-1", "s2", "hub", "s1"), true},
		{"says that it is another node", hub, s1, announced("s1/room-1", "s2"), false},
		{"a school to another", s2, s1, announced("s3/room-1", "s3", "s1"), false},
		{"issued by hand", hub, byHand, announced("room-101", "s1"), true},
	} {
		table := newTable(tt.self.Node, zap.NewNop())
		table.self = tt.self
		if got := table.vet(tt.peer, nil, []control.Feed{tt.feed}); (len(got) == 1) != tt.taken {
			t.Errorf("%s: taken %v", tt.name, !tt.taken)
		}
	}
}

// A school's stolen machine announces the feed of another school and sends pictures for
// it. Nobody sees them.
func TestAForgedFeedIsRefusedSaidAndAudited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnrolling(t)
		e.startHub()
		thief := e.dials(e.school("s1"), "10.0.0.2")
		right := e.dials(e.school("s2"), "10.0.0.3")
		forged, own := startClip(t, thief.Node, "s2/room-1"), startClip(t, thief.Node, "s1/room-1")
		go forged.run() // ended below
		go own.run()    // ended below
		time.Sleep(12 * time.Second)
		if _, ok := e.best("s2/room-1"); ok {
			t.Error("the hub takes the feed of s2 from s1")
		}
		if _, ok := e.best("s1/room-1"); !ok {
			t.Error("the feed of its own is lost with it")
		}
		true2 := startClip(t, right.Node, "s2/room-1")
		go true2.run() // ended below
		time.Sleep(time.Second)
		if peer, ok := e.best("s2/room-1"); !ok || peer != "s2" {
			t.Errorf("the feed of s2 comes from %q, %v", peer, ok)
		}
		if said := e.said.FilterMessage("a node speaks for another").All(); len(said) != 1 {
			t.Errorf("said %d times in %d announcements: %v", len(said), 3, said)
		}
		e.audited("feed.refuse", "s1", "s2/room-1")
		for _, c := range []*clip{forged, own, true2} {
			close(c.stop)
		}
		e.end("s1", "s2")
	})
}

func TestAStrangerIsRefusedSaidAndAuditedAndCannotFillTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnrolling(t)
		e.startHub()
		foreign := t.TempDir()
		if err := identity.InitCA(foreign); err != nil {
			t.Fatal(err)
		}
		host := e.net.Host("10.0.0.2")
		network := Network{ListenPacket: host.ListenPacket, DialContext: host.DialContext}
		for i := range 60 { // each time with another name
			name := fmt.Sprintf("s%03d", i)
			if err := identity.Issue(foreign, name); err != nil {
				t.Fatal(err)
			}
			id, err := identity.Load(filepath.Join(foreign, name))
			if err != nil {
				t.Fatal(err)
			}
			client := id.ClientTLS("10.0.0.1", "")
			client.VerifyConnection = nil // it does not care whom it meets
			conn, err := network.Dial(t.Context(), "10.0.0.1:4433", roq.ProtocolRelay, client)
			if err == nil {
				<-conn.Context().Done() // TLS tells a dialler late that it is refused
				_ = conn.CloseWithError(roq.NoError, "")
			}
		}
		e.audited("handshake.refuse", "s000", "another CA signed it")
		log, err := e.store.AuditLog(t.Context(), 0, 1000)
		if err != nil || len(log) > sayBurst+5 {
			t.Errorf("%d entries for 60 strangers, %v", len(log), err)
		}
		time.Sleep(2 * sumEvery)
		if sum := e.said.FilterMessage("more were refused than are told one by one").All(); len(sum) == 0 {
			t.Error("the others are not summed up")
		}
		e.end()
	})
}

func TestConfigurationAndCertificateMustAgree(t *testing.T) {
	e := &enrolling{county: newCounty(t)}
	e.issue("hub", identity.Member{Node: "hub", County: "c1", Role: identity.Hub})
	id, err := identity.Load(filepath.Join(e.pki, "hub"))
	if err != nil {
		t.Fatal(err)
	}
	for key, c := range map[string]config.County{
		"county.name": {Name: "c2"},
		"county.role": {Role: identity.Province},
	} {
		if _, err := New(&config.Config{Node: "hub", County: c}, id, zap.NewNop(), Options{}); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	other := t.TempDir()
	if err := identity.InitCA(other); err != nil {
		t.Fatal(err)
	}
	n, err := New(&config.Config{
		Node: "hub", Identity: "pki/hub", Listen: config.Listen{QUIC: "127.0.0.1:0"},
		County: config.County{CA: other, State: t.TempDir()},
	}, id, zap.NewNop(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "county.ca") {
		t.Errorf("another CA: %v", err)
	}
}
