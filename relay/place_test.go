package relay

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/identity"
)

// join runs a node that is a member of county c1. Feeds are to be pushed, so that the
// node has them without cameras.
func (c *county) join(name, ip string, role identity.Role, parents ...string) *running {
	c.t.Helper()
	if _, known := c.nodes[name]; !known {
		m := identity.Member{Node: name, County: "c1", Role: role}
		if role == identity.School {
			m.School = name
		}
		if err := identity.IssueMember(c.pki, m); err != nil {
			c.t.Fatal(err)
		}
	}
	id, err := identity.Load(filepath.Join(c.pki, name))
	if err != nil {
		c.t.Fatal(err)
	}
	cfg := &config.Config{
		Listen: config.Listen{QUIC: ":4433"},
		County: config.County{Name: "c1", State: filepath.Join(c.pki, name, "state")},
	}
	for _, p := range parents {
		cfg.Parents = append(cfg.Parents, config.Parent{Address: p + ":4433"})
	}
	return c.runAs(id, ip, cfg)
}

// knows are the feeds that a node's table knows, in order.
func (r *running) knows() string {
	var ids []string
	for _, id := range r.table.allFeeds() {
		ids = append(ids, string(id))
	}
	return strings.Join(ids, " ")
}

// lists are the feeds of others in a node's directory.
func (r *running) lists() string {
	m := r.place.Load()
	if m == nil {
		return ""
	}
	var ids []string
	for _, e := range m.directory.Snapshot().Nodes {
		for _, f := range e.Feeds {
			ids = append(ids, string(f.ID))
		}
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

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

func (c *county) wire(a, b string) {
	c.t.Helper()
	c.link(a, b, netem.Profile{Rate: 100e6, Delay: 15 * time.Millisecond})
}

func TestASchoolOfACountyHearsOfWhatItAsksForOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		hub := c.join("hub", "10.0.0.1", identity.Hub)
		var clips []*clip
		names := []string{"hub"}
		for i := range 4 {
			name, ip := fmt.Sprint("s", i), fmt.Sprintf("10.0.1.%d", i+1)
			c.wire("10.0.0.1", ip)
			s := startClip(t, c.join(name, ip, identity.School, "10.0.0.1").Node, media.FeedID(name+"/cam"))
			go s.run() // ended below
			clips = append(clips, s)
			names = append(names, name)
		}
		d := soon(t, 5*time.Second, "all are listed", func() bool { return hub.lists() == "s0/cam s1/cam s2/cam s3/cam" })
		t.Logf("all are listed after %s", d)
		time.Sleep(20 * time.Second)
		for i := range 4 {
			name := fmt.Sprint("s", i)
			if got := c.nodes[name].knows(); got != name+"/cam" {
				t.Errorf("%s knows %q", name, got)
			}
		}
		lat, frames := watch(t, c.nodes["s1"].Node, "s2/cam", 5*time.Second)
		if frames < 115 {
			t.Errorf("%d of about 125 frames", frames)
		}
		t.Logf("school to school: p50 %v", percentile(lat, 50))
		if got := c.nodes["s1"].knows(); got != "s1/cam s2/cam" {
			t.Errorf("s1 knows %q", got)
		}
		if got := c.nodes["s0"].knows(); got != "s0/cam" {
			t.Errorf("s0 knows %q", got)
		}
		// Long after the last viewer it is none of its business any more.
		time.Sleep(30 * time.Second)
		if got := c.nodes["s1"].knows(); got != "s1/cam" {
			t.Errorf("s1 knows %q", got)
		}
		ways, err := c.nodes["s3"].place.Load().directory.Where(t.Context(), "s0/cam")
		if err != nil || len(ways) != 1 || strings.Join(ways[0].Path, "/") != "s0/hub" || !ways[0].Open || ways[0].Cost < 55 {
			t.Errorf("where is s0/cam: %+v, %v", ways, err)
		}
		for _, s := range clips {
			close(s.stop)
		}
		c.close(names...)
	})
}

func TestTheDirectoryHealsWithItsLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.wire("10.0.0.1", "10.0.1.1")
		hub := c.join("hub", "10.0.0.1", identity.Hub)
		school := c.join("s1", "10.0.1.1", identity.School, "10.0.0.1")
		s := startClip(t, school.Node, "s1/cam")
		go s.run() // ended below
		soon(t, 5*time.Second, "it is listed", func() bool { return hub.lists() == "s1/cam" })
		for _, cut := range []time.Duration{3 * time.Second, 30 * time.Second, 10 * time.Minute} {
			c.net.Cut("10.0.0.1", "10.0.1.1")
			time.Sleep(cut)
			if listed := hub.lists() != ""; listed != (cut < 15*time.Second) {
				t.Errorf("cut for %s: listed %t", cut, listed)
			}
			if school.knows() != "s1/cam" {
				t.Error("the school has lost its own feed")
			}
			c.net.Restore("10.0.0.1", "10.0.1.1")
			d := soon(t, 7*time.Second, "it is listed again", func() bool { return hub.lists() == "s1/cam" })
			t.Logf("cut for %s: healed after %s", cut, d)
		}
		close(s.stop)
		c.close("s1", "hub")
	})
}

// The build before this one knows nothing of a county: such a node is told all, and tells
// all, whichever end of the link it is.
func TestANodeThatKnowsNoCounty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.wire("10.0.0.1", "10.0.1.1")
		c.wire("10.0.0.1", "10.0.1.2")
		c.wire("10.0.0.9", "10.0.1.2")
		hub := c.join("hub", "10.0.0.1", identity.Hub)
		oldHub := c.start("old-hub", "10.0.0.9")
		old := c.start("old", "10.0.1.1", "10.0.0.1")
		school := c.join("s2", "10.0.1.2", identity.School, "10.0.0.1", "10.0.0.9")
		var clips []*clip
		for id, n := range map[media.FeedID]*running{"old/cam": old, "s2/cam": school, "old-hub/cam": oldHub} {
			s := startClip(t, n.Node, id)
			go s.run() // ended below
			clips = append(clips, s)
		}
		soon(t, 5*time.Second, "the hub hears both", func() bool { return hub.knows() == "old/cam s2/cam" })
		soon(t, 5*time.Second, "the old school hears all", func() bool { return old.knows() == "old/cam s2/cam" })
		soon(t, 5*time.Second, "the old hub hears all", func() bool { return oldHub.knows() == "old-hub/cam s2/cam" })
		soon(t, 5*time.Second, "the directory lists its own", func() bool { return hub.lists() == "s2/cam" })
		if _, frames := watch(t, school.Node, "old/cam", 5*time.Second); frames < 115 {
			t.Errorf("%d of about 125 frames", frames)
		}
		if _, frames := watch(t, old.Node, "s2/cam", 5*time.Second); frames < 115 {
			t.Errorf("%d of about 125 frames", frames)
		}
		for _, s := range clips {
			close(s.stop)
		}
		c.close("s2", "old", "old-hub", "hub")
	})
}

func TestWhereAPeerStands(t *testing.T) {
	m := func(county string, role identity.Role) identity.Member {
		return identity.Member{Node: "n", County: county, Role: role}
	}
	for _, test := range []struct {
		self, peer identity.Member
		want       stand
	}{
		{m("c1", identity.School), m("c1", identity.Hub), standsAbove},
		{m("c1", identity.Hub), m("c1", identity.School), standsBelow},
		{m("c1", identity.Hub), m("c1", identity.Hub), standsBeside},
		{m("c1", identity.Hub), m("x", identity.City), standsAbove},
		{m("p", identity.Province), m("c1", identity.Hub), standsBelow},
		{m("c1", identity.School), m("c1", identity.School), standsNowhere},
		{m("", ""), m("c1", identity.Hub), standsNowhere},
		{m("c1", identity.Hub), m("", ""), standsNowhere},
	} {
		if got := stands(test.self, test.peer); got != test.want {
			t.Errorf("from %s of %q, %s of %q stands %d, want %d", test.self.Role, test.self.County, test.peer.Role,
				test.peer.County, got, test.want)
		}
	}
}

// What is asked for goes up, sideways and down as it must, and never round in a circle.
func TestWhoIsAskedOnBehalfOfWhom(t *testing.T) {
	tb := newTable("hub-a", zaptest.NewLogger(t))
	now := time.Now()
	links := make(map[string]*link)
	for name, s := range map[string]stand{
		"s1": standsBelow, "s2": standsBelow, "hub-b": standsBeside, "city": standsAbove, "old": standsNowhere,
	} {
		links[name] = &link{peer: name, name: name, leg: leg{farEnd: farEnd{stands: s, asks: true}}, mail: newMailbox()}
		tb.links[name] = links[name]
	}
	for _, name := range []string{"s1", "hub-b", "city", "old"} {
		tb.asked(links[name], []media.FeedID{media.FeedID("for-" + name)})
	}
	tb.mu.Lock()
	tb.seek("here")
	tb.mu.Unlock()
	for name, want := range map[string]string{
		"s1":    "for-city for-hub-b for-old here",
		"s2":    "for-city for-hub-b for-old for-s1 here",
		"hub-b": "for-s1 here",
		"city":  "for-s1 here",
	} {
		var got []string
		for _, id := range tb.sought(now, links[name]) {
			got = append(got, string(id))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is asked for %v, want %s", name, got, want)
		}
	}
	if got := tb.sought(now.Add(linger+time.Second), links["city"]); len(got) != 1 {
		t.Errorf("it is sought for ever: %v", got)
	}
	tb.removeLink(links["s1"])
	if got := tb.sought(now.Add(linger+time.Second), links["city"]); len(got) != 0 {
		t.Errorf("it is sought for one who has gone: %v", got)
	}
}

func TestTheLevelAboveIsToldWhatTheCountyShares(t *testing.T) {
	tb := newTable("hub-a", zaptest.NewLogger(t))
	at := config.County{Share: []config.Share{{Feeds: "open/*"}, {Feeds: "yard", Layer: "sub"}}}
	tb.hearing.share = at.Sharing()
	feeds := feedsOf("s1", "open/s1", "s1/pupils", "yard", "open/a/b")
	for i := range feeds {
		feeds[i].Layers = []media.Layer{media.LayerMain, media.LayerSub, media.LayerAudio}
		feeds[i].Tracks = map[media.Layer]*media.Track{media.LayerMain: {}, media.LayerSub: {}}
	}
	tb.routes.SetPeer("s1", feeds, 0)
	city := &link{peer: "city", name: "city", leg: leg{farEnd: farEnd{stands: standsAbove}}}
	below := &link{peer: "s2", name: "s2", leg: leg{farEnd: farEnd{stands: standsBelow}}}
	var got []string
	for _, f := range tb.announcementTo(city).Feeds {
		got = append(got, fmt.Sprintf("%s %v %d", f.ID, f.Layers, len(f.Tracks)))
	}
	if strings.Join(got, " ") != "open/s1 [main sub audio] 2 yard [sub audio] 1" {
		t.Errorf("the city is told of %v", got)
	}
	toSchool := tb.announcementTo(below).Feeds
	if len(toSchool) != 4 || len(toSchool[3].Layers) != 3 || len(toSchool[3].Tracks) != 2 {
		t.Errorf("a school is told of %+v", toSchool)
	}
	for _, test := range []struct {
		to    *link
		feed  media.FeedID
		layer media.Layer
		may   bool
	}{
		{city, "s1/pupils", media.LayerSub, false},
		{city, "yard", media.LayerMain, false},
		{city, "yard", media.LayerSub, true},
		{city, "yard", media.LayerAudio, true},
		{city, "open/s1", media.LayerMain, true},
		{below, "s1/pupils", media.LayerMain, true},
	} {
		err := tb.mayHave(test.to, &control.Subscribe{Feed: test.feed, Layer: test.layer})
		if (err == nil) != test.may {
			t.Errorf("%s of %s for %s: %v", test.layer, test.feed, test.to.name, err)
		}
	}
}

func feedsOf(peer string, ids ...media.FeedID) (feeds []control.Feed) {
	for _, id := range ids {
		feeds = append(feeds, control.Feed{ID: id, Path: []string{peer}, Online: true})
	}
	return feeds
}

// A turn is to show the new main school at once, so its room is known before.
func TestASchoolHearsOfTheRoomsOfItsClasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		hub := c.join("hub", "10.0.0.1", identity.Hub)
		names, clips := []string{"hub"}, []*clip(nil)
		for i := range 3 {
			name, ip := fmt.Sprint("s", i), fmt.Sprintf("10.0.1.%d", i+1)
			c.wire("10.0.0.1", ip)
			s := startClip(t, c.join(name, ip, identity.School, "10.0.0.1").Node, media.FeedID(name+"/cam"))
			go s.run() // ended below
			clips, names = append(clips, s), append(names, name)
		}
		s0 := c.nodes["s0"]
		time.Sleep(time.Second) // who does not run yet takes no new configuration
		cfg := *hub.duties.config()
		cfg.Classes = map[string]config.Class{"maths": {Main: "s1", Rooms: map[string]media.FeedID{"s0": "s0/cam", "s1": "s1/cam"}}}
		if _, err := hub.Reload(&cfg); err != nil {
			t.Fatal(err)
		}
		soon(t, time.Second, "s0 knows the other room", func() bool { return s0.knows() == "s0/cam s1/cam" })
		time.Sleep(30 * time.Second)
		if got := s0.knows(); got != "s0/cam s1/cam" {
			t.Errorf("later it knows %q", got)
		}
		if got := c.nodes["s2"].knows(); got != "s2/cam" {
			t.Errorf("who is not in the class knows %q", got)
		}
		cfg.Classes = nil
		if _, err := hub.Reload(&cfg); err != nil {
			t.Fatal(err)
		}
		soon(t, 10*time.Second, "s0 hears no more of it", func() bool { return s0.knows() == "s0/cam" })
		for _, s := range clips {
			close(s.stop)
		}
		c.close(names...)
	})
}

// Whoever shows a feed need not wait for the next look at what is to be asked for.
func TestAFeedThatBecomesWantedIsAskedForAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		hub := c.join("hub", "10.0.0.1", identity.Hub)
		c.wire("10.0.0.1", "10.0.1.1")
		s1 := c.join("s1", "10.0.1.1", identity.School, "10.0.0.1")
		s := startClip(t, hub.Node, "hall")
		go s.run() // ended below
		time.Sleep(10 * time.Second)
		for range 5 { // at all times of the second between two looks
			wake := make(chan struct{}, 1) // nobody reads
			want := s1.table.subscribe(s1.table.named("hall"), media.LayerMain, wake, false)
			if d := soon(t, time.Second, "it is known", func() bool { return s1.hearsOf("hall") }); d > 100*time.Millisecond {
				t.Errorf("known after %s, over a round trip of 30 ms", d)
			}
			want.Close()
			time.Sleep(linger + 5*time.Second + 230*time.Millisecond)
			if s1.hearsOf("hall") {
				t.Fatal("it is heard of though nobody wants it: this shows nothing")
			}
		}
		close(s.stop)
		c.close("s1", "hub")
	})
}
