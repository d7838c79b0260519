package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/relay/identity"
)

// serve runs a server until the test ends.
func serve(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := New(cfg, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	return s
}

func run(t *testing.T, s *Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }() // ends with ctx; stop waits
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// eventually waits for something that real sockets bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("not within 30 s: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// ear collects what comes on a subject.
type ear struct {
	mu    sync.Mutex
	heard []string
}

func listen(t *testing.T, b *Bus, subject string) *ear {
	t.Helper()
	e := &ear{}
	stop, err := b.Listen(subject, func(on string, body []byte) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.heard = append(e.heard, on+" "+string(body))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return e
}

func (e *ear) has(s string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.heard, s)
}

func (e *ear) all() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.heard, "\n")
}

// says publishes again and again until it is heard: interest takes its time to travel.
func says(t *testing.T, b *Bus, subject, body string, e *ear) {
	t.Helper()
	eventually(t, subject+" is heard", func() bool {
		_ = b.Publish(subject, []byte(body)) // it may not be connected yet
		return e.has(subject + " " + body)
	})
}

// answers asks again and again until that answer comes.
func answers(t *testing.T, b *Bus, subject, want string) {
	t.Helper()
	eventually(t, subject+" is answered", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := b.Ask(ctx, subject, []byte("room"))
		return err == nil && string(got) == want
	})
}

func TestANodeAloneTalksToItself(t *testing.T) {
	s := serve(t, Config{Node: "s1", County: "c1"})
	b := s.Below()
	says(t, b, "node.c1.s1.ann", "hello", listen(t, b, "node.c1.*.ann"))
	stop, err := b.Answer("node.c1.*.where", func(_ context.Context, on string, body []byte) []byte {
		return []byte(on + "?" + string(body))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	answers(t, b, "node.c1.s1.where", "node.c1.s1.where?room")
	if s.Above() != nil {
		t.Error("it has a level above")
	}
}

// attach makes a client over a pipe, as a school over a stream. shows is what it logs in
// with, is what the hub knows it to be.
func attach(t *testing.T, s *Server, is, shows Login, r Rights) *Bus {
	t.Helper()
	b, err := Dial(shows.Name, "_INBOX.c1."+shows.Name, func(ctx context.Context) (Dialed, error) {
		near, far := net.Pipe()
		go func() { _ = s.Serve(context.WithoutCancel(ctx), far, is, r) }() // ends with the pipe
		return Dialed{near, shows}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func rights(node string) Rights {
	return Rights{
		Write:  []string{"node.c1." + node + ".>"},
		Listen: []string{"to.c1." + node + ".>", "_INBOX.c1." + node + ".>"},
	}
}

func TestASchoolSpeaksForItselfOnly(t *testing.T) {
	hub := serve(t, Config{Node: "hub-a", County: "c1"})
	heard := listen(t, hub.Below(), ">")
	l := Login{"s012", "secret of the connection"}
	s012 := attach(t, hub, l, l, rights("s012"))
	other := Login{"s013", "another secret"}
	s013 := attach(t, hub, other, other, rights("s013"))
	eventually(t, "both are attached", func() bool { return s012.Connected() && s013.Connected() })

	hints := listen(t, s012, "to.c1.s012.hint")
	spied := listen(t, s012, "to.c1.s013.hint")
	everything := listen(t, s012, ">")
	inbox := listen(t, s012, "_INBOX.c1.s013.>")
	if err := s012.Publish("node.c1.s013.ann", []byte("forged")); err != nil {
		t.Fatal(err)
	}
	if err := s012.Publish("up.c1.hub-a.sum", []byte("forged")); err != nil {
		t.Fatal(err)
	}
	says(t, s012, "node.c1.s012.ann", "mine", heard)
	says(t, hub.Below(), "to.c1.s012.hint", "yours", hints)
	// What s013 asks is answered to it alone.
	stop, err := hub.Below().Answer("node.c1.*.where", func(context.Context, string, []byte) []byte { return []byte("there") })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	answers(t, s013, "node.c1.s013.where", "there")
	if err := hub.Below().Publish("to.c1.s013.hint", []byte("not yours")); err != nil {
		t.Fatal(err)
	}
	says(t, hub.Below(), "to.c1.s012.hint", "the last", hints)
	if h := heard.all(); strings.Contains(h, "forged") {
		t.Errorf("the hub heard what was forged:\n%s", h)
	}
	for _, e := range []*ear{spied, everything, inbox} {
		if h := e.all(); h != "" {
			t.Errorf("s012 heard what is not for it: %s", h)
		}
	}
	if s012.Lost() == 0 {
		t.Error("nobody told s012 that it may not")
	}
}

func TestALoginOfAnotherConnectionIsRefused(t *testing.T) {
	hub := serve(t, Config{Node: "hub-a", County: "c1"})
	heard := listen(t, hub.Below(), ">")
	is := Login{"s012", "secret of the connection"}
	attach(t, hub, is, is, rights("s012"))
	for name, shows := range map[string]Login{
		"the name of another node":            {"s013", is.Secret},
		"the secret of another connection":    {"s012", "a guess"},
		"the name of the hub's own process":   {localBelow, is.Secret},
		"another node's name and that secret": {"hub-a", is.Secret},
	} {
		b := attach(t, hub, Login{"s014", "third"}, shows, rights("s014"))
		for range 20 {
			_ = b.Publish("node.c1.s014.ann", []byte("in")) // it is refused while not connected
			time.Sleep(5 * time.Millisecond)
		}
		if b.Connected() || heard.all() != "" {
			t.Errorf("%s lets a client in, or %q", name, heard.all())
		}
		b.Close()
	}
}

func TestAClientComesBackOverAnotherStream(t *testing.T) {
	hub := serve(t, Config{Node: "hub-a", County: "c1"})
	heard := listen(t, hub.Below(), "node.c1.*.ann")
	var mu sync.Mutex
	var streams []net.Conn
	is := Login{"s012", "secret"}
	b, err := Dial("s012", "", func(ctx context.Context) (Dialed, error) {
		near, far := net.Pipe()
		go func() { _ = hub.Serve(context.WithoutCancel(ctx), far, is, rights("s012")) }() // ends with the pipe
		mu.Lock()
		defer mu.Unlock()
		streams = append(streams, far)
		return Dialed{near, is}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	says(t, b, "node.c1.s012.ann", "one", heard)
	select {
	case <-b.Up():
	case <-time.After(20 * time.Second):
		t.Fatal("it does not say that it is up")
	}
	mu.Lock()
	_ = streams[0].Close()
	mu.Unlock()
	select {
	case <-b.Up():
	case <-time.After(20 * time.Second):
		t.Fatal("it does not come back")
	}
	says(t, b, "node.c1.s012.ann", "two", heard)
}

// machine is a configuration with a certificate; the rules of who may join are the test's.
func machine(t *testing.T, ca, node, county string) Config {
	t.Helper()
	if err := identity.IssueMember(ca, identity.Member{Node: node, County: county, Role: identity.Hub}); err != nil {
		t.Fatal(err)
	}
	id, err := identity.Load(filepath.Join(ca, node))
	if err != nil {
		t.Fatal(err)
	}
	nameOf := func(s tls.ConnectionState) string {
		name, _ := identity.PeerName(s)
		return name
	}
	return Config{
		Node: node, County: county, Listen: freeport.Local(freeport.Row(2)),
		TLS: MachineTLS(id.ServerTLS(), id.ClientTLS("", "")),
		Machine: func(s tls.ConnectionState) error {
			if !strings.HasPrefix(nameOf(s), "hub") {
				return errors.New("only hubs")
			}
			return nil
		},
		Below: func(s tls.ConnectionState) (Rights, error) {
			if !strings.HasPrefix(nameOf(s), "hub") {
				return Rights{}, errors.New("only hubs")
			}
			return Rights{Write: []string{"up.c1.>"}, Listen: []string{"to.c1.>", "_INBOX.c1.>"}}, nil
		},
	}
}

func newCA(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := identity.InitCA(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTwoHubsAndACity(t *testing.T) {
	ca := newCA(t)
	city := machine(t, ca, "city-1", "x")
	cityServer := serve(t, city)
	a, b := machine(t, ca, "hub-a", "c1"), machine(t, ca, "hub-b", "c1")
	a.Inbox, b.Inbox = "_INBOX.c1.hub-a", "_INBOX.c1.hub-b"
	a.Hubs, b.Hubs = []string{b.Listen}, []string{a.Listen}
	a.Above, b.Above = []string{city.Listen}, []string{city.Listen}
	hubA, hubB := serve(t, a), serve(t, b)

	atCity := listen(t, cityServer.Below(), ">")
	atB := listen(t, hubB.Below(), "node.c1.*.ann")
	atA := listen(t, hubA.Below(), ">")
	says(t, hubA.Below(), "node.c1.hub-a.ann", "to my neighbour", atB)
	says(t, hubA.Above(), "up.c1.hub-a.sum", "A", atCity)
	says(t, hubB.Above(), "up.c1.hub-b.sum", "B", atCity)

	stop, err := cityServer.Below().Answer("up.*.*.where", func(context.Context, string, []byte) []byte {
		return []byte("elsewhere")
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	answers(t, hubA.Above(), "up.c1.hub-a.where", "elsewhere")
	// What a county may not write does not reach the city, and nothing crosses levels.
	for subject, bus := range map[string]*Bus{
		"up.c2.hub-a.sum":   hubA.Above(),
		"node.x.city-1.ann": hubA.Above(),
		"up.c1.hub-z.sum":   hubA.Below(),
	} {
		if err := bus.Publish(subject, []byte("stray")); err != nil {
			t.Fatal(err)
		}
	}
	if err := cityServer.Below().Publish("node.c1.s012.ann", []byte("from the city")); err != nil {
		t.Fatal(err)
	}
	if err := hubA.Above().Publish("up.c1.hub-a.sum", []byte("said once")); err != nil {
		t.Fatal(err)
	}
	says(t, hubA.Above(), "up.c1.hub-a.sum", "the last of A", atCity)
	says(t, cityServer.Below(), "node.x.city-1.ann", "the last of the city", atCity)
	says(t, hubB.Below(), "node.c1.hub-b.ann", "the last of B", atA)
	if got := atCity.all(); strings.Contains(got, "stray") || strings.Contains(got, "neighbour") ||
		strings.Count(got, "said once") != 1 {
		t.Errorf("the city heard:\n%s", got)
	}
	if got := atA.all(); strings.Contains(got, "from the city") {
		t.Errorf("hub A heard:\n%s", got)
	}
}

func TestStrangersCannotJoin(t *testing.T) {
	ca := newCA(t)
	hub := machine(t, ca, "hub-a", "c1")
	server := serve(t, hub)
	foreign := machine(t, newCA(t), "hub-b", "c1")
	school := machine(t, ca, "s012", "c1")
	for name, cfg := range map[string]Config{"a machine of another CA": foreign, "a school": school} {
		cfg.Hubs, cfg.Above = []string{hub.Listen}, []string{hub.Listen}
		stranger := serve(t, cfg)
		heard := listen(t, server.Below(), ">")
		for range 100 {
			_ = stranger.Below().Publish("node.c1.s012.ann", []byte("x"))
			_ = stranger.Above().Publish("up.c1.s012.sum", []byte("x"))
			time.Sleep(5 * time.Millisecond)
		}
		routes, leaves := server.current().NumRoutes(), server.current().NumLeafNodes()
		if routes != 0 || leaves != 0 || heard.all() != "" {
			t.Errorf("%s: %d routes, %d leaf links, heard %q", name, routes, leaves, heard.all())
		}
	}
}

func TestARestartOfTheServerLosesNobody(t *testing.T) {
	ca := newCA(t)
	city := machine(t, ca, "city-1", "x")
	cityServer := serve(t, city)
	cfg := machine(t, ca, "hub-a", "c1")
	cfg.Above = []string{city.Listen}
	hub := serve(t, cfg)
	heard, atCity := listen(t, hub.Below(), ">"), listen(t, cityServer.Below(), ">")
	is := Login{"s012", "secret"}
	school := attach(t, hub, is, is, rights("s012"))
	says(t, school, "node.c1.s012.ann", "before", heard)
	says(t, hub.Above(), "up.c1.hub-a.sum", "before", atCity)
	if err := hub.restart(); err != nil {
		t.Fatal(err)
	}
	says(t, school, "node.c1.s012.ann", "after", heard)
	says(t, hub.Above(), "up.c1.hub-a.sum", "after", atCity)
	if !hub.LeadsUp() {
		t.Error("no leaf link")
	}
}

func TestConfigIsRefused(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no names":                 {},
		"a port without TLS":       {Node: "a", County: "c", Listen: ":1"},
		"machines above, no TLS":   {Node: "a", County: "c", Above: []string{"x:1"}},
		"an address without ports": {Node: "a", County: "c", Listen: "x", TLS: &tls.Config{}, Machine: func(tls.ConnectionState) error { return nil }, Below: func(tls.ConnectionState) (Rights, error) { return Rights{}, nil }},
	} {
		if s, err := New(cfg, zap.NewNop()); err == nil {
			s.close()
			t.Errorf("%s: taken", name)
		}
	}
}

func TestTheBusAboveSaysWhenTheWayIsOpen(t *testing.T) {
	ca := newCA(t)
	city := machine(t, ca, "city-1", "x")
	cityServer := serve(t, city)
	cfg := machine(t, ca, "hub-a", "c1")
	cfg.Above, cfg.Listened = []string{city.Listen}, "up.c1.hub-a.sum"
	hub := serve(t, cfg)
	up := func(what string) {
		t.Helper()
		select {
		case <-hub.Above().Up():
		case <-time.After(30 * time.Second):
			t.Fatal("not within 30 s: " + what)
		}
	}
	up("the process is connected")
	eventually(t, "there is a leaf link", hub.LeadsUp)
	heard := listen(t, cityServer.Below(), "up.c1.hub-a.sum")
	up("somebody listens up there")
	if err := hub.Above().Publish("up.c1.hub-a.sum", []byte("told once")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what is told then is heard", func() bool { return heard.has("up.c1.hub-a.sum told once") })
}
