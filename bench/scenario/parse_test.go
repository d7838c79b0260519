package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/netem"
)

const good = `title: a line that goes away
for: 20s
camera: {main: 4Mbit/s, sub: 0.5Mbit/s}
lines:
  - down: {rate: 20Mbit/s, delay: 30ms, loss: 2%, burst: 5, outages: [{at: 5s, for: 1s}]}
    up: {delay: 10ms}
  - both: {rate: 5Mbit/s, queue: 1s, steps: [{at: 2s, rate: 1Mbit/s}]}
recovers_at: 6s
rules:
  - p99 <= 130ms
  - back_on_main <= 8s
`

func TestAScenarioIsReadWhole(t *testing.T) {
	s, err := Parse("dir/our-line.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	down := netem.Profile{
		Rate: 20e6, Delay: 30 * ms, Loss: 0.02, Burst: 5, Outages: []netem.Outage{{At: 5000 * ms, For: 1000 * ms}},
	}
	if s.Name != "our-line" || s.For != 20*time.Second || s.Deadline != 300*ms || s.RecoversAt != 6*time.Second ||
		s.MainRate != 4e6 || s.SubRate != 5e5 || len(s.Rules) != 2 || len(s.Lines) != 2 {
		t.Fatalf("read %+v", s)
	}
	got := s.Lines[0].Down
	if !slices.Equal(got.Outages, down.Outages) {
		t.Errorf("outages %+v", got.Outages)
	}
	if got.Rate != down.Rate || got.Delay != down.Delay || got.Loss != down.Loss || got.Burst != down.Burst {
		t.Errorf("down %+v, want %+v", got, down)
	}
	if s.Lines[0].Up.Delay != 10*ms || s.Lines[0].Up.Rate != 0 {
		t.Errorf("up %+v", s.Lines[0].Up)
	}
	if l := s.Lines[1]; l.Up.Queue != time.Second || l.Down.Steps[0] != (netem.Step{At: 2 * time.Second, Rate: 1e6}) {
		t.Errorf("both %+v", l)
	}
}

func TestWhatIsWrongInAScenarioIsNamedWithItsLine(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"an unknown key", "title:", "titel:", `x.yaml:1: unknown field "titel"`},
		{"an unknown key of a line", "delay: 10ms", "dealy: 10ms", `x.yaml:6: unknown field "dealy"`},
		{"the same key twice", "for: 20s", "title: again", `x.yaml:2:`},
		{"no YAML", "camera: {", "camera: [", "x.yaml:4:"},
		{"a list for a text", "title: a line that goes away", "title: [a]", "x.yaml:1:"},
		{"a text for a number", "burst: 5", "burst: five", "x.yaml:5:"},
		{"a time without a unit", "for: 20s", "for: 20", `x.yaml:2: for: "20" is not a time`},
		{"no time", "for: 20s", "", "x.yaml: for: it has to run for a second or longer"},
		{"a rate without a unit", "rate: 5Mbit/s", "rate: 5", `x.yaml:7: lines[1].both.rate: "5" is not a rate`},
		{"a share without per cent", "loss: 2%", "loss: 0.02", `x.yaml:5: lines[0].down.loss: "0.02" is not a percentage`},
		{"a share above 100 %", "loss: 2%", "loss: 200%", `x.yaml:5: lines[0].down: bad link profile`},
		{"an outage for no time", "at: 5s, for: 1s", "at: 5s", "x.yaml:5: lines[0].down: bad link profile: outage"},
		{"a camera of two kinds", "sub: 0.5Mbit/s", "sub: 0.5Mbit/s, clip: true", "x.yaml:3: camera: either"},
		{"half a camera", ", sub: 0.5Mbit/s", "", "x.yaml:3: camera: either"},
		{"half a line", "\n    up: {delay: 10ms}", "", "x.yaml:5: lines[0]: either both is wanted, or down and up"},
		{"an unknown figure", "p99 <= 130ms", "p98 <= 130ms", `x.yaml:10: rules[0]: rule "p98 <= 130ms": no figure "p98"`},
		{"a rule about a time that is not set", "recovers_at: 6s", "", "x.yaml:11: rules[1]: back_on_main counts from"},
		{
			"300 ms with another deadline", "recovers_at: 6s\nrules:",
			"deadline: 500ms\nrecovers_at: 6s\nrules:\n  - good_in_300ms >= 1%",
			"x.yaml:11: rules[0]: with a deadline of its own the scenario has good_in_time, not good_in_300ms",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			_, err := Parse("x.yaml", []byte(text))
			if _, ok := errors.AsType[*Error](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says\n%v\nwant %q", err, c.want)
			}
		})
	}
	for _, text := range []string{"", "title: x\n", "for: 1s\ncamera: {clip: true}\nlines: [{both: {}}]\n"} {
		if _, err := Parse("x.yaml", []byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestShippedScenariosAreThere(t *testing.T) {
	all, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	names := namesOf(all)
	for _, want := range []string{
		"clean", "random-1", "random-3", "bursty-2", "bursty-5", "fade", "outage", "rural-100M", "rural-200M",
		"evening-wifi", "5g-handover", "bufferbloat", "satellite", "four-level-cascade",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("there is no %s", want)
		}
	}
	for _, s := range all {
		rules := make([]string, len(s.Rules))
		for i, r := range s.Rules {
			rules[i] = r.String()
		}
		if s.Title == "" || !slices.Contains(rules, "broken_frames == 0") ||
			!slices.Contains(rules, "emulator_late_p99 <= 2ms") {
			t.Errorf("%s: %q, %q", s.Name, s.Title, rules)
		}
	}
}

func TestFindTakesNamesAndFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ours.yaml")
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := Find([]string{"fade", path})
	if err != nil {
		t.Fatal(err)
	}
	if got := namesOf(found); !slices.Equal(got, []string{"fade", "ours"}) {
		t.Errorf("found %q", got)
	}
	if _, err := Find([]string{"fade", "fda"}); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "evening-wifi") {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := Find([]string{"no.yaml"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("rules: [p99 <= 1ms]\nlines: [{both: {}}]\nfor: 1s\ncamera: {clip: true}\n"))
	f.Add([]byte("- a\n- &b c\n- *b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("x.yaml", data)
		if err != nil {
			return
		}
		if s.For < time.Second || len(s.Lines) == 0 || len(s.Rules) == 0 || s.Deadline <= 0 {
			t.Errorf("%q was taken as %+v", data, s)
		}
		for _, l := range s.Lines {
			if l.Up.Validate() != nil || l.Down.Validate() != nil {
				t.Errorf("%q has a line that makes no sense", data)
			}
		}
	})
}
