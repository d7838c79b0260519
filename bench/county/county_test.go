package county

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/strict"
)

func TestTheMorningIsRead(t *testing.T) {
	s, err := Parse("morning.yaml", Morning, 6)
	if err != nil {
		t.Fatal(err)
	}
	deeds := make(map[Deed]int)
	for _, step := range s.Steps {
		deeds[step.Deed]++
	}
	if deeds[Main] < 3 || deeds[Cut] < 2 || deeds[Kill] < 2 {
		t.Errorf("it has %v", deeds)
	}
}

func TestTheTenSwapsAreRead(t *testing.T) {
	text, err := os.ReadFile("swaps.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("swaps.yaml", text, 4)
	if err != nil || len(s.Steps) != 11 {
		t.Fatalf("%v, %+v", err, s)
	}
	for i, step := range s.Steps[1:] {
		if step.Deed != Main || step.Place == s.Steps[i].Place {
			t.Errorf("step %d changes nothing: %+v", i+1, step)
		}
	}
}

func TestScriptsThatMakeNoSense(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no steps":                {"title: x", "x.yaml: steps: there is none"},
		"a school that is not":    {"steps:\n  - main: school-9", `x.yaml:2: steps[0].main: "school-9" is not a school`},
		"a hub as main school":    {"steps:\n  - main: hub-a", "is not a school"},
		"no main school":          {"steps:\n  - kill: hub-a", "the first step says who is the main school"},
		"two deeds":               {"steps:\n  - {main: school-1, cut: school-2}", "one of main, cut and kill"},
		"the province cannot die": {"steps:\n  - main: school-1\n  - kill: province", "x.yaml:3: "},
		"a time that is none":     {"steps:\n  - {main: school-1, limit: soon}", `limit: "soon" is no time`},
		"a key that is not known": {"steps:\n  - {man: school-1}", "x.yaml:2: unknown field"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x.yaml", []byte(tt.text), 6)
			if _, ok := errors.AsType[*strict.Error](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
}

// frames tells a healing of a frame every 40 ms from one moment to another.
func frames(h *Healing, from, to time.Time) {
	for at := from; at.Before(to); at = at.Add(40 * time.Millisecond) {
		h.Frame(at)
	}
}

func TestHowLongAPictureWasAway(t *testing.T) {
	zero := time.Unix(1e9, 0)
	at := func(s float64) time.Time { return zero.Add(time.Duration(s * float64(time.Second))) }
	for _, tt := range []struct {
		name    string
		play    func() *Healing
		took    time.Duration
		steady  bool // at second 8
		blinked bool
	}{
		{"never away", func() *Healing {
			h := NewHealing(zero)
			frames(h, at(0), at(8))
			return h
		}, 0, true, false},
		{"away for two seconds after a death", func() *Healing {
			h := NewHealing(zero)
			frames(h, at(0), at(1))
			frames(h, at(3), at(8))
			return h
		}, 3 * time.Second, true, true},
		{"back half a second after the line", func() *Healing {
			h := NewHealing(zero)
			h.From(at(4))
			frames(h, at(4.5), at(8))
			return h
		}, 500 * time.Millisecond, true, true},
		{"back before the trouble was over", func() *Healing {
			h := NewHealing(zero)
			frames(h, at(1), at(4))
			h.From(at(4))
			frames(h, at(4), at(8))
			return h
		}, 0, true, true},
		{"back too short a time", func() *Healing {
			h := NewHealing(zero)
			frames(h, at(7.5), at(8))
			return h
		}, 7500 * time.Millisecond, false, true},
		{"gone again", func() *Healing {
			h := NewHealing(zero)
			frames(h, at(1), at(6))
			return h
		}, time.Second, false, true},
		{"a new main school", func() *Healing {
			h := NewTurn(zero)
			frames(h, at(0.2), at(8))
			return h
		}, 200 * time.Millisecond, true, true},
		{"a main school that never comes", func() *Healing { return NewTurn(zero) }, 0, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.play()
			if h.Took() != tt.took || h.Steady(at(8)) != tt.steady || h.Blinked() != tt.blinked {
				t.Errorf("took %v, steady %v, blinked %v", h.Took(), h.Steady(at(8)), h.Blinked())
			}
		})
	}
}

func TestWhoIsTouchedByWhat(t *testing.T) {
	for _, tt := range []struct {
		place string
		step  Step
		want  bool
	}{
		{"school-3", Step{Deed: Cut, Place: "school-3"}, true},
		{"school-4", Step{Deed: Cut, Place: "school-3"}, false},
		{"province", Step{Deed: Cut, Place: "city"}, true},
		{"school-4", Step{Deed: Cut, Place: "city"}, false},
		{"school-4", Step{Deed: Kill, Place: "hub-a"}, true},
	} {
		if got := touched(tt.place, tt.step); got != tt.want {
			t.Errorf("%s by %v: %v", tt.place, tt.step, got)
		}
	}
}

func TestAConnectionThatWasMadeAnewIsFound(t *testing.T) {
	tell := func(text string) *figures {
		f := new(figures)
		if err := json.Unmarshal([]byte(text), f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	const early, late = `"since":"2026-03-02T08:00:00Z"`, `"since":"2026-03-02T08:00:09Z"`
	before := map[string]*figures{
		"hub-a": tell(`{"links":[{"peer":"school-1","up":true,` + early + `},{"peer":"city","up":true,` + early + `}]}`),
		"school-1": tell(`{"links":[{"peer":"hub-a","up":true,` + early + `},{"peer":"hub-b","up":true,` + early + `}],
			"players":[{"kind":"rtsp","remote":"127.0.0.1:7",` + early + `}]}`),
		"hub-b": tell(`{"links":[]}`), // which was killed and knows nothing yet
	}
	was := connectionsOf(before)
	if len(was) != 3 { // both ends of a link, and a screen
		t.Errorf("%d connections: %v", len(was), was)
	}
	if names := closed(was, was); len(names) != 0 {
		t.Errorf("closed: %q", names)
	}
	before["school-1"] = tell(`{"links":[{"peer":"hub-a","up":true,` + early + `}],
		"players":[{"kind":"rtsp","remote":"127.0.0.1:8",` + late + `}]}`)
	if names := closed(was, connectionsOf(before)); !slices.Equal(names, []string{"school-1 to rtsp 127.0.0.1:7"}) {
		t.Errorf("a screen that came again: %q", names)
	}
	before["hub-a"] = tell(`{"links":[{"peer":"school-1","up":true,` + late + `}]}`)
	names := closed(was, connectionsOf(before))
	if !slices.Contains(names, "hub-a to school-1") {
		t.Errorf("a link that was made anew: %q", names)
	}
}

func TestTurnsAreSummedUp(t *testing.T) {
	var r Report
	if r.turns() != nil {
		t.Error("turns where there was none")
	}
	r.add(Outcome{Deed: Main, EachMs: []float64{9000}, Closed: 9})
	r.add(Outcome{Deed: Main, EachMs: []float64{100, 300, 200}})
	r.add(Outcome{Deed: Kill, EachMs: []float64{1400}})
	r.add(Outcome{Deed: Main, EachMs: []float64{500, 400}, Closed: 1})
	if got, want := *r.turns(), (Turns{Turns: 2, P50Ms: 300, P95Ms: 500, MaxMs: 500, Closed: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
