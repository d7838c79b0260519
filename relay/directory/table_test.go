package directory

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

var (
	start = time.UnixMilli(1_800_000_000_000)
	hubA  = ID{"c1", "hub-a"}
)

// list is a node's own list.
func list(name string, role identity.Role, seq uint64, links string, feeds ...media.FeedID) Node {
	n := Node{Name: name, County: "c1", Role: role, Epoch: 1, Seq: seq, Hops: []string{name}}
	for l := range strings.FieldsSeq(links) {
		to, standby := strings.CutSuffix(l, "?")
		n.Links = append(n.Links, Link{To: to, RTT: 10, Standby: standby})
	}
	for _, f := range feeds {
		n.Feeds = append(n.Feeds, Feed{ID: f, Online: true})
	}
	return n
}

// says is what a node tells of itself.
func says(n Node) *Announcement {
	return &Announcement{From: n.Name, County: n.County, Epoch: n.Epoch, Seq: n.Seq, Nodes: []Node{n}}
}

// tells is what another node tells of some.
func tells(from string, county string, seq uint64, nodes ...Node) *Announcement {
	for i := range nodes {
		nodes[i].Hops = append(slices.Clone(nodes[i].Hops), from)
	}
	return &Announcement{From: from, County: county, Epoch: 1, Seq: seq, Nodes: nodes}
}

func hear(t *testing.T, table *Table, now time.Time, a *Announcement) []ID {
	t.Helper()
	changed, err := table.Hear(now, a)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// paths are the ways to a feed, in order, as "s1/hub-a".
func paths(table *Table, id media.FeedID) string {
	var out []string
	for _, w := range table.Where(id) {
		p := strings.Join(w.Path, "/")
		if !w.Open {
			p += "!"
		}
		out = append(out, p)
	}
	return strings.Join(out, " ")
}

func TestANodeIsThereUntilFifteenSecondsOfSilence(t *testing.T) {
	table := NewTable(hubA, identity.Hub, 1)
	if got := hear(t, table, start, says(list("s1", identity.School, 1, "hub-a", "s1/cam"))); !slices.Equal(got, []ID{{"c1", "s1"}}) {
		t.Errorf("changed: %v", got)
	}
	if got := hear(t, table, start.Add(5*time.Second), says(list("s1", identity.School, 2, "hub-a", "s1/cam"))); len(got) != 0 {
		t.Errorf("the same list again is news: %v", got)
	}
	if got := paths(table, "s1/cam"); got != "s1" {
		t.Errorf("ways %q", got)
	}
	if got := table.Tick(start.Add(20*time.Second - time.Millisecond)); len(got) != 0 {
		t.Errorf("gone before its time: %v", got)
	}
	if got := table.Tick(start.Add(20 * time.Second)); !slices.Equal(got, []ID{{"c1", "s1"}}) {
		t.Errorf("gone: %v", got)
	}
	if nodes, feeds := table.Len(); nodes+feeds != 0 || paths(table, "s1/cam") != "" {
		t.Errorf("%d nodes and %d feeds are left", nodes, feeds)
	}
}

func TestAListReplacesTheOneBefore(t *testing.T) {
	table := NewTable(hubA, identity.Hub, 1)
	hear(t, table, start, says(list("s1", identity.School, 1, "hub-a", "s1/a", "s1/b")))
	if got := hear(t, table, start, says(list("s1", identity.School, 2, "hub-a", "s1/b", "s1/c"))); len(got) != 1 {
		t.Errorf("changed: %v", got)
	}
	for feed, want := range map[media.FeedID]string{"s1/a": "", "s1/b": "s1", "s1/c": "s1"} {
		if got := paths(table, feed); got != want {
			t.Errorf("%s: ways %q, want %q", feed, got, want)
		}
	}
}

func TestWhatIsOldIsNotListenedTo(t *testing.T) {
	at := func(epoch int64, seq uint64, feed media.FeedID) *Announcement {
		n := list("s1", identity.School, seq, "hub-a", feed)
		n.Epoch = epoch
		return says(n)
	}
	for _, test := range []struct {
		name  string
		then  *Announcement
		after time.Duration
		old   bool
		want  media.FeedID
	}{
		{"overtaken on its way", at(7, 4, "s1/x"), 0, true, "s1/first"},
		{"heard twice", at(7, 5, "s1/x"), 0, true, "s1/first"},
		{"an earlier run", at(6, 99, "s1/x"), 0, true, "s1/first"},
		{"a later run begins at one", at(8, 1, "s1/x"), 0, false, "s1/x"},
		{"the next one", at(7, 6, "s1/x"), 0, false, "s1/x"},
		{"a clock that was set back, after the silence", at(6, 1, "s1/x"), goneAfter, false, "s1/x"},
	} {
		table := NewTable(hubA, identity.Hub, 1)
		hear(t, table, start, at(7, 5, "s1/first"))
		now := start.Add(test.after)
		table.Tick(now)
		if _, err := table.Hear(now, test.then); errors.Is(err, ErrOld) != test.old {
			t.Errorf("%s: %v", test.name, err)
		}
		if paths(table, test.want) == "" {
			t.Errorf("%s: feed %s is not known", test.name, test.want)
		}
	}
}

func TestAnEarlierRunByAnotherWayIsRefused(t *testing.T) {
	table := NewTable(ID{"x", "city"}, identity.City, 1)
	n := list("s1", identity.School, 1, "hub-a", "s1/new")
	n.Epoch = 2
	hear(t, table, start, tells("hub-a", "c1", 1, n))
	old := list("s1", identity.School, 9, "hub-b", "s1/old")
	if _, err := table.Hear(start, tells("hub-b", "c1", 1, old)); !errors.Is(err, ErrOld) {
		t.Errorf("taken: %v", err)
	}
	if paths(table, "s1/old") != "" || paths(table, "s1/new") == "" {
		t.Error("the old list is in force")
	}
	// The new run makes what others still tell of the old one void.
	n.Epoch = 3
	n.Links = []Link{{To: "hub-b"}}
	hear(t, table, start, tells("hub-b", "c1", 2, n))
	if got := len(table.nodes[ID{"c1", "s1"}].ways); got != 1 {
		t.Errorf("%d ways, want the new run's only", got)
	}
}

func TestLoopsAreRefused(t *testing.T) {
	table := NewTable(hubA, identity.Hub, 1)
	through := list("s1", identity.School, 1, "")
	through.Hops = []string{"s1", "hub-a", "hub-b"}
	long := list("s2", identity.School, 1, "")
	long.Hops = []string{"s2", "a", "b", "c", "d", "hub-b"}
	good := list("s3", identity.School, 1, "", "s3/cam")
	good.Hops = []string{"s3", "hub-b"}
	a := &Announcement{From: "hub-b", County: "c1", Epoch: 1, Seq: 1, Nodes: []Node{through, long, good}}
	changed, err := table.Hear(start, a)
	if !errors.Is(err, ErrLoop) || strings.Count(err.Error(), ErrLoop.Error()) != 2 {
		t.Errorf("refused: %v", err)
	}
	if !slices.Equal(changed, []ID{{"c1", "s3"}}) {
		t.Errorf("taken: %v", changed)
	}
	if _, err := table.Hear(start, table.Own()); !errors.Is(err, ErrLoop) {
		t.Errorf("its own: %v", err)
	}
}

func TestGoneIsGoneByThatWayOnly(t *testing.T) {
	table := NewTable(ID{"x", "city"}, identity.City, 1)
	n := list("s1", identity.School, 1, "hub-a hub-b?", "s1/cam")
	hear(t, table, start, tells("hub-a", "c1", 1, n))
	hear(t, table, start, tells("hub-b", "c1", 1, n))
	n.Gone = true
	if got := hear(t, table, start, tells("hub-a", "c1", 2, n)); len(got) != 1 {
		t.Errorf("changed: %v", got)
	}
	if got := paths(table, "s1/cam"); got != "s1/hub-b!" {
		t.Errorf("ways %q", got)
	}
	hear(t, table, start, tells("hub-b", "c1", 2, n))
	if table.Knows(ID{"c1", "s1"}) {
		t.Error("it is still known")
	}
	if got := hear(t, table, start, tells("hub-b", "c1", 3, n)); len(got) != 0 {
		t.Errorf("gone twice is news: %v", got)
	}
}

func TestNamesThatClash(t *testing.T) {
	table := NewTable(hubA, identity.Hub, 1)
	hear(t, table, start, says(list("s2", identity.School, 1, "hub-a", "room", "s2/cam")))
	hear(t, table, start, says(list("s1", identity.School, 1, "hub-a", "room")))
	want := map[media.FeedID][]string{"room": {"c1/s1", "c1/s2"}}
	if got := table.Clashes(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// slow is the obvious way to do what Table does: it keeps every message and looks through
// all of them.
type slow struct {
	heard []slowHeard
}

type slowHeard struct {
	n  Node
	by string
	at time.Time
}

func (s *slow) feeds(now time.Time) map[media.FeedID]bool {
	newest := make(map[string]map[string]slowHeard) // by node and teller
	for _, h := range s.heard {
		if newest[h.n.Name] == nil {
			newest[h.n.Name] = make(map[string]slowHeard)
		}
		newest[h.n.Name][h.by] = h
	}
	feeds := make(map[media.FeedID]bool)
	for _, ways := range newest {
		best, found := Node{}, false
		for _, h := range ways {
			if now.Sub(h.at) < goneAfter && !h.n.Gone && (!found || h.n.Seq > best.Seq) {
				best, found = h.n, true
			}
		}
		for _, f := range best.Feeds {
			feeds[f.ID] = true
		}
	}
	return feeds
}

func TestAgainstTheObviousWay(t *testing.T) {
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, seed))
	for round := range 200 {
		table := NewTable(ID{"x", "city"}, identity.City, 1)
		model := &slow{}
		seqs := make(map[string]uint64)
		made := make(map[string]uint64)
		now := start
		for step := range 60 {
			now = now.Add(time.Duration(rng.IntN(4000)) * time.Millisecond)
			by := fmt.Sprintf("hub-%d", rng.IntN(3))
			name := fmt.Sprintf("s%d", rng.IntN(4))
			seqs[by]++
			made[name]++
			n := list(name, identity.School, made[name], "")
			for f := range 3 {
				if rng.IntN(2) == 0 {
					n.Feeds = append(n.Feeds, Feed{ID: media.FeedID(fmt.Sprintf("%s/cam%d", name, f))})
				}
			}
			n.Gone = rng.IntN(6) == 0
			table.Tick(now)
			hear(t, table, now, tells(by, "c1", seqs[by], n))
			model.heard = append(model.heard, slowHeard{n, by, now})
			want := model.feeds(now)
			for f := range table.feeds {
				if !want[f] {
					t.Fatalf("seed %d, round %d, step %d: feed %s is known and should not be", seed, round, step, f)
				}
			}
			if len(want) != len(table.feeds) {
				t.Fatalf("seed %d, round %d, step %d: %d feeds, want %d", seed, round, step, len(table.feeds), len(want))
			}
		}
	}
}
