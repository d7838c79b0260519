package lesson

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/classrelay/classrelay/media"
)

func maths(main, floor string) Class {
	return Class{ID: "maths", Hubs: []string{"hub"}, Main: main, Floor: floor, Rooms: map[string]media.FeedID{
		"yinshan": "yinshan/room", "banpo": "banpo/room", "xihe": "xihe/room",
	}}
}

// peer is who is reached by one link, which has its name.
func peer(node string, above bool) Peer { return Peer{Link: node, Node: node, Above: above} }

func TestWhoWatchesWhom(t *testing.T) {
	for _, c := range []struct {
		name                    string
		main, floor, node, sees string
	}{
		{"a room watches the main school", "yinshan", "", "banpo", "yinshan/room"},
		{"the main school watches nobody", "yinshan", "", "yinshan", ""},
		{"the main school watches who has the floor", "yinshan", "xihe", "yinshan", "xihe/room"},
		{"who has the floor watches the main school", "yinshan", "xihe", "xihe", "yinshan/room"},
		{"the others do, too", "yinshan", "xihe", "banpo", "yinshan/room"},
		{"the city looks in", "yinshan", "xihe", "city", "yinshan/room"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := maths(c.main, c.floor)
			if feed, _ := m.Shows(c.node); string(feed) != c.sees {
				t.Errorf("%s watches %q, not %q", c.node, feed, c.sees)
			}
		})
	}
}

// The matrix of who hears whom: whatever is said about a class, by whomever, nobody is
// shown the feed of his own room.
func TestNobodyEverHearsHimself(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // repeatable chance
	names := []string{"", "a", "b", "c", "d"}
	some := func() string { return names[random.IntN(len(names))] }
	for range 20_000 {
		c := Class{ID: "x", Main: some(), Floor: some(), Rooms: make(map[string]media.FeedID)}
		for range random.IntN(5) {
			c.Rooms[some()] = media.FeedID(some() + "/room")
		}
		for _, node := range names {
			if feed, ok := c.Shows(node); ok && feed == c.Rooms[node] {
				t.Fatalf("%+v shows %s its own room", c, node)
			}
		}
	}
}

func TestAClassThatCannotBe(t *testing.T) {
	for name, spoil := range map[string]func(*Class){
		"one room":                   func(c *Class) { c.Rooms = map[string]media.FeedID{"yinshan": "yinshan/room"} },
		"a main school without one":  func(c *Class) { c.Main = "nobody" },
		"the floor nowhere":          func(c *Class) { c.Floor = "nobody" },
		"main school with the floor": func(c *Class) { c.Floor = c.Main },
		"two rooms, one feed":        func(c *Class) { c.Rooms["banpo"] = "yinshan/room" },
		"a class as a feed":          func(c *Class) { c.Rooms["banpo"] = "class/maths" },
		"a feed without a name":      func(c *Class) { c.Rooms["banpo"] = "" },
		"no name":                    func(c *Class) { c.ID = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c := maths("yinshan", "")
			spoil(&c)
			if err := c.Validate(); !errors.Is(err, ErrClass) {
				t.Errorf("%v", err)
			}
		})
	}
	c := maths("yinshan", "xihe")
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestWhoMayChangeWhat(t *testing.T) {
	for _, c := range []struct {
		name, asks, main, floor string
		may                     bool
	}{
		{"a room becomes the main school", "banpo", "banpo", "", true},
		{"a room takes the floor", "banpo", "yinshan", "banpo", true},
		{"the main school gives the floor", "yinshan", "yinshan", "xihe", true},
		{"the main school hands on", "yinshan", "xihe", "", true},
		{"a room makes another the main school", "banpo", "xihe", "", false},
		{"a room gives another the floor", "banpo", "yinshan", "xihe", false},
		{"a stranger", "city", "banpo", "", false},
		{"a stranger for himself", "city", "city", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := NewBook("hub")
			b.Configure([]Class{maths("yinshan", "")})
			_, _, err := b.Asked(peer(c.asks, false), &Ask{Class: "maths", Main: c.main, Floor: c.floor, Path: []string{c.asks}})
			if c.may != (err == nil) {
				t.Errorf("%v", err)
			}
			school := NewBook(c.asks)
			school.Learn(peer("hub", true), []Class{maths("yinshan", "")})
			if school.May("maths", c.main, c.floor) != c.may {
				t.Error("its own node thinks otherwise")
			}
			if now := b.Known("maths"); c.may && (now.Main != c.main || now.Floor != c.floor || now.By != "hub") {
				t.Errorf("it became %+v", now)
			}
		})
	}
}

func TestWhoHasTheFloorMayGiveItBack(t *testing.T) {
	for asks, may := range map[string]bool{"xihe": true, "yinshan": true, "banpo": false, "city": false} {
		b := NewBook("hub")
		b.Configure([]Class{maths("yinshan", "xihe")})
		_, _, err := b.Asked(peer(asks, false), &Ask{Class: "maths", Main: "yinshan", Path: []string{asks}})
		if may != (err == nil) || may != (b.Known("maths").Floor == "") {
			t.Errorf("%s takes the floor from xihe: %v, %+v", asks, err, b.Known("maths"))
		}
	}
}

func TestWhoHasTheClassMayChangeAllThatIsThere(t *testing.T) {
	b := NewBook("hub")
	b.Configure([]Class{maths("yinshan", "")})
	if !b.May("maths", "xihe", "banpo") || b.May("maths", "nobody", "") || b.May("arts", "xihe", "") {
		t.Error("it may make any of its rooms the main school, and nothing else")
	}
}

func TestAnAskGoesToWhoMayChangeTheClass(t *testing.T) {
	hub, city, school := NewBook("hub"), NewBook("city"), NewBook("banpo")
	hub.Configure([]Class{maths("yinshan", "")})
	city.Learn(peer("hub", false), hub.All())
	school.Learn(peer("city", true), city.All())
	link, ask, err := school.Change("maths", "banpo", "")
	if err != nil || link != "city" {
		t.Fatalf("to %q: %v", link, err)
	}
	link, ask, err = city.Asked(peer("banpo", false), &ask)
	if err != nil || link != "hub" || !slices.Equal(ask.Path, []string{"banpo", "city"}) {
		t.Fatalf("to %q by %v: %v", link, ask.Path, err)
	}
	if link, _, err = hub.Asked(peer("city", false), &ask); err != nil || link != "" || hub.Known("maths").Main != "banpo" {
		t.Errorf("to %q: %v, %+v", link, err, hub.Known("maths"))
	}
	if _, _, err := city.Asked(peer("xihe", false), &ask); err == nil {
		t.Error("a node may speak in another's name")
	}
}

func TestANodeThatStartsAnewLearnsWhoIsTheMainSchool(t *testing.T) {
	written := []Class{maths("yinshan", "")}
	hub, school := NewBook("hub"), NewBook("banpo")
	hub.Configure(written)
	if _, _, err := hub.Change("maths", "xihe", "banpo"); err != nil {
		t.Fatal(err)
	}
	school.Learn(peer("hub", true), hub.All())
	again := NewBook("hub")
	again.Configure(written)
	if changed := school.Learn(peer("hub", true), again.All()); len(changed) != 0 {
		t.Error("the school believes a node that knows less than itself")
	}
	if again.Learn(peer("banpo", false), school.All()); again.Known("maths").Main != "xihe" {
		t.Errorf("it is %s", again.Known("maths").Main)
	}
	fewer := maths("yinshan", "")
	delete(fewer.Rooms, "xihe")
	third := NewBook("hub")
	third.Configure([]Class{fewer})
	third.Learn(peer("banpo", false), school.All())
	if c := third.Known("maths"); c.Main != "yinshan" || len(c.Rooms) != 2 {
		t.Errorf("the rooms of the new configuration do not hold: %+v", c)
	}
}

// A school asks a hub that has just started and has not heard of any turn yet.
func TestATurnAtAHubThatHasJustStartedIsHeard(t *testing.T) {
	written := []Class{maths("yinshan", "")}
	hub, school := NewBook("hub"), NewBook("banpo")
	hub.Configure(written)
	for range 3 {
		if _, _, err := hub.Change("maths", "xihe", ""); err != nil {
			t.Fatal(err)
		}
	}
	school.Learn(peer("hub", true), hub.All())
	again := NewBook("hub")
	again.Configure(written)
	_, ask, err := school.Change("maths", "banpo", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := again.Asked(peer("banpo", false), &ask); err != nil {
		t.Fatal(err)
	}
	if school.Learn(peer("hub", true), again.All()); school.Known("maths").Main != "banpo" {
		t.Errorf("%+v", school.Known("maths"))
	}
}

func TestAClassThatIsTakenOutIsGoneEverywhere(t *testing.T) {
	hub, school := NewBook("hub"), NewBook("banpo")
	hub.Configure([]Class{maths("yinshan", "")})
	school.Learn(peer("hub", true), hub.All())
	hub.Configure(nil)
	school.Learn(peer("hub", true), hub.All())
	if c := school.Known("maths"); !c.Gone {
		t.Errorf("%+v", c)
	}
	if _, ok := school.Known("maths").Shows("banpo"); ok {
		t.Error("it is still shown")
	}
	if _, _, err := school.Change("maths", "banpo", ""); !errors.Is(err, ErrClass) {
		t.Errorf("%v", err)
	}
}

// Whatever is changed where, in whatever order the words arrive and however often, all
// nodes end up with the same.
func TestAllNodesAgreeInTheEnd(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable chance
		rooms := []string{"yinshan", "banpo", "xihe"}
		var books []*Book
		for i := range 5 {
			b := NewBook(fmt.Sprintf("node-%d", i))
			if i < 2 { // two hubs
				m := maths("yinshan", "")
				m.Hubs = []string{"node-0", "node-1"}
				b.Configure([]Class{m})
			}
			books = append(books, b)
		}
		tell := func(from, to int) { books[to].Learn(peer(books[from].node, true), books[from].All()) }
		for range 60 {
			if random.IntN(3) == 0 {
				_, _, _ = books[random.IntN(2)].Change("maths", rooms[random.IntN(3)], "")
			} else {
				tell(random.IntN(5), random.IntN(5))
			}
		}
		for range 5 { // along a line and back: everybody has heard everybody
			for i := range 4 {
				tell(i, i+1)
			}
			for i := range 4 {
				tell(4-i, 3-i)
			}
		}
		for _, b := range books[1:] {
			if !reflect.DeepEqual(b.All(), books[0].All()) {
				t.Fatalf("seed %d: %+v, %+v", seed, *b.Known("maths"), *books[0].Known("maths"))
			}
		}
	}
}

func TestTheSameConfigurationAgainChangesNothing(t *testing.T) {
	b := NewBook("hub")
	b.Configure([]Class{maths("yinshan", "")})
	if _, _, err := b.Change("maths", "xihe", ""); err != nil {
		t.Fatal(err)
	}
	if changed := b.Configure([]Class{maths("yinshan", "")}); len(changed) != 0 || b.Known("maths").Main != "xihe" {
		t.Errorf("%v: %+v", changed, b.Known("maths"))
	}
}

// A school may say of a class what it likes: nobody above believes it.
func TestASchoolIsNotBelievedAboutAClass(t *testing.T) {
	hub := NewBook("hub")
	hub.Configure([]Class{maths("yinshan", "")})
	if _, _, err := hub.Change("maths", "xihe", ""); err != nil {
		t.Fatal(err)
	}
	forged := *hub.Known("maths")
	forged.Turn, forged.By, forged.Main, forged.Hubs = maxTurn, "banpo", "banpo", []string{"banpo"}
	if changed := hub.Learn(peer("banpo", false), []Class{forged}); len(changed) != 0 {
		t.Errorf("the hub believes it: %+v", hub.Known("maths"))
	}
	city := NewBook("city")
	city.Learn(peer("hub", false), hub.All())
	if changed := city.Learn(peer("banpo", false), []Class{forged}); len(changed) != 0 {
		t.Error("the city believes it")
	}
	if changed := city.Learn(peer("other-hub", false), []Class{forged}); len(changed) != 0 {
		t.Error("the city believes a hub of another county")
	}
	province := NewBook("province")
	if province.Learn(peer("city", false), city.All()); province.Known("maths") == nil {
		t.Error("the province does not believe the city")
	}
	arts := maths("banpo", "")
	arts.ID, arts.Turn, arts.Hubs = "arts", maxTurn, []string{"banpo"}
	school := NewBook("small-hub")
	if changed := school.Learn(peer("banpo", false), []Class{arts}); len(changed) != 0 {
		t.Error("a school tells first of a class it is in")
	}
	school.Learn(peer("stranger", false), []Class{arts})
	told := arts
	told.Turn, told.Hubs, told.Main = 1, []string{"hub"}, "xihe"
	if school.Learn(peer("hub", true), []Class{told}); school.Known("arts").Main != "xihe" {
		t.Error("what somebody below has made up stays")
	}
	forged.Turn = maxTurn + 1
	if forged.Validate() == nil {
		t.Error("a turn near where numbers end is taken")
	}
}

func TestABookDoesNotGrow(t *testing.T) {
	b := NewBook("hub")
	for i := range 5 * maxGone {
		m := maths("yinshan", "")
		m.ID = fmt.Sprintf("class-%d", i)
		b.Configure([]Class{m})
	}
	if n := len(b.All()); n > maxGone+1 {
		t.Errorf("%d classes are known after one was renamed %d times", n, 5*maxGone)
	}
	below := NewBook("city")
	for i := range 2 * maxKnown {
		m := maths("yinshan", "")
		m.ID, m.Turn = fmt.Sprintf("class-%d", i), 1
		below.Learn(peer("hub", false), []Class{m})
	}
	if n := len(below.All()); n > maxKnown {
		t.Errorf("%d classes are known", n)
	}
}

// machines of a county, for a book.
func onMachines(b *Book, names ...string) {
	b.On(func() (list []Machine) {
		for _, name := range names {
			list = append(list, Machine{Name: name})
		}
		return list
	})
}

func TestLessonsSpreadOverTheMachines(t *testing.T) {
	b := NewBook("hub-a")
	onMachines(b, "hub-a", "hub-b")
	var written []Class
	for i := range 10 {
		c := maths("yinshan", "")
		c.ID = fmt.Sprintf("class-%d", i)
		written = append(written, c)
	}
	b.Configure(written)
	for _, c := range written {
		if b.Known(c.ID).Meets != "" {
			t.Fatal("a class that has not begun meets somewhere")
		}
		if _, _, err := b.Change(c.ID, "banpo", ""); err != nil {
			t.Fatal(err)
		}
	}
	if n, m := b.Lessons("hub-a"), b.Lessons("hub-b"); n+m != 10 || n < 3 || n > 7 {
		t.Errorf("%d lessons on one machine, %d on the other", n, m) // at most 10 * 1.25 / 2, rounded up
	}
}

func TestALessonMeetsOnTheSameMachineWhileThatIsThere(t *testing.T) {
	b := NewBook("hub-a")
	b.Configure([]Class{maths("yinshan", "")})
	turn := func(main string) string {
		t.Helper()
		if _, _, err := b.Change("maths", main, ""); err != nil {
			t.Fatal(err)
		}
		return b.Known("maths").Meets
	}
	if at := turn("banpo"); at != "" {
		t.Errorf("no machine is known, and it meets on %s", at)
	}
	onMachines(b, "hub-b")
	if at := turn("xihe"); at != "hub-b" {
		t.Errorf("of one machine it meets on %q", at)
	}
	onMachines(b, "hub-a", "hub-b", "hub-c", "hub-d")
	for _, main := range []string{"banpo", "xihe", "yinshan"} {
		if at := turn(main); at != "hub-b" {
			t.Errorf("it has moved to %s", at)
		}
	}
	adapted := maths("yinshan", "")
	adapted.Rooms["new"] = "new/room"
	b.Configure([]Class{adapted})
	if at := b.Known("maths").Meets; at != "hub-b" {
		t.Errorf("with one room more it meets on %q", at)
	}
	onMachines(b, "hub-c") // hub-b is dead
	if at := turn("banpo"); at != "hub-c" {
		t.Errorf("its machine is dead, and it meets on %s", at)
	}
	onMachines(b, "hub-b", "hub-c") // and back
	if at := turn("xihe"); at != "hub-c" {
		t.Errorf("it has moved back to %s", at)
	}
}

// A hub that has started anew, and knows of no lesson, takes over where it meets.
func TestAHubThatStartsAnewLearnsWhereALessonMeets(t *testing.T) {
	old := maths("banpo", "")
	old.Turn, old.By, old.Meets = 7, "hub", "hub-b"
	b := NewBook("hub")
	b.Configure([]Class{maths("yinshan", "")})
	b.Learn(peer("banpo", false), []Class{old})
	if c := b.Known("maths"); c.Main != "banpo" || c.Meets != "hub-b" {
		t.Errorf("%+v", c)
	}
}
