package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

// names are those of lists, with + for each feed and - for what is gone.
func names(nodes []Node) string {
	var out []string
	for _, n := range nodes {
		s := n.Name + strings.Repeat("+", len(n.Feeds))
		if n.Gone {
			s += "-"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

const allRoom = 1 << 30

func TestTheLevelAboveHearsNewsAtOnceAndTheRestEveryFiveSeconds(t *testing.T) {
	table := NewTable(hubA, identity.Hub, 1)
	now := start
	step := func(name, want string, after time.Duration) {
		t.Helper()
		now = now.Add(after)
		if got := names(table.Sum(now, nil, allRoom)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	step("itself first", "hub-a", 0)
	hear(t, table, now, says(list("s1", identity.School, 1, "hub-a", "cam")))
	step("a school that came", "s1+", time.Second)
	step("nothing new", "", time.Second)
	hear(t, table, now, says(list("s1", identity.School, 2, "hub-a", "cam")))
	step("the same list again is not new", "", time.Second)
	step("itself again after five seconds", "hub-a", 2*time.Second)
	step("and the school", "s1+", time.Second)
	hear(t, table, now, says(list("s1", identity.School, 3, "hub-a", "cam", "board")))
	step("a feed more", "s1++", 0)
	table.Tick(now.Add(goneAfter))
	step("a school that has gone, and itself", "hub-a s1-", goneAfter)
	step("which is told once", "", time.Second)
	table.forgetTold()
	step("all of it to another machine above", "hub-a", 0)
}

func TestRoomIsSharedByTurns(t *testing.T) {
	table := NewTable(hubA, identity.Hub, 1)
	for i := range 40 {
		hear(t, table, start, says(list(fmt.Sprintf("s%02d", i), identity.School, 1, "hub-a", "cam")))
	}
	heard := make(map[string]int)
	now, parts := start, 0
	for range 100 {
		nodes := table.Sum(now, nil, 2000)
		if len(nodes) == 0 {
			break
		}
		parts++
		for _, n := range nodes {
			heard[n.Name]++
		}
	}
	if len(heard) != 41 || parts < 4 {
		t.Errorf("%d of 41 nodes in %d parts", len(heard), parts)
	}
	for name, n := range heard {
		if n != 1 {
			t.Errorf("%s was told %d times", name, n)
		}
	}
	big := list("s99", identity.School, 1, "hub-a")
	for i := range 200 {
		big.Feeds = append(big.Feeds, Feed{ID: media.FeedID(fmt.Sprint("s99/cam", i))})
	}
	hear(t, table, now, says(big))
	if got := table.Sum(now, nil, 2000); len(got) != 1 || got[0].Name != "s99" {
		t.Errorf("a list larger than the room: %s", names(got))
	}
}

func TestOneMachineSpeaksForASchool(t *testing.T) {
	all := make(map[string]*Table)
	hubs := []string{"hub-a", "hub-b", "hub-c"}
	for _, name := range hubs {
		all[name] = NewTable(ID{"c1", name}, identity.Hub, 1)
	}
	tell := func(n Node) {
		for name, table := range all {
			if name != n.Name {
				hear(t, table, start, says(n))
			}
		}
	}
	for _, name := range hubs {
		tell(list(name, identity.Hub, 1, ""))
	}
	tell(list("s1", identity.School, 1, "hub-a hub-b?", "cam"))
	tell(list("s2", identity.School, 1, "hub-b? hub-c", "cam2"))
	tell(list("s3", identity.School, 1, "hub-b?", "cam3"))
	tell(list("s4", identity.School, 1, "", "cam4"))
	tell(list("s5", identity.School, 1, "elsewhere", "cam5"))
	var told []string
	for _, name := range hubs {
		for _, n := range all[name].Sum(start, nil, allRoom) {
			if n.Role == identity.School {
				told = append(told, strings.Join(n.Hops, "/"))
			}
		}
	}
	slices.Sort(told)
	got := strings.Join(told, " ")
	if !strings.HasPrefix(got, "s1/hub-a s2/hub-c s3/hub-b s4/") || len(told) != 5 {
		t.Errorf("%s", got)
	}
}

func TestTheLevelAboveSeesWhatThePolicyShares(t *testing.T) {
	table := NewTable(hubA, identity.Hub, 1)
	both := []media.Layer{media.LayerMain, media.LayerSub, media.LayerAudio}
	table.SetOwn(nil, Load{}, []Feed{
		{ID: "office/door", Layers: both},
		{ID: "open/yard", Layers: both},
		{ID: "small/gate", Layers: both},
		{ID: "small/main-only", Layers: []media.Layer{media.LayerMain, media.LayerAudio}},
	})
	hear(t, table, start, says(list("s1", identity.School, 1, "hub-a", "open/s1", "s1/pupils")))
	share := func(id media.FeedID, l media.Layer) bool {
		return strings.HasPrefix(string(id), "open/") || strings.HasPrefix(string(id), "small/") && l != media.LayerMain
	}
	var feeds []string
	for _, n := range table.Sum(start, share, allRoom) {
		for _, f := range n.Feeds {
			feeds = append(feeds, fmt.Sprintf("%s%v", f.ID, f.Layers))
		}
	}
	slices.Sort(feeds)
	if got := strings.Join(feeds, " "); got != "open/s1[] open/yard[main sub audio] small/gate[sub audio]" {
		t.Errorf("the level above sees %s", got)
	}
}

// A list climbs county, city and province, and the top has the way down.
func TestThreeLevels(t *testing.T) {
	county := NewTable(hubA, identity.Hub, 1)
	county.SetOwn([]Link{{To: "city-1", RTT: 8}}, Load{}, nil)
	city := NewTable(ID{"x", "city-1"}, identity.City, 1)
	city.SetOwn([]Link{{To: "prov-1", RTT: 3}}, Load{}, nil)
	province := NewTable(ID{"p", "prov-1"}, identity.Province, 1)
	seq := uint64(0)
	climb := func(from, to *Table) {
		seq++
		hear(t, to, start, &Announcement{
			From: from.self.Name, County: from.self.County, Epoch: 1, Seq: seq, Nodes: from.Sum(start, nil, allRoom),
		})
	}
	hear(t, county, start, says(list("s1", identity.School, 1, "hub-a", "cam")))
	climb(county, city)
	climb(city, province)
	ways := province.Where("cam")
	if len(ways) != 1 || strings.Join(ways[0].Path, "/") != "s1/hub-a/city-1" || !ways[0].Open {
		t.Fatalf("%+v", ways)
	}
	if ways[0].Cost != 10+8+3 || ways[0].County != "c1" {
		t.Errorf("cost %d, county %s", ways[0].Cost, ways[0].County)
	}
	if nodes, _ := province.Len(); nodes != 3 {
		t.Errorf("%d nodes at the top, want school, hub and city", nodes)
	}
}
