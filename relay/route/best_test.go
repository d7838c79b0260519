package route

import (
	"fmt"
	"slices"
	"testing"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
)

// twoHubs is a school that gets the room of school "t" by either of two hubs.
func twoHubs() *Table {
	tb := New("s")
	for _, hub := range []string{"a", "b"} {
		tb.SetPeer(hub, []control.Feed{feed("room", "t", hub)}, 0)
	}
	return tb
}

func (t *Table) by(id media.FeedID) string {
	peer, _, _ := t.Best(id)
	return peer
}

func TestAWatchedFeedStaysWhereItIs(t *testing.T) {
	offline := func(f control.Feed) control.Feed { f.Online = false; return f }
	silent := func(f control.Feed) control.Feed { f.Silent = true; return f }
	for _, tt := range []struct {
		name string
		held string
		do   func(tb *Table)
		want string
	}{
		{"nobody watches: the first by name", "", func(*Table) {}, "a"},
		{"held on the second hub, both as good", "b", func(*Table) {}, "b"},
		{"held, and a shorter path appears", "b", func(tb *Table) {
			tb.SetPeer("t", []control.Feed{feed("room", "t")}, 0)
		}, "b"},
		{"held, the camera is off, and only its hub has heard of it", "b", func(tb *Table) {
			tb.SetPeer("b", []control.Feed{offline(feed("room", "t", "b"))}, 0)
		}, "b"},
		{"held, the camera is back, and only the other hub has heard of it", "b", func(tb *Table) {
			tb.SetPeer("b", []control.Feed{offline(feed("room", "t", "b"))}, 0)
			tb.SetPeer("a", []control.Feed{offline(feed("room", "t", "a"))}, 0)
			tb.SetPeer("a", []control.Feed{feed("room", "t", "a")}, 0)
		}, "b"},
		{"held and off, and another node has a source of that name", "b", func(tb *Table) {
			tb.SetPeer("b", []control.Feed{offline(feed("room", "t", "b"))}, 0)
			tb.SetPeer("a", []control.Feed{feed("room", "u", "a")}, 0)
		}, "a"},
		{"held on a link that is quiet", "b", func(tb *Table) {
			tb.SetSilence(map[string]Silence{"b": Quiet})
		}, "a"},
		{"both links are quiet: it is this node's own line", "b", func(tb *Table) {
			tb.SetSilence(map[string]Silence{"a": Quiet, "b": Quiet})
		}, "b"},
		{"held, and its hub says that it hears nothing from further up", "b", func(tb *Table) {
			tb.SetPeer("b", []control.Feed{silent(feed("room", "t", "b"))}, 0)
		}, "a"},
		{"both hubs say so: it is the origin's line", "b", func(tb *Table) {
			tb.SetPeer("a", []control.Feed{silent(feed("room", "t", "a"))}, 0)
			tb.SetPeer("b", []control.Feed{silent(feed("room", "t", "b"))}, 0)
		}, "b"},
		{"held by a peer that is gone", "b", func(tb *Table) { tb.RemovePeer("b") }, "a"},
		{"held by a peer that does not have it any more", "b", func(tb *Table) { tb.SetPeer("b", nil, 0) }, "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tb := twoHubs()
			tb.Hold("room", tt.held)
			tt.do(tb)
			if got := tb.by("room"); got != tt.want {
				t.Errorf("by %s, want %s", got, tt.want)
			}
		})
	}
}

// The way of a whole lesson: away from a dead hub, not back to it when it returns,
// back when the other one fails, and to the best one when nobody has watched.
func TestNothingFlapsBackDuringALesson(t *testing.T) {
	tb := twoHubs()
	at := func(what, want string) {
		t.Helper()
		got := tb.by("room")
		if got != want {
			t.Fatalf("%s: by %s, want %s", what, got, want)
		}
		tb.Hold("room", got)
	}
	at("the lesson begins", "a")
	if changed := tb.SetSilence(map[string]Silence{"a": Quiet}); !slices.Equal(changed, []media.FeedID{"room"}) {
		t.Fatalf("changed %v", changed)
	}
	at("a is quiet", "b")
	tb.RemovePeer("a")
	at("a is gone", "b")
	tb.SetPeer("a", []control.Feed{feed("room", "t", "a")}, 0)
	at("a is back", "b")
	tb.SetSilence(map[string]Silence{"b": Quiet})
	at("b is quiet, too", "a")
	tb.SetSilence(nil)
	at("both are heard", "a")
	tb.SetSilence(map[string]Silence{"a": Quiet})
	at("a is quiet again", "b")
	tb.SetSilence(nil)
	tb.Hold("room", "")
	at("the next lesson", "a")
}

func TestASilentWayIsAnnouncedAsSuch(t *testing.T) {
	tb := New("a")
	tb.SetPeer("t", []control.Feed{feed("room", "t")}, 0)
	tb.SetOwn(feed("hall"))
	silent := func() (out []media.FeedID) {
		for _, f := range tb.Announce("s") {
			if f.Silent {
				out = append(out, f.ID)
			}
		}
		return out
	}
	tb.SetSilence(map[string]Silence{"t": Quiet})
	if got := silent(); len(got) != 0 {
		t.Errorf("told at once: %v", got)
	}
	tb.SetSilence(map[string]Silence{"t": Told})
	if got := silent(); !slices.Equal(got, []media.FeedID{"room"}) {
		t.Errorf("told: %v", got)
	}
	// What a peer says of its own way goes on, by whatever link.
	tb.SetSilence(nil)
	f := feed("room", "t")
	f.Silent = true
	if changed, _ := tb.SetPeer("t", []control.Feed{f}, 0); !slices.Equal(changed, []media.FeedID{"room"}) {
		t.Errorf("changed %v", changed)
	}
	if got := silent(); !slices.Equal(got, []media.FeedID{"room"}) {
		t.Errorf("passed on: %v", got)
	}
	// With another way it is not silent.
	tb.SetPeer("b", []control.Feed{feed("room", "t", "b")}, 0)
	if got := silent(); len(got) != 0 {
		t.Errorf("there is another way: %v", got)
	}
}

// Two links to one node over lines of their own are two ways, and what comes from that
// node goes back to it over neither.
func TestTwoLinesToOneNodeAreTwoWays(t *testing.T) {
	tb := New("s")
	wired, mobile := Peer("hub", "eth0"), Peer("hub", "wwan0")
	for _, peer := range []string{wired, mobile} {
		tb.SetParent(peer, true)
		if _, refused := tb.SetPeer(peer, []control.Feed{feed("room", "t", "hub")}, 0); len(refused) != 0 {
			t.Fatalf("refused: %v", refused)
		}
	}
	if by := tb.by("room"); by != wired {
		t.Errorf("by %s", by)
	}
	tb.Hold("room", wired)
	tb.SetSilence(map[string]Silence{wired: Quiet})
	if by := tb.by("room"); by != mobile {
		t.Errorf("with the wired line quiet by %s", by)
	}
	for _, peer := range []string{wired, mobile} {
		if got := tb.Announce(peer); len(got) != 0 {
			t.Errorf("%s is told of its own %v", peer, ids(got))
		}
	}
	for peer, want := range map[string]string{"hub": "hub", wired: "hub", Peer("hub", ""): "hub"} {
		if got := NodeOf(peer); got != want {
			t.Errorf("%s is a link to %s", peer, got)
		}
	}
}

// A hub of 500 schools with 4 rooms each: what is said to one school, and one way found.
func BenchmarkAHubOf500Schools(b *testing.B) {
	tb := New("hub")
	for s := range 500 {
		name := fmt.Sprintf("s%03d", s)
		var feeds []control.Feed
		for r := range 4 {
			feeds = append(feeds, feed(media.FeedID(fmt.Sprintf("%s/%d", name, r)), name))
		}
		tb.SetPeer(name, feeds, 0)
	}
	b.Run("announce", func(b *testing.B) {
		for b.Loop() {
			tb.Announce("s007")
		}
	})
	b.Run("best", func(b *testing.B) {
		for b.Loop() {
			tb.Best("s123/2")
		}
	})
}

func TestTheFeedsOfAClassMeetOnOneHub(t *testing.T) {
	tb := New("s")
	rooms := []media.FeedID{"t/room", "u/room", "v/room"}
	for _, hub := range []string{"a", "b"} {
		var feeds []control.Feed
		for _, id := range append(rooms, "other") {
			feeds = append(feeds, feed(id, "t", hub))
		}
		tb.SetPeer(hub, feeds, 0)
	}
	meetings := func(at string) map[media.FeedID]Meeting {
		m := make(map[media.FeedID]Meeting)
		for _, id := range rooms {
			m[id] = Meeting{Class: "maths", At: at}
		}
		return m
	}
	if changed := tb.SetMeetings(meetings("")); !slices.Equal(changed, rooms) {
		t.Errorf("changed: %v", changed)
	}
	byRank := tb.by(rooms[0])
	for _, id := range rooms {
		if tb.by(id) != byRank {
			t.Errorf("%s comes by %s, others by %s", id, tb.by(id), byRank)
		}
	}
	for _, at := range []string{"b", "a"} {
		tb.SetMeetings(meetings(at))
		for _, id := range rooms {
			if tb.by(id) != at {
				t.Errorf("the class meets on %s, and %s comes by %s", at, id, tb.by(id))
			}
		}
		if tb.by("other") != "a" {
			t.Errorf("a feed of no class comes by %s", tb.by("other"))
		}
	}
	if changed := tb.SetMeetings(meetings("a")); len(changed) != 0 {
		t.Errorf("the same again: %v", changed)
	}
	tb.Hold(rooms[0], "b")
	if tb.by(rooms[0]) != "b" {
		t.Error("a feed that is watched has moved")
	}
}

func TestClassesSpreadOverHubs(t *testing.T) {
	tb := New("s")
	meetings := make(map[media.FeedID]Meeting)
	var feeds [2][]control.Feed
	for i := range 200 {
		id := media.FeedID(fmt.Sprintf("t/%d", i))
		meetings[id] = Meeting{Class: fmt.Sprint("class-", i)}
		for j, hub := range []string{"a", "b"} {
			feeds[j] = append(feeds[j], feed(id, "t", hub))
		}
	}
	tb.SetPeer("a", feeds[0], 0)
	tb.SetPeer("b", feeds[1], 0)
	tb.SetMeetings(meetings)
	byA := 0
	for id := range meetings {
		if tb.by(id) == "a" {
			byA++
		}
	}
	if byA < 80 || byA > 120 {
		t.Errorf("%d of 200 classes by one of two hubs", byA)
	}
}
