package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
)

func feed(id media.FeedID, path ...string) control.Feed {
	return control.Feed{ID: id, Path: path, Online: true}
}

func ids(feeds []control.Feed) (out []media.FeedID) {
	for _, f := range feeds {
		out = append(out, f.ID)
	}
	return out
}

func TestOwnFeedWinsOverALearnedOne(t *testing.T) {
	tb := New("hub")
	tb.SetOwn(feed("room"))
	tb.SetPeer("a", []control.Feed{feed("room", "a")}, 0)
	if peer, _, ok := tb.Best("room"); !ok || peer != "" {
		t.Fatalf("peer %q, %v", peer, ok)
	}
	if got := tb.Origins("room"); !slices.Equal(got, []string{"a", "hub"}) {
		t.Fatalf("the clash of names is not seen: %v", got)
	}
}

func TestShortestOnlinePathWins(t *testing.T) {
	tb := New("n")
	tb.SetPeer("a", []control.Feed{feed("room", "x", "y", "a")}, 0)
	tb.SetPeer("b", []control.Feed{feed("room", "x", "b")}, 0)
	dead := feed("room", "c")
	dead.Online = false
	tb.SetPeer("c", []control.Feed{dead}, 0)
	if peer, _, _ := tb.Best("room"); peer != "b" {
		t.Fatal(peer)
	}
	tb.RemovePeer("b")
	if peer, _, _ := tb.Best("room"); peer != "a" {
		t.Fatal(peer)
	}
}

func TestALoopIsRefusedAndNamed(t *testing.T) {
	tb := New("n")
	changed, refused := tb.SetPeer("a", []control.Feed{feed("room", "n", "a"), feed("other", "a")}, 0)
	if !slices.Equal(changed, []media.FeedID{"other"}) || len(refused) != 1 || refused[0].Feed != "room" {
		t.Fatal(changed, refused)
	}
}

func TestAPeerCannotSpeakForAnother(t *testing.T) {
	tb := New("n")
	if _, refused := tb.SetPeer("a", []control.Feed{feed("room", "b")}, 0); len(refused) != 1 {
		t.Fatal("a forged path was taken")
	}
}

func TestAnnounceAddsThisNodeAndSparesThePeerItsOwn(t *testing.T) {
	tb := New("hub")
	tb.SetOwn(feed("local"))
	tb.SetPeer("a", []control.Feed{feed("from-a", "a"), feed("via-a", "b", "a")}, 100)
	if got := ids(tb.Announce("a")); !slices.Equal(got, []media.FeedID{"local"}) {
		t.Fatal(got)
	}
	to := tb.Announce("c")
	if got := ids(to); !slices.Equal(got, []media.FeedID{"from-a", "local", "via-a"}) {
		t.Fatal(got)
	}
	if !slices.Equal(to[0].Path, []string{"a", "hub"}) || to[0].ClockErrorUs != 100 {
		t.Fatalf("%+v", to[0])
	}
	// b lies on the way of via-a, so b need not hear of it from us.
	if got := ids(tb.Announce("b")); slices.Contains(got, "via-a") {
		t.Fatal(got)
	}
}

// A school between two hubs gives each what is its own or comes from below, and to
// those below everything.
func TestWhatComesFromOneParentIsNotForAnother(t *testing.T) {
	tb := New("school")
	tb.SetOwn(feed("own"))
	tb.SetPeer("box", []control.Feed{feed("below", "box")}, 0)
	for _, hub := range []string{"a", "b"} {
		tb.SetParent(hub, true)
		tb.SetPeer(hub, []control.Feed{feed(media.FeedID("of-"+hub), hub)}, 0)
	}
	for peer, want := range map[string][]media.FeedID{
		"a": {"below", "own"}, "b": {"below", "own"}, "box": {"of-a", "of-b", "own"},
	} {
		if got := ids(tb.Announce(peer)); !slices.Equal(got, want) {
			t.Errorf("%s is told of %v, want %v", peer, got, want)
		}
	}
	f := feed("of-a", "a")
	if why := tb.Withholds("b", "a", &f); !strings.Contains(why, "no road between them") {
		t.Errorf("who asks all the same is told: %q", why)
	}
	tb.RemovePeer("a")
	tb.SetParent("a", false) // it dials now
	tb.SetPeer("a", []control.Feed{feed("of-a", "a")}, 0)
	if got := ids(tb.Announce("b")); !slices.Contains(got, "of-a") {
		t.Errorf("b is told of %v", got)
	}
}

func TestOnlyRealChangesAreReported(t *testing.T) {
	tb := New("hub")
	list := []control.Feed{feed("one", "a"), feed("two", "a")}
	if changed, _ := tb.SetPeer("a", list, 0); len(changed) != 2 {
		t.Fatal(changed)
	}
	if changed, _ := tb.SetPeer("a", list, 500); len(changed) != 0 {
		t.Fatalf("the same list again changed %v", changed)
	}
	list[0].Online = false
	if changed, _ := tb.SetPeer("a", list[:1], 0); !slices.Equal(changed, []media.FeedID{"one", "two"}) {
		t.Fatal(changed)
	}
}

// Announcements go round a full mesh until nothing changes. Whatever the order,
// every node must end with a path to the feed that has no node twice.
func TestAMeshSettlesWithoutLoops(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	tables := make(map[string]*Table)
	for _, n := range names {
		tables[n] = New(n)
	}
	tables["a"].SetOwn(feed("room"))
	for range names {
		for _, from := range names {
			for _, to := range names {
				if from != to {
					tables[to].SetPeer(from, tables[from].Announce(to), 0)
				}
			}
		}
	}
	for _, n := range names[1:] {
		peer, f, ok := tables[n].Best("room")
		if !ok || peer != "a" || len(f.Path) != 1 {
			t.Fatalf("%s goes by %q, %v", n, peer, f.Path)
		}
	}
	// The origin goes away: nobody may keep a ghost alive by telling another.
	tables["a"].RemoveOwn("room")
	for range len(names) * control.MaxHops {
		for _, from := range names {
			for _, to := range names {
				if from != to {
					tables[to].SetPeer(from, tables[from].Announce(to), 0)
				}
			}
		}
	}
	for _, n := range names {
		if _, f, ok := tables[n].Best("room"); ok {
			t.Fatalf("%s still believes in a path %v", n, f.Path)
		}
	}
}

func TestOnlyWhatThePeerWantsToHearOf(t *testing.T) {
	tb := New("hub")
	tb.SetOwn(feed("own"))
	tb.SetPeer("a", []control.Feed{feed("x", "a"), feed("y", "a")}, 0)
	if got := ids(tb.AnnounceOnly("b", []media.FeedID{"nobody", "own", "y"})); !slices.Equal(got, []media.FeedID{"own", "y"}) {
		t.Errorf("%v", got)
	}
	if got := tb.AnnounceOnly("a", []media.FeedID{"y"}); len(got) != 0 {
		t.Errorf("it is told what it has itself said: %v", got)
	}
	if got := ids(tb.Own()); !slices.Equal(got, []media.FeedID{"own"}) {
		t.Errorf("own: %v", got)
	}
}
