package directory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/relay/identity"
)

func TestWays(t *testing.T) {
	hubB := ID{"c1", "hub-b"}
	for _, test := range []struct {
		name string
		self ID
		role identity.Role
		own  string // links
		says []Node
		tell []*Announcement
		want string
	}{
		{
			name: "a school of this hub's", self: hubA, role: identity.Hub,
			says: []Node{list("s1", identity.School, 1, "hub-a", "cam")},
			want: "s1",
		}, {
			name: "a school of the other hub's", self: hubB, role: identity.Hub,
			says: []Node{list("s1", identity.School, 1, "hub-a", "cam"), list("hub-a", identity.Hub, 1, "hub-b")},
			want: "s1/hub-a",
		}, {
			name: "links lead both ways", self: hubB, role: identity.Hub, own: "hub-a",
			says: []Node{list("s1", identity.School, 1, "hub-a", "cam"), list("hub-a", identity.Hub, 1, "")},
			want: "s1/hub-a",
		}, {
			name: "a link that stands by is for when there is no other", self: hubB, role: identity.Hub, own: "hub-a",
			says: []Node{list("s1", identity.School, 1, "hub-a hub-b?", "cam"), list("hub-a", identity.Hub, 1, "")},
			want: "s1/hub-a",
		}, {
			name: "as here", self: hubB, role: identity.Hub, own: "hub-a",
			says: []Node{list("s1", identity.School, 1, "hub-b?", "cam"), list("hub-a", identity.Hub, 1, "")},
			want: "s1",
		}, {
			name: "not through a school", self: hubB, role: identity.Hub,
			says: []Node{
				list("s1", identity.School, 1, "hub-a", "cam"), list("s2", identity.School, 1, "hub-a hub-b"), list("hub-a", identity.Hub, 1, ""),
			},
			want: "s1!",
		}, {
			name: "the city by the hub that tells", self: ID{"x", "city"}, role: identity.City,
			tell: []*Announcement{with(tells("hub-a", "c1", 1, list("s1", identity.School, 1, "hub-a", "cam")), list("hub-a", identity.Hub, 1, "city"))},
			want: "s1/hub-a",
		}, {
			name: "a county whose one hub has lost the city goes by the other", self: ID{"x", "city"}, role: identity.City,
			says: []Node{list("hub-a", identity.Hub, 2, "hub-b"), list("hub-b", identity.Hub, 1, "hub-a city")},
			tell: []*Announcement{tells("hub-a", "c1", 3, list("s1", identity.School, 1, "hub-a", "cam"))},
			want: "s1/hub-a/hub-b",
		}, {
			name: "a way over a link that its node has no more is none", self: ID{"x", "city"}, role: identity.City, own: "hub-a hub-b",
			tell: []*Announcement{
				tells("hub-a", "c1", 1, list("s1", identity.School, 1, "hub-a", "cam")),
				tells("hub-b", "c1", 1, list("s1", identity.School, 2, "hub-b", "cam")),
			},
			want: "s1/hub-b",
		}, {
			name: "the shorter way first", self: ID{"x", "city"}, role: identity.City, own: "hub-a hub-b",
			tell: []*Announcement{
				tells("hub-b", "c1", 1, tells("hub-c", "c1", 1, list("s1", identity.School, 1, "hub-a hub-c", "cam")).Nodes...),
				tells("hub-a", "c1", 1, list("s1", identity.School, 1, "hub-a hub-c", "cam")),
			},
			want: "s1/hub-a s1/hub-c/hub-b",
		},
	} {
		table := NewTable(test.self, test.role, 1)
		var links []Link
		for to := range strings.FieldsSeq(test.own) {
			links = append(links, Link{To: to, RTT: 5})
		}
		table.SetOwn(links, Load{}, nil)
		for _, n := range test.says {
			hear(t, table, start, says(n))
		}
		for _, a := range test.tell {
			hear(t, table, start, a)
		}
		if got := paths(table, "cam"); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// with is an announcement with the teller's own list in it.
func with(a *Announcement, own Node) *Announcement {
	a.Nodes = append(a.Nodes, own)
	return a
}

func TestOnesOwnFeedNeedsNoWay(t *testing.T) {
	table := NewTable(hubA, identity.Hub, 1)
	table.SetOwn(nil, Load{}, []Feed{{ID: "cam", Online: true}})
	if w := table.Where("cam"); len(w) != 1 || len(w[0].Path) != 0 || !w[0].Open {
		t.Errorf("%+v", w)
	}
}

func TestAmongEqualsTheCheaperWayAndThenAStableOne(t *testing.T) {
	make2 := func(self ID, rttA, rttB int) *Table {
		table := NewTable(self, identity.City, 1)
		table.SetOwn([]Link{{To: "hub-a", RTT: rttA}, {To: "hub-b", RTT: rttB}}, Load{}, nil)
		for i, hub := range []string{"hub-a", "hub-b"} {
			n := list("s1", identity.School, 1, "hub-a hub-b", "cam")
			hear(t, table, start, tells(hub, "c1", uint64(i+1), n))
		}
		return table
	}
	if got := paths(make2(ID{"x", "city"}, 30, 20), "cam"); got != "s1/hub-b s1/hub-a" {
		t.Errorf("the dearer first: %s", got)
	}
	first := make(map[string]int)
	for i := range 200 {
		self := ID{"x", fmt.Sprintf("city-%d", i)}
		p, _, _ := strings.Cut(paths(make2(self, 20, 20), "cam"), " ")
		again, _, _ := strings.Cut(paths(make2(self, 20, 20), "cam"), " ")
		if p != again {
			t.Fatalf("%s and then %s", p, again)
		}
		first[p]++
	}
	if first["s1/hub-a"] < 60 || first["s1/hub-b"] < 60 {
		t.Errorf("not all should take the same: %v", first)
	}
}

// In any net of links, the chain that join finds is as short as the one that a search of
// every chain finds, never uses a school between, and goes nowhere twice.
func TestJoinFindsTheShortestChain(t *testing.T) {
	const seed = 5
	rng := rand.New(rand.NewPCG(seed, seed))
	for round := range 300 {
		table := NewTable(hubA, identity.Hub, 1)
		names := []string{"hub-a", "h1", "h2", "h3", "h4", "s1", "s2"}
		var nodes []Node
		for _, name := range names {
			role := identity.Hub
			if name[0] == 's' {
				role = identity.School
			}
			var links []Link
			for _, to := range names {
				if to != name && rng.IntN(4) == 0 {
					links = append(links, Link{To: to, RTT: 1 + rng.IntN(50)})
				}
			}
			if name == "hub-a" {
				table.SetOwn(links, Load{}, nil)
				continue
			}
			n := list(name, role, 1, "")
			n.Links = links
			nodes = append(nodes, n)
			hear(t, table, start, says(n))
		}
		between, cost, ok := table.join([]string{"s1"})
		wantHops, wantCost := obvious(table, nodes, "s1", []string{"s1"}, 0)
		if ok != (wantHops >= 0) || ok && (len(between) != wantHops || cost != wantCost) {
			t.Fatalf("seed %d, round %d: %v for %d ms, %t; want %d between for %d ms", seed, round, between, cost, ok,
				wantHops, wantCost)
		}
		for i, b := range between {
			if b[0] == 's' || slices.Contains(between[:i], b) || b == "hub-a" {
				t.Fatalf("seed %d, round %d: %v", seed, round, between)
			}
		}
	}
}

// obvious tries every chain and returns how many nodes are between in the shortest, and
// the cost of the cheapest of those; -1 without any.
func obvious(table *Table, nodes []Node, at string, path []string, spent int) (hops, cost int) {
	hops = -1
	try := func(to string, rtt int) {
		if slices.Contains(path, to) || to[0] == 's' {
			return
		}
		h, c := 0, spent+rtt
		if to != "hub-a" {
			if h, c = obvious(table, nodes, to, append(slices.Clone(path), to), spent+rtt); h >= 0 {
				h++
			}
		}
		if h >= 0 && (hops < 0 || h < hops || h == hops && c < cost) {
			hops, cost = h, c
		}
	}
	for _, n := range append(slices.Clone(nodes), table.own) {
		for _, l := range n.Links {
			if n.Name == at {
				try(l.To, l.RTT)
			}
			if l.To == at {
				try(n.Name, l.RTT)
			}
		}
	}
	return hops, cost
}
