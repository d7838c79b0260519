package directory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/directory/engine"
	"github.com/classrelay/classrelay/relay/identity"
)

// The engine runs in these tests, in virtual time: over pipes it needs no sockets.

// hub is a hub machine with its directory.
type hub struct {
	*Directory
	engine *engine.Server
	wg     sync.WaitGroup
	stop   context.CancelFunc
}

func startHub(t *testing.T, name string) *hub {
	t.Helper()
	e, err := engine.New(engine.Config{Node: name, County: "c1", Inbox: Inbox(ID{"c1", name})}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h := &hub{Directory: New(Config{Node: name, County: "c1"}, e.Below(), nil, zap.NewNop()), engine: e, stop: cancel}
	h.wg.Go(func() { report(t, h.Run(ctx)) }) // both end with ctx
	h.wg.Go(func() { report(t, e.Run(ctx)) })
	return h
}

func (h *hub) close() {
	h.stop()
	h.wg.Wait()
}

func report(t *testing.T, err error) {
	if err != nil {
		t.Error(err)
	}
}

// school is a node that attaches to a hub over a pipe that can be cut.
type school struct {
	*Directory
	bus  *engine.Bus
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex
	hub     *hub // nil: the line is cut
	streams []net.Conn
}

func startSchool(t *testing.T, name string, at *hub) *school {
	t.Helper()
	s := &school{hub: at}
	id := ID{"c1", name}
	bus, err := engine.Dial(name, Inbox(id), func(context.Context) (engine.Dialed, error) { return s.dial(id) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.bus, s.stop = bus, cancel
	s.Directory = New(Config{Node: name, County: "c1", Role: identity.School}, bus, nil, zap.NewNop())
	s.wg.Go(func() { report(t, s.Run(ctx)) }) // ends with ctx
	return s
}

func (s *school) dial(id ID) (engine.Dialed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hub == nil {
		return engine.Dialed{}, errors.New("the line is cut")
	}
	near, far := net.Pipe()
	s.streams = append(s.streams, far)
	h, l := s.hub, engine.Login{Name: id.Name, Secret: fmt.Sprint(len(s.streams))}
	h.wg.Go(func() { // ends with the pipe
		_ = h.engine.Serve(context.Background(), far, l, engine.Rights(RightsOf(id, identity.School)))
	})
	return engine.Dialed{Conn: near, Login: l}, nil
}

// move attaches the school to another hub; nil cuts its line.
func (s *school) move(to *hub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub = to
	for _, c := range s.streams {
		_ = c.Close()
	}
}

func (s *school) close() {
	s.stop()
	s.wg.Wait()
	s.bus.Close()
	s.move(nil)
}

func (s *school) announce(feeds ...media.FeedID) {
	var list []Feed
	for _, f := range feeds {
		list = append(list, Feed{ID: f, Online: true})
	}
	s.Announce([]Link{{To: "hub-a", RTT: 20}}, Load{}, list)
}

// soon waits until ok, and tells how long that took in virtual time.
func soon(t *testing.T, most time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > most {
			t.Fatalf("not within %s: %s", most, what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

func (h *hub) feeds() string { return feedsOf(h.Snapshot().Nodes) }

func feedsOf(nodes []Entry) string {
	var out []string
	for _, e := range nodes {
		for _, f := range e.Feeds {
			out = append(out, string(f.ID))
		}
	}
	return strings.Join(out, " ")
}

func TestASchoolIsListedAtOnceAndHealsAfterACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHub(t, "hub-a")
		defer h.close()
		s := startSchool(t, "s1", h)
		defer s.close()
		s.announce("s1/cam")
		soon(t, time.Second, "the school is listed", func() bool { return h.feeds() == "s1/cam" })
		s.announce("s1/cam", "s1/board")
		d := soon(t, 100*time.Millisecond, "a feed more", func() bool { return h.feeds() == "s1/cam s1/board" })
		t.Logf("a new feed is seen after %s", d)
		time.Sleep(time.Minute)
		if got := h.feeds(); got != "s1/cam s1/board" {
			t.Errorf("after a minute of nothing new: %q", got)
		}
		if c := s.Snapshot().Counts; c.Told > 16 {
			t.Errorf("%d lists in a minute in which little happened", c.Told)
		}

		s.move(nil)
		time.Sleep(10 * time.Second)
		s.announce("s1/cam") // one is switched off while the line is cut
		if h.feeds() == "" {
			t.Error("forgotten after ten seconds")
		}
		soon(t, 6*time.Second, "it is gone", func() bool { return h.feeds() == "" })
		time.Sleep(20 * time.Second)
		s.move(h)
		d = soon(t, 2*time.Second, "it is back", func() bool { return h.feeds() == "s1/cam" })
		t.Logf("healed after %s", d)
	})
}

func TestASchoolMovesToTheOtherHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := startHub(t, "hub-a"), startHub(t, "hub-b")
		defer a.close()
		defer b.close()
		s := startSchool(t, "s1", a)
		defer s.close()
		s.announce("s1/cam")
		soon(t, time.Second, "it is at A", func() bool { return a.feeds() == "s1/cam" })
		s.move(b)
		soon(t, 2*time.Second, "it is at B", func() bool { return b.feeds() == "s1/cam" })
	})
}

func TestASchoolHearsAnswersAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHub(t, "hub-a")
		defer h.close()
		s1, s2 := startSchool(t, "s1", h), startSchool(t, "s2", h)
		defer s1.close()
		defer s2.close()
		s1.announce("s1/cam")
		s2.announce("s2/cam")
		soon(t, time.Second, "both are listed", func() bool { return h.feeds() == "s1/cam s2/cam" })

		ctx := t.Context()
		ways, err := s1.Where(ctx, "s2/cam")
		if err != nil || len(ways) != 1 || strings.Join(ways[0].Path, "/") != "s2/hub-a" || !ways[0].Open || ways[0].Cost != 40 {
			t.Errorf("%+v, %v", ways, err)
		}
		if ways, err = s1.Where(ctx, "s2/late"); err != nil || len(ways) != 0 {
			t.Errorf("%+v, %v", ways, err)
		}
		// It is there a moment later, and asked again after a second.
		s2.announce("s2/cam", "s2/late")
		time.Sleep(100 * time.Millisecond)
		if ways, err = s1.Where(ctx, "s2/late"); err != nil || len(ways) != 0 {
			t.Errorf("asked again at once: %+v, %v", ways, err)
		}
		time.Sleep(time.Second)
		if ways, err = s1.Where(ctx, "s2/late"); err != nil || len(ways) != 1 {
			t.Errorf("%+v, %v", ways, err)
		}
		if c := s1.Snapshot().Counts; c.Heard != 0 {
			t.Errorf("the school hears %d announcements of others", c.Heard)
		}
	})
}

func TestWhereWithoutAHubIsAnErrorInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHub(t, "hub-a")
		s := startSchool(t, "s1", h)
		defer s.close()
		s.announce("s1/cam")
		soon(t, time.Second, "it is listed", func() bool { return h.feeds() != "" })
		s.move(nil)
		h.close()
		if ways, err := s.Where(t.Context(), "s1/cam"); err != nil || len(ways) != 1 {
			t.Errorf("its own feed: %+v, %v", ways, err)
		}
		began := time.Now()
		if _, err := s.Where(t.Context(), "s2/cam"); err == nil || time.Since(began) > answerWithin {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestForgedListsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHub(t, "hub-a")
		defer h.close()
		s := startSchool(t, "s1", h)
		defer s.close()
		soon(t, time.Second, "it is listed", func() bool { n, _ := h.Len(); return n == 1 })
		later := func(n Node) Node { // than what the school itself says
			n.Epoch, n.Seq = time.Now().UnixMilli()+1, 1000
			return n
		}
		before := h.Snapshot().Counts
		for i, forged := range []*Announcement{
			says(later(list("s2", identity.School, 1, "hub-a", "s2/forged"))),
			says(later(list("s1", identity.Hub, 1, "hub-a", "s1/forged"))),
			says(later(list("s1", identity.School, 1, "hub-a", "s2/forged"))),
			tells("s1", "c1", 2000, list("s2", identity.School, 1, "hub-a", "s2/forged")),
		} {
			b, err := forged.encode()
			if err != nil {
				t.Fatal(err)
			}
			for _, on := range []string{"school.c1.s1.ann", "school.c1.s2.ann", "machine.c1.s1.ann", "hub.c1.s1.sum"} {
				if err := s.bus.Publish(on, b); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Second)
			if after := h.Snapshot().Counts; after.Refused != before.Refused+uint64(i)+1 || h.feeds() != "" {
				t.Errorf("%d: %d refused, feeds %q", i, after.Refused-before.Refused, h.feeds())
			}
		}
		if err := s.bus.Publish("school.c1.s1.ann", []byte("{")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := h.Snapshot().Counts.Refused - before.Refused; got != 5 {
			t.Errorf("%d refused", got)
		}
		if m := h.Machines(); len(m) != 1 {
			t.Errorf("a school makes itself a machine: %v", m)
		}
	})
}
