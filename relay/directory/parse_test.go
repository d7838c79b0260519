package directory

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

func TestParseTakesWhatIsSent(t *testing.T) {
	table := NewTable(ID{"c1", "s.012"}, identity.School, 1_800_000_000_000)
	table.SetOwn([]Link{{To: "hub-a", RTT: 12}, {To: "hub-b", RTT: 30, Standby: true}}, Load{Capacity: 2, Lessons: 1},
		[]Feed{{ID: "s012/cam", Online: true, Role: "teacher", Layers: []media.Layer{media.LayerMain, media.LayerAudio}}})
	sent := table.Own()
	b, err := sent.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(b)
	if err != nil || !reflect.DeepEqual(got, sent) {
		t.Errorf("%v\n%+v\n%+v", err, got, sent)
	}
	if n := len(b); n > 600 {
		t.Errorf("a school with one camera takes %d bytes", n)
	}
}

func TestParseRefuses(t *testing.T) {
	good := func() *Announcement { return says(list("s1", identity.School, 1, "hub-a", "cam")) }
	for name, spoil := range map[string]func(*Announcement){
		"no sender":                       func(a *Announcement) { a.From = "" },
		"a county with a space":           func(a *Announcement) { a.County = "c 1" },
		"a subject for a name":            func(a *Announcement) { a.From = ">" },
		"no epoch":                        func(a *Announcement) { a.Epoch = 0 },
		"too many nodes":                  func(a *Announcement) { a.Nodes = make([]Node, maxNodes+1) },
		"a node without a name":           func(a *Announcement) { a.Nodes[0].Name = "" },
		"a node of no county":             func(a *Announcement) { a.Nodes[0].County = "../c" },
		"a role that is none":             func(a *Announcement) { a.Nodes[0].Role = "king" },
		"a node without an epoch":         func(a *Announcement) { a.Nodes[0].Epoch = -1 },
		"no hops":                         func(a *Announcement) { a.Nodes[0].Hops = nil },
		"hops that begin elsewhere":       func(a *Announcement) { a.Nodes[0].Hops = []string{"s2", "s1"} },
		"hops that end elsewhere":         func(a *Announcement) { a.Nodes[0].Hops = []string{"s1", "hub-a"} },
		"hops that go round":              func(a *Announcement) { a.Nodes[0].Hops = []string{"s1", "hub-a", "s1"} },
		"seven hops":                      func(a *Announcement) { a.Nodes[0].Hops = strings.Split("s1 a b c d e s1", " ") },
		"a cost below nothing":            func(a *Announcement) { a.Nodes[0].Cost = -1 },
		"a load below nothing":            func(a *Announcement) { a.Nodes[0].Load.Lessons = -1 },
		"a link to nowhere":               func(a *Announcement) { a.Nodes[0].Links[0].To = "" },
		"a round trip of two minutes":     func(a *Announcement) { a.Nodes[0].Links[0].RTT = 120_000 },
		"too many links":                  func(a *Announcement) { a.Nodes[0].Links = make([]Link, maxLinks+1) },
		"a feed that is a path elsewhere": func(a *Announcement) { a.Nodes[0].Feeds[0].ID = "../cam" },
		"too many feeds":                  func(a *Announcement) { a.Nodes[0].Feeds = make([]Feed, maxFeeds+1) },
		"a feed of a thousand layers":     func(a *Announcement) { a.Nodes[0].Feeds[0].Layers = make([]media.Layer, 1000) },
	} {
		a := good()
		spoil(a)
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(b); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(make([]byte, MaxMessage+1)); !errors.Is(err, ErrMessage) {
		t.Errorf("a long message: %v", err)
	}
	if b, err := good().encode(); err != nil {
		t.Error(err)
	} else if _, err := Parse(b); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestAListThatDoesNotFitIsNotSent(t *testing.T) {
	n := list("s1", identity.School, 1, "")
	for i := range 1024 {
		n.Feeds = append(n.Feeds, Feed{ID: media.FeedID(fmt.Sprintf("%060d", i)), Layers: make([]media.Layer, 3), Role: strings.Repeat("r", 16)})
	}
	n.Links = make([]Link, maxLinks)
	for i := range n.Links {
		n.Links[i].To = strings.Repeat("x", 60)
	}
	if _, err := says(n).encode(); !errors.Is(err, ErrMessage) {
		t.Errorf("%v", err)
	}
}

// FuzzParse: no bytes may bring a table down, and what is taken is in bounds and can be
// told on.
func FuzzParse(f *testing.F) {
	seed := func(a *Announcement) {
		b, err := a.encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	seed(says(list("s1", identity.School, 1, "hub-a hub-b?", "s1/cam", "s1/board")))
	seed(tells("hub-a", "c1", 7, list("s1", identity.School, 1, "hub-a", "cam"), list("s2", identity.School, 9, "hub-a")))
	gone := list("s1", identity.School, 1, "")
	gone.Gone = true
	seed(tells("hub-b", "c2", 7, gone))
	f.Add([]byte(`{"from":"a","county":"c","epoch":1,"nodes":[{}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		table := NewTable(ID{"x", "city"}, identity.City, 1)
		table.SetOwn([]Link{{To: "hub-a"}}, Load{}, []Feed{{ID: "own"}})
		a, err := Parse(b)
		if err != nil {
			if !errors.Is(err, ErrMessage) {
				t.Fatal(err)
			}
			return
		}
		if _, err := table.Hear(start, a); err != nil && !errors.Is(err, ErrLoop) && !errors.Is(err, ErrOld) {
			t.Fatal(err)
		}
		for id := range table.feeds {
			for _, w := range table.Where(id) {
				if len(w.Path) == 0 || len(w.Path) > MaxHops {
					t.Fatalf("%s: path %v", id, w.Path)
				}
			}
		}
		up := table.Sum(start, nil, 1<<30)
		told := &Announcement{From: "city", County: "x", Epoch: 1, Seq: 1, Nodes: up}
		if err := told.validate(); err != nil {
			t.Fatalf("it cannot be told on: %v", err)
		}
		table.Tick(start.Add(time.Hour))
		if nodes, feeds := table.Len(); nodes+feeds != 0 {
			t.Fatalf("%d nodes and %d feeds stay for ever", nodes, feeds)
		}
	})
}

// FuzzAnswers: neither may questions and answers of others.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"feed":"s1/cam","asked":["c1/hub-a"]}`))
	f.Add([]byte(`{"ways":[{"feed":"s1/cam","county":"c1","online":true,"path":["s1","hub-a"],"cost":10,"open":true}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := parseQuestion(b); err == nil {
			if _, err := media.ParseFeedID(string(q.Feed)); err != nil || len(q.Asked) > MaxHops {
				t.Fatalf("%+v", q)
			}
		}
		r, err := parseReply(b, "s1/cam")
		if err != nil {
			return
		}
		table := NewTable(hubA, identity.Hub, 1)
		table.SetOwn([]Link{{To: "city"}}, Load{}, nil)
		for _, w := range table.extend(r.Ways) {
			if len(w.Path) == 0 || len(w.Path) > MaxHops {
				t.Fatalf("%+v", w)
			}
		}
	})
}
