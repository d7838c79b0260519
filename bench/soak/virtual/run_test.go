package virtual

import (
	"context"
	"testing"
	"time"

	"github.com/classrelay/classrelay/bench/soak"
)

func TestAVirtualHourHasNoFault(t *testing.T) {
	length := time.Hour
	if testing.Short() {
		length = 2 * time.Minute
	}
	l, err := Run(context.Background(), Config{For: length, Window: time.Minute, Seed: 3}, func(soak.Window) {})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := soak.ParseRules([]string{"good_in_300ms >= 95%", "broken_frames == 0", "faults == 0"})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range l.Judge(rules) {
		if j.Outcome != soak.Met {
			t.Errorf("%s is %v: %v", j.Rule, j.Value, l.Faults)
		}
	}
	if len(l.Windows) != int(length/time.Minute) || l.Interrupted {
		t.Errorf("%d windows, interrupted: %v", len(l.Windows), l.Interrupted)
	}
}

func TestTheSameSeedIsTheSameDay(t *testing.T) {
	day := func() []soak.Window {
		l, err := Run(context.Background(), Config{For: time.Minute, Window: 20 * time.Second, Seed: 7}, func(soak.Window) {})
		if err != nil {
			t.Fatal(err)
		}
		return l.Windows
	}
	a, b := day(), day()
	for i := range a {
		if a[i].Frames != b[i].Frames || a[i].Viewers != b[i].Viewers || *a[i].P50 != *b[i].P50 {
			t.Errorf("window %d: %+v and %+v", i, a[i], b[i])
		}
	}
}

func TestAnEndedContextGivesTheDaySoFar(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l, err := Run(ctx, Config{For: time.Hour, Window: 10 * time.Second, Seed: 1}, func(soak.Window) { cancel() })
	if err != nil || !l.Interrupted || len(l.Windows) == 0 || len(l.Windows) > 60 {
		t.Fatalf("%v, interrupted %v, %d windows", err, l.Interrupted, len(l.Windows))
	}
}

func TestFaultsAreSeen(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(w *world)
		want  int // at least so many faults, or broken frames
	}{
		{"nothing", func(*world) {}, 0},
		{"a byte changes at the branch", func(w *world) {
			for i := range w.noise {
				w.noise[i]++
			}
		}, 1},
		{"a viewer gets another number", func(w *world) { w.steady.video.next++ }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log := &soak.Log{}
			w, err := newWorld(1, log)
			if err != nil {
				t.Fatal(err)
			}
			for w.now < 10*time.Second {
				w.step()
			}
			tt.spoil(w)
			for w.now < 12*time.Second {
				w.step()
			}
			if got := log.FaultCount; got < tt.want || tt.want == 0 && got > 0 {
				t.Errorf("%d faults: %v", got, log.Faults)
			}
		})
	}
}
