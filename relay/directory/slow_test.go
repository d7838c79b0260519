package directory

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/relay/directory/engine"
	"github.com/classrelay/classrelay/relay/identity"
)

// stall lets the readers of some connections stand still, as those of a process that hangs.
type stall struct {
	mu sync.Mutex
	on chan struct{} // closed: they read
}

func newStall() *stall {
	s := &stall{on: make(chan struct{})}
	close(s.on)
	return s
}

func (s *stall) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = make(chan struct{})
}

func (s *stall) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.on)
}

// stalled is one of those connections.
type stalled struct {
	net.Conn
	by     *stall
	closed chan struct{}
	once   sync.Once
}

// Read implements net.Conn.
func (c *stalled) Read(p []byte) (int, error) {
	c.by.mu.Lock()
	on := c.by.on
	c.by.mu.Unlock()
	select {
	case <-on:
	case <-c.closed:
	}
	return c.Conn.Read(p)
}

// Close implements net.Conn.
func (c *stalled) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// reader is a node that hears the lists of all schools at a hub, and words that are meant
// for it, over a connection whose reading can stand still.
type reader struct {
	stall *stall
	bus   *engine.Bus

	mu    sync.Mutex
	table *Table
	words int // bytes
}

func startReader(t *testing.T, name string, at *hub) *reader {
	t.Helper()
	id := ID{"c1", name}
	r := &reader{stall: newStall(), table: NewTable(id, identity.Hub, 1)}
	rights := engine.Rights{Listen: []string{all(bySchool, "c1", "ann"), "to.c1.hub-b.>"}}
	dials := 0
	bus, err := engine.Dial(name, Inbox(id), func(context.Context) (engine.Dialed, error) { // one at a time
		near, far := net.Pipe()
		dials++
		l := engine.Login{Name: name, Secret: fmt.Sprint(dials)}
		at.wg.Go(func() { _ = at.engine.Serve(context.Background(), far, l, rights) }) // ends with the pipe
		return engine.Dialed{Conn: &stalled{Conn: near, by: r.stall, closed: make(chan struct{})}, Login: l}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.bus = bus
	for on, hear := range map[string]func(body []byte){
		rights.Listen[0]:   r.list,
		"to.c1.hub-b.word": func(body []byte) { r.words += len(body) },
	} {
		if _, err := bus.Listen(on, func(_ string, body []byte) { // ends with the bus
			r.mu.Lock()
			defer r.mu.Unlock()
			hear(body)
		}); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// list takes a school's list in. With mu held.
func (r *reader) list(body []byte) {
	if a, err := Parse(body); err == nil {
		_, _ = r.table.Hear(time.Now(), a) // what is old is of no use
	}
}

// heard is how many bytes of words have come.
func (r *reader) heard() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.words
}

// feeds are those it knows.
func (r *reader) feeds() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table.Tick(time.Now())
	return feedsOf(r.table.Entries())
}

// Who does not read costs the hub a bounded amount of memory and the others nothing, and
// knows all again soon after it reads again.
func TestWhoDoesNotReadIsCutOffAndKnowsAllAgain(t *testing.T) {
	const word = 100 << 10
	for _, tt := range []struct {
		name  string
		words int           // that are sent to it at once
		still time.Duration // for so long it does not read
	}{
		{"more is sent to it than may wait", 60, 14 * time.Second},
		{"it takes nothing for longer than a write may wait", 1, 14 * time.Second},
		{"it hangs for ten minutes", 1, 10 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := startHub(t, "hub-a")
				defer h.close()
				s1, s2 := startSchool(t, "s1", h), startSchool(t, "s2", h)
				defer s1.close()
				defer s2.close()
				r := startReader(t, "hub-b", h)
				defer r.bus.Close()
				s1.announce("s1/cam")
				s2.announce("s2/cam")
				soon(t, 6*time.Second, "it knows both", func() bool { return r.feeds() == "s1/cam s2/cam" })

				r.stall.begin()
				began := time.Now()
				for range tt.words {
					if err := h.engine.Below().Publish("to.c1.hub-b.word", bytes.Repeat([]byte("x"), word)); err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(began); took > 100*time.Millisecond {
					t.Errorf("the hub was held up for %s", took)
				}
				undisturbed(t, h, s1, s2)
				time.Sleep(tt.still - time.Since(began))
				if lost := h.engine.Below().Lost(); lost > 0 || h.feeds() != "s1/cam s2/cam s2/new" {
					t.Errorf("the hub has lost %d messages, and knows %s", lost, h.feeds())
				}

				r.stall.end()
				d := soon(t, 7*time.Second, "it knows what has changed", func() bool { return r.feeds() == h.feeds() })
				soon(t, time.Second, "it hears words", func() bool {
					_ = h.engine.Below().Publish("to.c1.hub-b.word", []byte("x"))
					return r.heard() > 0
				})
				if late := r.heard(); late >= word {
					t.Errorf("%d bytes of what was said long ago have waited for it", late)
				}
				t.Logf("it knows all %s after it reads", d)
			})
		})
	}
}

// undisturbed is how a hub and two schools find each other while a third node does not read.
func undisturbed(t *testing.T, h *hub, s1, s2 *school) {
	t.Helper()
	s2.announce("s2/cam", "s2/new")
	soon(t, 100*time.Millisecond, "the hub knows a new feed", func() bool { return h.feeds() == "s1/cam s2/cam s2/new" })
	began := time.Now()
	ways, err := s1.Where(t.Context(), "s2/new")
	if took := time.Since(began); err != nil || len(ways) != 1 || took > 50*time.Millisecond {
		t.Errorf("a school asks and hears %v, %v after %s", ways, err, took)
	}
}
