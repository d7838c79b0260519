package rights

import (
	"testing"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/lesson"
)

func school(node, school string) identity.Member {
	return identity.Member{Node: node, County: "c1", Role: identity.School, School: school}
}

func TestWhatAPeerMayHave(t *testing.T) {
	maths := lesson.Class{ID: "maths", Main: "s1", Rooms: map[string]media.FeedID{"s1": "s1/a", "s2": "room-9"}}
	arts := lesson.Class{ID: "arts", Main: "s3", Rooms: map[string]media.FeedID{"s3": "s3/a", "s4": "s4/a"}}
	rules := map[string]Rule{
		"s1":   {Watch: []string{"class/*"}},
		"s1-2": {Watch: []string{Nothing}},
		"s2":   {Watch: []string{"s3/*", "room-1"}},
		"s3":   {Publish: []string{Everything}},
		"city": {Watch: []string{"class/arts"}},
		"*":    {Watch: []string{"s1/a"}},
	}
	r := New(rules, []lesson.Class{maths, arts})
	for _, tt := range []struct {
		name string
		peer identity.Member
		feed media.FeedID
		may  bool
	}{
		{"a room of its class", school("s1", "s1"), "room-9", true},
		{"a room of a class it is not in", school("s1", "s1"), "s3/a", false},
		{"the second machine of a school, which is not allowed more", school("s1-3", "s1"), "s1/b", false},
		{"the second machine of a school has the rule of the school", school("s1-3", "s1"), "room-9", true},
		{"a machine with a rule of its own", school("s1-2", "s1"), "room-9", false},
		{"a feed by its name", school("s2", "s2"), "room-1", true},
		{"a name that begins alike", school("s2", "s2"), "room-10", false},
		{"a school with all its feeds", school("s2", "s2"), "s3/x", true},
		{"a school whose name begins alike", school("s2", "s2"), "s30/x", false},
		{"a rule that says nothing of it", school("s3", "s3"), "anything", true},
		{"a class by its name, for a node that is not in it", identity.Member{Node: "city"}, "s4/a", true},
		{"another class", identity.Member{Node: "city"}, "s1/a", false},
		{"all others, what they may", school("s7", "s7"), "s1/a", true},
		{"all others, what they may not", school("s7", "s7"), "s7/a", false},
	} {
		for range 2 { // the second time from memory
			if got := r.Of(tt.peer).MayHave(tt.feed); got != tt.may {
				t.Errorf("%s: %v", tt.name, got)
			}
		}
	}
	if !New(nil, nil).Of(school("s1", "s1")).MayHave("x") {
		t.Error("where nothing is written, a feed is withheld")
	}
}

func TestWhatAPeerMayGive(t *testing.T) {
	maths := lesson.Class{ID: "maths", Main: "s1", Rooms: map[string]media.FeedID{"s1": "room-1", "s2": "s2/a"}}
	r := New(map[string]Rule{"s2": {Publish: []string{"board"}}, "s3": {Publish: []string{Nothing}}},
		[]lesson.Class{maths})
	for _, tt := range []struct {
		name      string
		peer      identity.Member
		feed      media.FeedID
		otherwise bool
		may       bool
	}{
		{"its room in a class, whatever its name", school("s1", "s1"), "room-1", false, true},
		{"the same from another machine of the school", school("s1-2", "s1"), "room-1", false, true},
		{"the room of another", school("s3", "s3"), "room-1", false, false},
		{"as its certificate says", school("s1", "s1"), "s1/b", true, true},
		{"what is written", school("s2", "s2"), "board", false, true},
		{"in place of what its certificate says", school("s2", "s2"), "s2/b", true, false},
		{"its room beside what is written", school("s2", "s2"), "s2/a", true, true},
		{"nothing", school("s3", "s3"), "s3/a", true, false},
	} {
		if got := r.Of(tt.peer).MayGive(tt.feed, tt.otherwise); got != tt.may {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestTheKeyThatSaysNoIsNamed(t *testing.T) {
	r := New(map[string]Rule{"s1": {Publish: []string{"x"}}, "*": {Watch: []string{"x"}}}, nil)
	for _, tt := range []struct{ node, gives, has string }{
		{"s1", "peers.s1.publish", ""}, // it has a rule of its own, and nothing of that for all others
		{"s2", "", "peers.*.watch"},
	} {
		p := r.Of(school(tt.node, tt.node))
		if p.Gives() != tt.gives || p.Has() != tt.has {
			t.Errorf("%s: %q, %q", tt.node, p.Gives(), p.Has())
		}
	}
}

// A node may come back with another certificate under its name.
func TestRightsFollowTheCertificate(t *testing.T) {
	r := New(map[string]Rule{"s1": {Watch: []string{Nothing}}}, nil)
	if r.Of(school("box", "s1")).MayHave("x") {
		t.Error("a machine of s1 has more than s1")
	}
	if !r.Of(school("box", "s2")).MayHave("x") {
		t.Error("the same machine, now of s2, has the rights of s1")
	}
}

func TestListsThatCannotBeAreNamed(t *testing.T) {
	for _, bad := range [][]string{{}, {""}, {"a b"}, {"/*"}, {"nothing", "a"}, {"a/*/b"}, {"**"}, {"class/ "}} {
		if Check(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, good := range [][]string{nil, {"*"}, {"nothing"}, {"s1/*"}, {"s1/room-1", "class/*", "class/maths"}} {
		if err := Check(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
