package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/media"
)

func TestAPlanSaysEverythingThatIsWrongAndWhere(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"an unknown key", "schools:\n  s1:\n    cameras: {}\n", `c.yaml:3:5: schools.s1: unknown key "cameras" (known here: feeds)`},
		{
			"a feed of another school", "schools:\n  s1:\n    feeds:\n      s2/room: {push: last}\n",
			"c.yaml:4:7: schools.s1.feeds.s2/room: a feed of the school s1 is called s1/ROOM or s1/ROOM/CAMERA",
		},
		{
			"a name with too many parts", "schools:\n  s1:\n    feeds:\n      s1/a/b/c: {push: last}\n",
			"c.yaml:4:7: schools.s1.feeds.s1/a/b/c: a feed of the school s1",
		},
		{
			"a camera that is none", "schools:\n  s1:\n    feeds:\n      s1/room: {main: \"http://x/\"}\n",
			"c.yaml:4:23: schools.s1.feeds.s1/room.main: http://x/: a camera is rtsp://HOST/PATH",
		},
		{"a school that is no name", "schools:\n  a/b: {}\n", "c.yaml:2:3: schools.a/b: "},
		{
			"a class whose main school is none of its rooms",
			"classes:\n  k:\n    main: s3\n    rooms: {s1: s1/room, s2: s2/room}\n",
			`c.yaml:2:3: classes.k: k has no room "s3" to be the main school`,
		},
		{"an unknown secret", "schools: {s1: {feeds: {s1/room: {main: \"rtsp://a:${NOT_SET}@x/\"}}}}\n", "NOT_SET"},
		{"a node's file", "node: hub\n", `c.yaml:1:1: unknown key "node" (known here: schools, classes)`},
		{"nothing", "", "the file is empty"},
	} {
		_, err := ParsePlan("c.yaml", []byte(tt.text), "hub", Source{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestTheOwnFileGoesBeforeThePlan(t *testing.T) {
	own, planned := Feed{Main: "rtsp://own/"}, Feed{Main: "rtsp://planned/"}
	file := &Config{Node: "hub-b", Feeds: map[media.FeedID]Feed{"s1/a": own, "s1/b": own}}
	class := Class{Main: "s1", Rooms: map[string]media.FeedID{"s1": "s1/a", "s2": "s2/a"}}
	here, elsewhere := class, class
	here.Hubs, elsewhere.Hubs = []string{"hub-a", "hub-b"}, []string{"hub-a"}
	p := &Plan{
		Schools: map[string]School{
			"s1": {Feeds: map[media.FeedID]Feed{"s1/b": planned, "s1/c": planned}},
			"s2": {Feeds: map[media.FeedID]Feed{"s2/a": planned}},
		},
		Classes: map[string]Class{"here": here, "elsewhere": elsewhere},
	}
	got, both := file.With(p, "s1")
	if want := map[media.FeedID]Feed{"s1/a": own, "s1/b": own, "s1/c": planned}; !reflect.DeepEqual(got.Feeds, want) {
		t.Errorf("feeds %v, want %v", got.Feeds, want)
	}
	if want := map[string]Class{"here": here}; !reflect.DeepEqual(got.Classes, want) {
		t.Errorf("classes %v, want %v", got.Classes, want)
	}
	if !reflect.DeepEqual(both, []string{"s1/b"}) || len(file.Feeds) != 2 || len(p.Schools["s1"].Feeds) != 2 {
		t.Errorf("in both: %v; the file has %v, the plan %v", both, file.Feeds, p.Schools)
	}
	if same, both := file.With(&Plan{}, "s1"); len(both) > 0 || !reflect.DeepEqual(same, file) {
		t.Errorf("without a plan: %+v, %v", same, both)
	}
}
