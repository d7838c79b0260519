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
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/plan"
	"github.com/classrelay/classrelay/relay/store"
)

// planning is a county with two hubs, the first of which writes, and two schools. Each
// school dials both hubs, and the second hub the first.
type planning struct {
	*county
	dir    string
	beside map[string]*store.Store // beside the node, as the commands open it
	said   map[string]*observer.ObservedLogs
}

// addresses of the county's machines.
func addressOf(name string) string {
	return map[string]string{"hub-a": "10.0.0.1", "hub-b": "10.0.0.2", "s1": "10.0.0.3", "s2": "10.0.0.4"}[name]
}

func newPlanning(t *testing.T) *planning {
	t.Helper()
	p := &planning{
		county: newCounty(t), dir: t.TempDir(), beside: make(map[string]*store.Store),
		said: make(map[string]*observer.ObservedLogs),
	}
	line := netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond}
	for name, above := range map[string][]string{"hub-a": nil, "hub-b": {"hub-a"}, "s1": {"hub-a", "hub-b"}, "s2": {"hub-a", "hub-b"}} {
		m := identity.Member{Node: name, County: "c1", Role: identity.Hub}
		if strings.HasPrefix(name, "s") {
			m.Role, m.School = identity.School, name
		}
		if err := identity.IssueMember(p.pki, m); err != nil {
			t.Fatal(err)
		}
		p.nodes[name] = nil // known
		for _, up := range above {
			p.link(addressOf(up), addressOf(name), line)
		}
	}
	p.up("hub-a")
	if _, err := p.beside["hub-a"].Begin(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	return p
}

// up starts a machine, with feeds in its own file if any.
func (p *planning) up(name string, own ...media.FeedID) {
	p.t.Helper()
	cfg := &config.Config{
		Identity: "pki", County: config.County{State: filepath.Join(p.dir, name)},
		Listen: config.Listen{QUIC: ":4433"}, Feeds: make(map[media.FeedID]config.Feed),
	}
	for _, id := range own {
		cfg.Feeds[id] = config.Feed{Main: "rtsp://10.9.0.9/own"}
	}
	for _, hub := range []string{"hub-a", "hub-b"} {
		if name != "hub-a" && name != hub {
			cfg.Parents = append(cfg.Parents, config.Parent{Address: addressOf(hub) + ":4433"})
		}
	}
	core, said := observer.New(zapcore.InfoLevel)
	p.said[name], p.log = said, zap.New(core)
	p.run(name, addressOf(name), cfg)
	time.Sleep(time.Second)
	if p.beside[name] == nil {
		s, err := store.Open(store.In(cfg.County.State))
		if err != nil {
			p.t.Fatal(err)
		}
		p.beside[name] = s
	}
}

// end stops machines, and closes the stores beside them.
func (p *planning) end(names ...string) {
	p.t.Helper()
	p.close(names...)
	for _, s := range p.beside {
		if err := s.Close(); err != nil {
			p.t.Error(err)
		}
	}
}

// rooms plans for each school the rooms named, SCHOOL/ROOM, at addresses with a password.
func rooms(names ...media.FeedID) *config.Plan {
	p := &config.Plan{Schools: make(map[string]config.School), Classes: make(map[string]config.Class)}
	for _, id := range names {
		school, _, _ := strings.Cut(string(id), "/")
		if p.Schools[school].Feeds == nil {
			p.Schools[school] = config.School{Feeds: make(map[media.FeedID]config.Feed)}
		}
		p.Schools[school].Feeds[id] = config.Feed{Main: fmt.Sprintf("rtsp://admin:secret-of-%s@10.9.0.1/%s", school, id)}
	}
	return p
}

// edit makes the county's configuration what a plan says, at a hub.
func (p *planning) edit(hub string, to *config.Plan) error {
	edits, err := plan.Edits(p.t.Context(), p.beside[hub], to, false)
	if err == nil {
		_, err = plan.Apply(p.t.Context(), p.beside[hub], edits, "test")
	}
	return err
}

// apply is edit at the hub that writes.
func (p *planning) apply(hub string, to *config.Plan) {
	p.t.Helper()
	if err := p.edit(hub, to); err != nil {
		p.t.Fatal(err)
	}
}

// has waits until a node runs with exactly these feeds.
func (p *planning) has(name string, within time.Duration, want ...media.FeedID) {
	p.t.Helper()
	var got []media.FeedID
	for began := time.Now(); time.Since(began) < within; time.Sleep(10 * time.Millisecond) {
		if got = p.feeds(name); slices.Equal(got, want) {
			p.t.Logf("%s has %v after %s", name, want, time.Since(began))
			return
		}
	}
	p.t.Fatalf("%s has %v after %s, want %v", name, got, within, want)
}

func (p *planning) feeds(name string) (list []media.FeedID) {
	d := p.nodes[name].duties
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.cameras {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// camera is what a node pulls a feed with.
func (p *planning) camera(name string, id media.FeedID) *pulled {
	d := p.nodes[name].duties
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cameras[id]
}

func (p *planning) cut(name string, cut bool) {
	for _, hub := range []string{"hub-a", "hub-b"} {
		switch {
		case hub == name:
		case cut:
			p.net.Cut(addressOf(hub), addressOf(name))
		default:
			p.net.Restore(addressOf(hub), addressOf(name))
		}
	}
}

func TestWhatIsPlannedAtAHubIsAtTheSchool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlanning(t)
		p.apply("hub-a", rooms("s1/room-1", "s2/room-1"))
		p.up("s1")
		p.up("s2")
		p.has("s1", 3*time.Second, "s1/room-1")
		p.has("s2", 3*time.Second, "s2/room-1")
		if got := p.nodes["s1"].duties.config().Feeds["s1/room-1"].Main; !strings.Contains(got, ":secret-of-s1@") {
			t.Errorf("the camera's address: %s", got)
		}
		lesson, other := p.camera("s1", "s1/room-1"), p.camera("s2", "s2/room-1")
		p.apply("hub-a", rooms("s1/room-1", "s1/room-2", "s2/room-1"))
		p.has("s1", 2*time.Second, "s1/room-1", "s1/room-2") // a second to see it, and the line
		p.apply("hub-a", rooms("s1/room-1", "s2/room-1"))
		p.has("s1", 2*time.Second, "s1/room-1")
		if p.camera("s1", "s1/room-1") != lesson || p.camera("s2", "s2/room-1") != other {
			t.Error("a camera that nobody has changed was stopped and started")
		}
		p.end("s1", "s2", "hub-a")
	})
}

func TestASchoolHoldsNothingOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlanning(t)
		all := rooms("s1/room-1", "s2/room-1", "s3/room-1")
		all.Classes["of-others"] = config.Class{
			Main: "s2", Hubs: []string{"hub-a"}, Rooms: map[string]media.FeedID{"s2": "s2/room-1", "s3": "s3/room-1"},
		}
		p.apply("hub-a", all)
		p.up("s1")
		p.has("s1", 3*time.Second, "s1/room-1")
		for _, table := range []string{
			store.TableSchool, store.TableCamera, store.TableClass, store.TableMember, store.TableUser,
		} {
			list, err := p.beside["s1"].List(t.Context(), table, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list {
				if r.Key != "s1" && !strings.HasPrefix(r.Key, "s1/") {
					t.Errorf("s1 has %s %s", table, r.Key)
				}
			}
		}
		time.Sleep(lookAtRecords + time.Millisecond) // the hub answers from its disk before it looks there itself
		if class, _ := p.nodes["hub-a"].table.classes.find("of-others"); class == nil {
			t.Error("the hub does not have the class")
		}
		p.end("s1", "hub-a")
	})
}

func TestASchoolThatWasCutOffGetsWhatHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlanning(t)
		before := []media.FeedID{"s1/room-1", "s1/room-2", "s1/room-3", "s2/room-1"}
		p.apply("hub-a", rooms(before...))
		p.up("s1")
		p.has("s1", 3*time.Second, before[:3]...)
		lesson := p.camera("s1", "s1/room-1")
		p.cut("s1", true)
		time.Sleep(30 * time.Second)
		p.apply("hub-a", rooms("s1/room-1", "s1/room-3", "s1/room-4", "s2/room-1"))
		time.Sleep(30 * time.Second)
		if got := p.feeds("s1"); !slices.Equal(got, before[:3]) {
			t.Errorf("cut off it has %v", got)
		}
		p.cut("s1", false)
		p.has("s1", 5*time.Second, "s1/room-1", "s1/room-3", "s1/room-4")
		if p.camera("s1", "s1/room-1") != lesson {
			t.Error("a camera that nobody has changed was stopped and started")
		}
		came := p.said["s1"].FilterMessage("records from a hub").All()
		last := came[len(came)-1].ContextMap()
		if last["records"] != int64(2) || last["all_there_are"] != false {
			t.Errorf("for one room more and one less came %v", last)
		}
		p.end("s1", "hub-a")
	})
}

func TestASchoolThatStartsCutOffGoesOnWithItsSlice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlanning(t)
		p.apply("hub-a", rooms("s1/room-1"))
		p.up("s1")
		p.has("s1", 3*time.Second, "s1/room-1")
		p.cut("s1", true)
		p.close("s1")
		p.up("s1")
		p.has("s1", time.Second, "s1/room-1")
		if n := len(p.nodes["s1"].table.peers()); n != 0 {
			t.Errorf("it has %d links", n)
		}
		if got := p.nodes["s1"].duties.config().Feeds["s1/room-1"].Main; !strings.Contains(got, ":secret-of-s1@") {
			t.Errorf("the camera's address: %s", got)
		}
		p.end("s1", "hub-a")
	})
}

func TestWhatStandsInTheOwnFileGoesBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlanning(t)
		p.apply("hub-a", rooms("s1/room-1", "s1/room-2"))
		p.up("s1", "s1/room-2", "s1/own")
		p.has("s1", 3*time.Second, "s1/own", "s1/room-1", "s1/room-2")
		if got := p.nodes["s1"].duties.config().Feeds["s1/room-2"].Main; got != "rtsp://10.9.0.9/own" {
			t.Errorf("room-2 comes from %s", got)
		}
		if p.said["s1"].FilterMessageSnippet("the file is in force").Len() == 0 {
			t.Error("nobody was told")
		}
		p.apply("hub-a", rooms("s1/room-2"))
		p.has("s1", 3*time.Second, "s1/own", "s1/room-2")
		reloaded := *p.nodes["s1"].duties.file
		reloaded.Feeds = nil
		if _, err := p.nodes["s1"].Reload(&reloaded); err != nil {
			t.Fatal(err)
		}
		p.has("s1", time.Second, "s1/room-2")
		if got := p.nodes["s1"].duties.config().Feeds["s1/room-2"].Main; !strings.Contains(got, "10.9.0.1") {
			t.Errorf("with nothing in the file, room-2 comes from %s", got)
		}
		p.end("s1", "hub-a")
	})
}

// The first hub is cut off and replaced. What is changed there meanwhile is taken nowhere,
// and when it is back it follows the new writer.
func TestAReturnedWriterIsFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlanning(t)
		p.apply("hub-a", rooms("s1/room-1"))
		p.up("hub-b")
		p.up("s1")
		p.has("s1", 3*time.Second, "s1/room-1")
		p.isolate("hub-a", true)
		time.Sleep(10 * time.Second)
		if _, err := p.beside["hub-b"].Promote(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
		p.apply("hub-b", rooms("s1/room-1", "s1/new"))
		p.has("s1", 3*time.Second, "s1/new", "s1/room-1")
		p.apply("hub-a", rooms("s1/old")) // nobody there knows yet
		p.isolate("hub-a", false)
		time.Sleep(20 * time.Second)
		p.has("s1", time.Second, "s1/new", "s1/room-1")
		g, err := p.beside["hub-a"].Standing(t.Context())
		if err != nil || g.Writer || g.Refused == 0 {
			t.Errorf("the old writer: %+v, %v", g, err)
		}
		if err := p.edit("hub-a", rooms("s1/old")); err == nil || !strings.Contains(err.Error(), store.ErrNotWriter.Error()) {
			t.Errorf("an edit there: %v", err)
		}
		p.end("s1", "hub-b", "hub-a")
	})
}

// isolate cuts a hub off from all machines.
func (p *planning) isolate(hub string, cut bool) {
	for _, name := range []string{"hub-b", "s1", "s2"} {
		if cut {
			p.net.Cut(addressOf(hub), addressOf(name))
		} else {
			p.net.Restore(addressOf(hub), addressOf(name))
		}
	}
}

func TestARevokedSchoolIsOutAtTheSecondHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlanning(t)
		p.apply("hub-a", rooms("s1/room-1"))
		p.up("hub-b")
		p.up("s1")
		p.has("s1", 3*time.Second, "s1/room-1")
		writeDown(t, p.beside["hub-a"], p.nodes["s1"].id)
		revoke(t, p.beside["hub-a"], "s1")
		out := func() bool { return len(p.nodes["s1"].table.peers()) == 0 }
		t.Logf("out at both hubs after %s", soon(t, 10*time.Second, "it is out", out))
		p.end("s1", "hub-b", "hub-a")
	})
}

func TestWhoGetsWhichRecordsAndWhoIsBelieved(t *testing.T) {
	hub := identity.Member{Node: "hub", County: "c1", Role: identity.Hub}
	school := identity.Member{Node: "s1", County: "c1", Role: identity.School, School: "s1"}
	for _, tt := range []struct {
		name       string
		self, peer identity.Member
		slice      string
		gets       bool
		believed   bool
	}{
		{"a school at its hub", hub, school, "s1", true, false},
		{"a school's second machine", hub, identity.Member{Node: "s1-2", County: "c1", Role: identity.School, School: "s1"}, "s1", true, false},
		{"a hub at a hub", hub, identity.Member{Node: "hub-b", County: "c1", Role: identity.Hub}, "", true, true},
		{"a hub at a school", school, hub, "", false, true},
		{"a hub of another county", hub, identity.Member{Node: "x", County: "c2", Role: identity.Hub}, "", false, false},
		{"the city", hub, identity.Member{Node: "city", County: "c1", Role: identity.City}, "", false, false},
		{"issued by hand, without a county", hub, identity.Member{Node: "branch"}, "", false, false},
		{"a small site's nodes", identity.Member{Node: "a"}, identity.Member{Node: "b"}, "", false, false},
		{"a school at a school", school, identity.Member{Node: "s2", County: "c1", Role: identity.School, School: "s2"}, "", false, false},
	} {
		slice, gets := mayHave(tt.self, tt.peer)
		if slice != tt.slice || gets != tt.gets || mayInstruct(tt.self, tt.peer) != tt.believed {
			t.Errorf("%s: gets %q, %v; believed %v", tt.name, slice, gets, mayInstruct(tt.self, tt.peer))
		}
	}
}

// A school's file is all there is when the disk does not let the node keep a slice.
func TestASchoolWithoutAStateGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlanning(t)
		other, err := store.Open(store.In(filepath.Join(p.dir, "s1")))
		if err == nil {
			err = other.BelongTo(context.Background(), "s9") // the machine has moved
		}
		if err != nil {
			t.Fatal(err)
		}
		p.beside["s1"] = other
		p.up("s1", "s1/own")
		p.has("s1", time.Second, "s1/own")
		if p.said["s1"].FilterMessageSnippet("its own file is in force").Len() != 1 {
			t.Error("nobody was told")
		}
		p.end("s1", "hub-a")
	})
}
