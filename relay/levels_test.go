package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

// Machines join each other by TCP, which the engine opens itself: so this one test of all
// levels runs on real sockets of the loopback interface. How fast it is, is logged and not
// asserted.

// tree is province, city, county with two hub machines, and schools, on loopback.
type tree struct {
	t     *testing.T
	pki   string
	nodes map[string]*running
	quic  map[string]string
}

// newTree makes a CA and gives the machines of those names a port each.
func newTree(t *testing.T, machines ...string) *tree {
	t.Helper()
	tr := &tree{t: t, pki: t.TempDir(), nodes: make(map[string]*running), quic: make(map[string]string)}
	if err := identity.InitCA(tr.pki); err != nil {
		t.Fatal(err)
	}
	for _, name := range machines {
		tr.quic[name] = freeport.Address()
	}
	return tr
}

// leafDoorOf is where leaf links come in at a machine that listens there.
func leafDoorOf(t *testing.T, addr string) string {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(host, strconv.Itoa(n+1))
}

func memberOf(node, county string, role identity.Role) identity.Member {
	m := identity.Member{Node: node, County: county, Role: role}
	if role == identity.School {
		m.School = node
	}
	return m
}

// start runs a node; its parents are names of nodes that have been placed.
func (tr *tree) start(m identity.Member, at config.County, parents ...string) *running {
	tr.t.Helper()
	if err := identity.IssueMember(tr.pki, m); err != nil {
		tr.t.Fatal(err)
	}
	id, err := identity.Load(filepath.Join(tr.pki, m.Node))
	if err != nil {
		tr.t.Fatal(err)
	}
	at.Name, at.Role, at.State = m.County, m.Role, filepath.Join(tr.pki, m.Node, "state")
	cfg := &config.Config{Node: m.Node, County: at}
	if m.Role != identity.School {
		cfg.Listen.QUIC = tr.quic[m.Node]
	}
	for _, p := range parents {
		cfg.Parents = append(cfg.Parents, config.Parent{Address: tr.quic[p], Node: p})
	}
	log := zap.NewNop()
	if testing.Verbose() {
		log = zaptest.NewLogger(tr.t, zaptest.Level(zap.WarnLevel))
	}
	n, err := New(cfg, id, log, Options{})
	if err != nil {
		tr.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{Node: n, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- n.Run(ctx) }() // ended by end
	tr.nodes[m.Node] = r
	return r
}

// end stops a node, if it runs.
func (tr *tree) end(name string) {
	r := tr.nodes[name]
	if r == nil {
		return
	}
	delete(tr.nodes, name)
	r.stop()
	if err := <-r.done; err != nil {
		tr.t.Errorf("node %s: %v", name, err)
	}
}

// really waits for something that real sockets bring about.
func really(t *testing.T, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > time.Minute {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

// fibre is a TCP line that can be cut.
type fibre struct {
	listener net.Listener
	to       string
	wg       sync.WaitGroup

	mu   sync.Mutex
	cut  bool
	ends []net.Conn
}

// layFibre leads from a port to another one.
func layFibre(t *testing.T, from, to string) *fibre {
	t.Helper()
	l, err := net.Listen("tcp", from)
	if err != nil {
		t.Fatal(err)
	}
	f := &fibre{listener: l, to: to}
	f.wg.Go(f.run) // ended by the listener's close
	t.Cleanup(func() {
		_ = l.Close()
		f.set(true)
		f.wg.Wait()
	})
	return f
}

func (f *fibre) run() {
	for {
		near, err := f.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		far, err := net.Dial("tcp", f.to)
		f.mu.Lock()
		if err != nil || f.cut {
			_ = near.Close()
			if err == nil {
				_ = far.Close()
			}
			f.mu.Unlock()
			continue
		}
		f.ends = append(f.ends, near, far)
		f.mu.Unlock()
		carry := func(to, from net.Conn) {
			_, _ = io.Copy(to, from)
			_, _ = to.Close(), from.Close()
		}
		f.wg.Go(func() { carry(far, near) }) // both end when one end does
		f.wg.Go(func() { carry(near, far) })
	}
}

// set cuts the line, or mends it.
func (f *fibre) set(cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = cut
	if cut {
		for _, c := range f.ends {
			_ = c.Close()
		}
		f.ends = nil
	}
}

func TestFourLevelsOnRealSockets(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds of real time")
	}
	tr := newTree(t, "prov", "city", "hub-a", "hub-b")
	tcp := func() string { return freeport.Local(freeport.Row(2)) }
	prov, city, hubA, hubB, line := tcp(), tcp(), tcp(), tcp(), tcp()
	// The leaf links of both hubs go through one fibre to the city.
	fibre := layFibre(t, leafDoorOf(t, line), leafDoorOf(t, city))
	began := time.Now()
	top := tr.start(memberOf("prov", "p", identity.Province), config.County{Listen: prov})
	tr.start(memberOf("city", "x", identity.City), config.County{Listen: city, Above: []string{prov}}, "prov")
	tr.start(memberOf("hub-a", "c1", identity.Hub), config.County{Listen: hubA, Hubs: []string{hubB}, Above: []string{line}}, "city")
	b := tr.start(memberOf("hub-b", "c1", identity.Hub), config.County{Listen: hubB, Hubs: []string{hubA}, Above: []string{line}}, "city")
	schools := []string{"s1", "s2", "s3", "s4"}
	for _, name := range schools {
		r := tr.start(memberOf(name, "c1", identity.School), config.County{}, "hub-a", "hub-b")
		s := startClip(t, r.Node, media.FeedID(name+"/cam"))
		go s.run() // ended below
		defer close(s.stop)
	}
	defer func() {
		for _, name := range append(schools, "hub-a", "hub-b", "city", "prov") {
			tr.end(name)
		}
	}()
	const all = "s1/cam s2/cam s3/cam s4/cam"
	really(t, "all is known at the top", func() bool { return top.lists() == all })
	t.Logf("the directory is complete at the top %s after the first node began to start", time.Since(began).Round(time.Millisecond))
	way := func(from *running, id media.FeedID) string {
		ways := from.Where(id)
		if len(ways) == 0 || !ways[0].Open {
			return ""
		}
		return strings.Join(ways[0].Path, "/")
	}
	really(t, "the top knows an open way", func() bool {
		w := way(top, "s1/cam")
		return w == "s1/hub-a/city" || w == "s1/hub-b/city"
	})
	t.Log("the way at the top:", way(top, "s1/cam"))
	began = time.Now()
	if picture(t, top.Node, "s1/cam") == 0 {
		t.Error("no picture comes to the top")
	}
	t.Logf("the first picture at the top after %s", time.Since(began).Round(time.Millisecond))

	// County and city lose sight of each other: the county goes on by itself.
	fibre.set(true)
	startClip(t, tr.nodes["s2"].Node, "s2/board")
	d := really(t, "the other hub knows of a new feed", func() bool { return strings.Contains(b.lists(), "s2/board") })
	t.Logf("cut off: a new feed is known in the county after %s", d.Round(time.Millisecond))
	if strings.Contains(top.lists(), "s2/board") {
		t.Error("the cut line carries")
	}
	ways, err := tr.nodes["s1"].place.Load().directory.Where(t.Context(), "s2/board")
	if err != nil || len(ways) == 0 {
		t.Errorf("a school is told nothing while the county is cut off: %v", err)
	}
	fibre.set(false)
	d = really(t, "the top knows of it", func() bool { return strings.Contains(top.lists(), "s2/board") })
	t.Logf("the line is back: the top knows after %s", d.Round(time.Millisecond))

	// One of two hub machines goes: the schools speak by the other.
	tr.end("hub-a")
	startClip(t, tr.nodes["s3"].Node, "s3/board")
	d = really(t, "the top knows of a new feed by the other hub", func() bool {
		return way(top, "s3/board") == "s3/hub-b/city"
	})
	t.Logf("a hub is gone: the top knows the way by the other after %s", d.Round(time.Millisecond))
	really(t, "nothing is known twice or missing", func() bool {
		return top.lists() == "s1/cam s2/board s2/cam s3/board s3/cam s4/cam"
	})
}
