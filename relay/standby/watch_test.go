package standby

import (
	"slices"
	"testing"
	"time"
)

// school is a node with links whose traffic is moved by hand.
type school struct {
	watch  Watch
	now    time.Time
	links  map[string]*line
	doubt  []string
	quiet  map[string]time.Duration // when each was first called quiet
	ended  map[string]time.Duration // when it was called so no more
	told   map[string]time.Duration
	stuck  map[string]time.Duration
	asked  map[string]int
	passed time.Duration
}

// line is a link: it brings something every so often, where it brings anything.
type line struct {
	every   time.Duration // of its own; 0 = never
	carries bool
	heard   uint64
	answers time.Duration // the round trip of what it is asked; 0 = no answer
	due     []time.Duration
	serves  bool
}

func newSchool(links map[string]*line) *school {
	return &school{
		now: time.Unix(1000, 0), links: links,
		quiet: make(map[string]time.Duration), ended: make(map[string]time.Duration),
		told: make(map[string]time.Duration), stuck: make(map[string]time.Duration), asked: make(map[string]int),
	}
}

// run moves time on in steps of a millisecond, with a Tick when one is due.
func (s *school) run(d time.Duration) {
	for end := s.passed + d; s.passed < end; {
		s.passed += time.Millisecond
		s.now = s.now.Add(time.Millisecond)
		for _, l := range s.links {
			if l.every > 0 && s.passed%l.every == 0 {
				l.heard++
			}
			for len(l.due) > 0 && l.due[0] <= s.passed {
				l.heard, l.due = l.heard+1, l.due[1:]
			}
		}
		if s.passed%Every == 0 {
			s.tick()
		}
	}
}

func (s *school) tick() {
	var links []Link
	for _, name := range []string{"a", "b", "c"} {
		l := s.links[name]
		if l == nil {
			continue
		}
		duty := Idle
		switch {
		case l.carries:
			duty = Carries
		case len(s.doubt) > 0:
			duty = StandsBy
		}
		links = append(links, Link{Name: name, Heard: l.heard, Duty: duty, Serves: l.serves})
	}
	v := s.watch.Tick(s.now, links)
	s.doubt = v.Doubt
	for _, name := range v.Ask {
		s.asked[name]++
		if l := s.links[name]; l.answers > 0 {
			l.due = append(l.due, s.passed+l.answers)
		}
	}
	s.note(s.quiet, v.Quiet)
	s.note(s.told, v.Told)
	s.note(s.stuck, v.Stuck)
	for name := range s.quiet {
		if _, over := s.ended[name]; !over && !slices.Contains(v.Quiet, name) {
			s.ended[name] = s.passed
		}
	}
}

func (s *school) note(at map[string]time.Duration, names []string) {
	for _, name := range names {
		if _, known := at[name]; !known {
			at[name] = s.passed
		}
	}
}

const (
	ms = time.Millisecond
	// idle is how often a link brings something that nobody uses: keep-alive and
	// time exchange.
	idle = time.Second
)

func TestALinkThatDiesIsQuietAfter700ms(t *testing.T) {
	a, b := &line{every: 20 * ms, carries: true, answers: 60 * ms}, &line{every: idle, answers: 60 * ms}
	s := newSchool(map[string]*line{"a": a, "b": b})
	s.run(10 * time.Second)
	if len(s.quiet) > 0 || len(s.asked) > 0 {
		t.Fatalf("in a lesson: quiet %v, asked %v", s.quiet, s.asked)
	}
	a.every, a.answers = 0, 0
	s.run(650 * ms)
	if len(s.quiet) > 0 {
		t.Fatalf("quiet after %v", s.quiet["a"]-10*time.Second)
	}
	s.run(time.Second)
	if at := s.quiet["a"] - 10*time.Second; at < 700*ms || at > 750*ms || len(s.quiet) != 1 {
		t.Errorf("quiet %v, want a after 700 to 750 ms", s.quiet)
	}
	if s.asked["a"] == 0 || s.asked["b"] == 0 {
		t.Errorf("asked %v, want both", s.asked)
	}
	if at := s.told["a"] - 10*time.Second; at < 1500*ms || at > 1550*ms {
		t.Errorf("told after %v, want 1.5 s", at)
	}
	a.carries, b.carries, b.every = false, true, 20*ms // the feeds have gone over
	s.run(10 * time.Second)
	if at := s.quiet["b"]; at != 0 {
		t.Errorf("the new link is quiet at %v", at)
	}
	if at := s.ended["a"]; at != 0 {
		t.Errorf("a link that nothing is heard of is good again at %v", at)
	}
	a.every = idle
	s.run(1100 * ms)
	if s.ended["a"] == 0 {
		t.Error("a link that is heard again stays quiet")
	}
}

func TestWhatIsNoReasonToLeaveALink(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(s *school, a, b *line)
	}{
		{"the camera is quiet and its hub answers", func(s *school, a, _ *line) {
			a.every = 0
			s.run(time.Minute)
		}},
		{"nobody watches", func(s *school, a, _ *line) {
			a.carries, a.every, a.answers = false, 0, 0
			s.run(time.Minute)
		}},
		{"a viewer comes to a link that was silent for long, and it answers", func(s *school, a, _ *line) {
			a.carries, a.every = false, 0
			s.run(time.Minute)
			a.carries = true
			s.run(time.Minute)
		}},
		{"both links stop: it is the school's own line", func(s *school, a, b *line) {
			a.every, b.every, a.answers, b.answers = 0, 0, 0, 0
			s.run(4 * time.Second)
			a.every, b.every = 20*ms, idle
			s.run(10 * time.Second)
		}},
		{"a queue fills at once by 690 ms and drains", func(s *school, a, b *line) {
			for range 20 {
				a.every, b.every = 0, 0
				a.answers, b.answers = 690*ms, 690*ms
				s.run(690 * ms)
				a.every, b.every = 20*ms, idle
				s.run(3 * time.Second)
				a.answers, b.answers = 60*ms, 60*ms
				s.run(3 * time.Second)
			}
		}},
		{"a queue of 3 s on the school's own line", func(s *school, a, b *line) {
			for range 5 {
				a.every, b.every = 0, 0
				a.answers, b.answers = 0, 0
				s.run(3 * time.Second)
				// The media that waited comes before the answers behind it.
				a.every, a.answers, b.answers = 20*ms, 3*time.Second, 3*time.Second
				s.run(3 * time.Second)
				b.every = idle
			}
		}},
		{"one packet in 600 ms gets through", func(s *school, a, _ *line) {
			a.every, a.answers = 600*ms, 0
			s.run(time.Minute)
		}},
		{"there is no other link", func(s *school, a, _ *line) {
			delete(s.links, "b")
			a.every, a.answers = 0, 0
			s.run(5 * time.Second)
		}},
		{"this machine stood still for 5 s", func(s *school, _, b *line) {
			for range 5 {
				s.now = s.now.Add(5 * time.Second)
				b.heard++ // it happens to be read first
				s.run(2 * time.Second)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := &line{every: 20 * ms, carries: true, answers: 60 * ms}, &line{every: idle, answers: 60 * ms}
			s := newSchool(map[string]*line{"a": a, "b": b})
			s.run(5 * time.Second)
			tt.do(s, a, b)
			if at, quiet := s.quiet["a"]; quiet && at != s.quiet["b"] {
				t.Errorf("a is left at %v (b: %v)", at, s.quiet)
			}
		})
	}
}

func TestALinkInUseThatHearsNothingIsStuckWhateverTheOthersDo(t *testing.T) {
	for _, tt := range []struct {
		name    string
		carries bool
		serves  bool
		other   bool // answers
		want    bool
	}{
		{"it brings media, the only link", true, false, false, true},
		{"it brings media, and another link lives", true, false, true, true},
		{"it takes media, and nothing is reported", false, true, false, true},
		{"nobody uses it", false, false, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := &line{every: 20 * ms, carries: tt.carries, serves: tt.serves}, &line{}
			if tt.other {
				b.every = 100 * ms
			}
			s := newSchool(map[string]*line{"a": a, "b": b})
			s.run(10 * time.Second)
			if len(s.stuck) > 0 {
				t.Fatalf("stuck while it is heard: %v", s.stuck)
			}
			a.every = 0
			s.run(3 * time.Second)
			at, stuck := s.stuck["a"]
			if at -= 10 * time.Second; stuck != tt.want || stuck && (at < 700*ms || at > 750*ms) {
				t.Errorf("stuck %v after %v", stuck, at)
			}
			if asked := s.asked["a"] > 0; asked != tt.want {
				t.Errorf("asked %v", asked)
			}
			if _, quiet := s.quiet["a"]; quiet != (tt.carries && tt.other) {
				t.Errorf("quiet %v: only a link that brings media is left for another", quiet)
			}
		})
	}
}

// A link that was silent because nobody used it is not stuck when somebody does.
func TestALinkThatIsNewlyUsedIsGivenTime(t *testing.T) {
	a := &line{answers: 300 * ms}
	s := newSchool(map[string]*line{"a": a, "b": {every: idle}})
	s.run(10 * time.Second)
	a.serves = true
	s.run(5 * time.Second)
	if len(s.stuck) > 0 || s.asked["a"] == 0 {
		t.Errorf("stuck %v, asked %v", s.stuck, s.asked)
	}
}

// With a third link, of a box on the school's own network, the node knows that it
// lives itself; but both ways up are silent, and neither is the better one.
func TestTwoLinksOverOneStoppedLineAreQuietTogether(t *testing.T) {
	a, b := &line{every: 20 * ms, carries: true}, &line{every: idle}
	s := newSchool(map[string]*line{"a": a, "b": b, "c": {every: 100 * ms, answers: ms}})
	s.run(5*time.Second + 10*ms)
	a.every, b.every = 0, 0
	s.run(3 * time.Second)
	if s.quiet["a"] == 0 || s.quiet["a"] != s.quiet["b"] || s.quiet["c"] != 0 {
		t.Errorf("quiet %v, want a and b at the same time", s.quiet)
	}
	a.every = 20 * ms
	s.run(time.Second)
	if s.ended["a"] == 0 {
		t.Error("a is heard and still quiet")
	}
}

// A machine with other things to do looks seldom. It notices later, and still does.
func TestALinkThatDiesIsNoticedByABusyMachine(t *testing.T) {
	a, b := &line{every: 20 * ms, carries: true}, &line{every: idle, answers: 60 * ms}
	s := newSchool(map[string]*line{"a": a, "b": b})
	s.run(5 * time.Second)
	a.every = 0
	for range 12 { // each look comes 300 ms late
		s.now = s.now.Add(300 * ms)
		s.run(Every)
	}
	if s.quiet["a"] == 0 {
		t.Error("not noticed in 4 s")
	}
}

func TestALinkThatIsGoneIsForgotten(t *testing.T) {
	s := newSchool(map[string]*line{"a": {every: 20 * ms}, "b": {every: idle}})
	s.run(time.Second)
	delete(s.links, "a")
	s.run(time.Second)
	if n := len(s.watch.links); n != 1 {
		t.Errorf("%d links are remembered", n)
	}
}
