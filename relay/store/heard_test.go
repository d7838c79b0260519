package store

import (
	"testing"
	"time"
)

func TestWhenAHubWasHeardIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		heard := func(want time.Time) {
			t.Helper()
			g, err := s.Standing(t.Context())
			must(t, err)
			if !g.Heard.Equal(want) {
				t.Errorf("heard at %v, want %v", g.Heard, want)
			}
		}
		heard(time.Time{})
		for _, at := range []time.Time{noon(), noon().Add(time.Hour), noon().Add(-time.Hour)} {
			must(t, s.Hear(t.Context(), at))
			heard(at)
		}
		_, err := s.Begin(t.Context(), "test")
		must(t, err)
		heard(noon().Add(-time.Hour))
	})
}

func TestWhenAHubWasHeardOutlivesTheProcess(t *testing.T) {
	path := In(t.TempDir())
	s, err := Open(path)
	must(t, err)
	must(t, s.Hear(t.Context(), noon()))
	must(t, s.Close())
	g, err := open(t, path).Standing(t.Context())
	must(t, err)
	if !g.Heard.Equal(noon()) {
		t.Errorf("heard at %v", g.Heard)
	}
}
