package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestTheFirstHubIsPromotedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		if _, err := s.Put(t.Context(), rec(TableSchool, "s012", `{}`)); !errors.Is(err, ErrNotWriter) ||
			!strings.Contains(err.Error(), "classrelay promote") {
			t.Errorf("before: %v", err)
		}
		first, err := s.Begin(t.Context(), "root")
		must(t, err)
		if first/epochStep != 1 {
			t.Errorf("the first epoch is %d", first)
		}
		again, err := s.Promote(t.Context(), "root")
		if again != first || err != nil {
			t.Errorf("again: %d, %v", again, err)
		}
		log, err := s.AuditLog(t.Context(), 0, 10)
		must(t, err)
		if len(log) != 1 || log[0].Action != "epoch.promote" || log[0].Actor != "root" {
			t.Errorf("the log has %+v", log)
		}
	})
}

func TestASchoolIsNotPromoted(t *testing.T) {
	s := open(t, In(t.TempDir()))
	must(t, s.BelongTo(t.Context(), "s012"))
	if _, err := s.Begin(t.Context(), "root"); !errors.Is(err, ErrWrongSlice) {
		t.Errorf("got %v", err)
	}
}

func TestAReturnedWriterIsFencedAndItsEditsAreKept(t *testing.T) {
	onEach(t, func(t *testing.T, old *Store) {
		hub, school := hubAndSchool(t, old)
		second := open(t, In(t.TempDir()))
		pull(t, second, hub)
		pull(t, school, hub)

		// The old writer is cut off, and goes on.
		put(t, hub, rec(TableClass, "k1", `{"n":"old"}`), rec(TableClass, "k9", `{"n":"old"}`),
			gone(TableTimetable, "k1/mon"), rec(TableSchool, "s013", `{"same":1}`), camera("old"))
		// The new one goes on from what it has.
		_, err := second.Promote(t.Context(), "root")
		must(t, err)
		put(t, second, rec(TableClass, "k1", `{"n":"new"}`), rec(TableSchool, "s013", `{"same":1}`), rec(TableClass, "k8", `{}`))

		if n, whole := pull(t, school, second); n != 1 || whole {
			t.Errorf("a school that had not heard of the old one's edits got %d records, whole %t", n, whole)
		}
		if _, whole := pull(t, hub, second); !whole {
			t.Error("the old writer got a delta")
		}
		if got, want := dump(t, hub), dump(t, second); !slices.Equal(got, want) {
			t.Errorf("the old one has\n%s", strings.Join(got, "\n"))
		}
		if _, err := hub.Put(t.Context(), rec(TableClass, "k7", `{}`)); !errors.Is(err, ErrNotWriter) {
			t.Errorf("it has been replaced and wrote: %v", err)
		}
		refused, err := hub.Refused(t.Context())
		must(t, err)
		var got []string
		for _, e := range refused {
			got = append(got, e.Record.String()+" "+string(e.Record.Row))
			if !strings.Contains(e.Reason, "had begun without it") || e.At.IsZero() {
				t.Errorf("the reason of %+v", e)
			}
		}
		slices.Sort(got)
		want := []string{
			`camera s012/r1/c1 {"n":12345678901234567890,"password":"********","user":"admin"}`,
			`class k1 {"n":"old"}`, `class k9 {"n":"old"}`, `timetable k1/mon {}`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("refused are\n%s", strings.Join(got, "\n"))
		}
		log, err := hub.AuditLog(t.Context(), 0, 5)
		must(t, err)
		if len(log) != 5 || log[0].Action != "edit.refused" || log[4].Action != "epoch.fenced" {
			t.Errorf("the log ends with %+v", log)
		}
	})
}

func TestOfTwoPromotedAtOnceTheHigherWins(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, _ := hubAndSchool(t, s)
		a, b := open(t, In(t.TempDir())), open(t, In(t.TempDir()))
		pull(t, a, hub)
		pull(t, b, hub)
		ea, err := a.Promote(t.Context(), "root")
		must(t, err)
		eb, err := b.Promote(t.Context(), "root")
		must(t, err)
		if ea == eb {
			t.Fatalf("both are epoch %d", ea) // one time in a million
		}
		if ea > eb {
			a, b = b, a
		}
		put(t, a, rec(TableClass, "k1", `{"n":"lower"}`))
		put(t, b, rec(TableClass, "k1", `{"n":"higher"}`))
		if _, err := b.Pull(t.Context(), a); !errors.Is(err, ErrBehind) {
			t.Errorf("the higher one asked the lower one: %v", err)
		}
		pull(t, a, b)
		if got := rowOf(t, a, TableClass, "k1"); got != `{"n":"higher"}` {
			t.Errorf("the lower one has %s", got)
		}
		if g, err := a.Standing(t.Context()); g.Writer || g.Refused != 1 || err != nil {
			t.Errorf("the lower one is %+v, %v", g, err)
		}
	})
}

func TestAnEmptyHubDoesNotEmptyTheOthers(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		pull(t, school, hub)
		// The disk of the writer is lost, and somebody makes the empty store the first one
		// of a county; by chance its epoch is the higher one.
		anew := open(t, In(t.TempDir()))
		if _, err := anew.Promote(t.Context(), "root"); !errors.Is(err, ErrBehind) {
			t.Fatalf("an empty store was promoted: %v", err)
		}
		writer(t, anew)
		_, err := anew.write.ExecContext(t.Context(), `UPDATE state SET epoch = $1`, 2*epochStep-1)
		must(t, err)
		put(t, anew, rec(TableClass, "k5", `{}`))
		for _, from := range []*Store{hub, anew} {
			for _, to := range []*Store{school, hub, anew} {
				if to == from || to == school && from == hub {
					continue
				}
				if _, err := to.Pull(t.Context(), from); !errors.Is(err, ErrOtherCounty) && !errors.Is(err, ErrBehind) {
					t.Errorf("they met: %v", err)
				}
			}
		}
		if g, err := hub.Standing(t.Context()); !g.Writer || err != nil {
			t.Errorf("the writer is %+v, %v", g, err)
		}
		if got := dump(t, school); len(got) != 8 {
			t.Errorf("the school has\n%s", strings.Join(got, "\n"))
		}
	})
}

func epochOf(t *testing.T, s *Store) int64 {
	t.Helper()
	epoch, _, err := s.Position(t.Context())
	must(t, err)
	return epoch
}
