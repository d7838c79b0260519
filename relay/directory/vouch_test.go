package directory

import (
	"testing"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

func TestWhoMaySayWhat(t *testing.T) {
	school := func(feeds ...string) Node {
		n := list("s012", identity.School, 1, "hub-a")
		for _, f := range feeds {
			n.Feeds = append(n.Feeds, Feed{ID: media.FeedID(f)})
		}
		return n
	}
	box := school("s012/cam")
	box.Name, box.Hops = "s012-2", []string{"s012-2"}
	elsewhere := school()
	elsewhere.County = "c2"
	for _, test := range []struct {
		name string
		kind string
		from ID
		a    *Announcement
		ok   bool
	}{
		{"a school of its own feeds", bySchool, ID{"c1", "s012"}, says(school("s012/cam", "s012")), true},
		{"its second machine", bySchool, ID{"c1", "s012-2"}, says(box), true},
		{"a school of another's feed", bySchool, ID{"c1", "s012"}, says(school("s013/cam")), false},
		{"of a feed that begins alike", bySchool, ID{"c1", "s012"}, says(school("s01/cam")), false},
		{"a school in another's name", bySchool, ID{"c1", "s013"}, says(school()), false},
		{"a school that says it is a hub", bySchool, ID{"c1", "hub-a"}, says(list("hub-a", identity.Hub, 1, "")), false},
		{"a school that tells of another", bySchool, ID{"c1", "hub-a"}, tells("hub-a", "c1", 1, school()), false},
		{"a machine of itself", byMachine, ID{"c1", "hub-a"}, says(list("hub-a", identity.Hub, 1, "")), true},
		{"a machine that says it is a school", byMachine, ID{"c1", "s012"}, says(school()), false},
		{"a machine that tells of a school", byMachine, ID{"c1", "hub-a"}, tells("hub-a", "c1", 1, school()), false},
		{"a hub of a school in its county", fromHub, ID{"c1", "hub-a"}, tells("hub-a", "c1", 1, school()), true},
		{"a hub of a school elsewhere", fromHub, ID{"c1", "hub-a"}, tells("hub-a", "c1", 1, elsewhere), false},
		{"a hub that says it is a city", fromHub, ID{"c1", "hub-a"}, says(list("hub-a", identity.City, 1, "")), false},
		{"a city of a school in any county", fromCity, ID{"x", "city"}, tells("city", "x", 1, elsewhere), true},
		{"a city that says it is a province", fromCity, ID{"c1", "city"}, says(list("city", identity.Province, 1, "")), false},
		{"something else", "to", ID{"c1", "s012"}, says(school()), false},
	} {
		if err := vouch(test.kind, test.from, test.a); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
