package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// slice is what a store has, as one line per record, secrets opened.
func dump(t *testing.T, s *Store) []string {
	t.Helper()
	var lines []string
	must(t, s.view(t.Context(), "dump", func(t tx) error {
		list, err := s.clearRecords(t, "r.gone = 0", nil)
		for i := range list {
			r := &list[i]
			lines = append(lines, fmt.Sprintf("%v %s %s %s", &r.Record, r.Owner, r.Row, string(r.Secrets["password"])))
		}
		return err
	}))
	slices.Sort(lines)
	return lines
}

// hubAndSchool are a writer with some records, and the store of s012.
func hubAndSchool(t *testing.T, s *Store) (hub, school *Store) {
	t.Helper()
	hub = writer(t, s)
	put(t, hub,
		rec(TableCounty, "name", `{"is":"c1"}`), rec(TableUser, "admin", `{"password":"x"}`),
		rec(TableSchool, "s012", `{}`), rec(TableSchool, "s013", `{}`), rec(TableRoom, "s012/r1", `{}`),
		rec(TableCamera, "s012/r1/c1", `{"password":"hunter2"}`), rec(TableCamera, "s013/r1/c1", `{"password":"theirs"}`),
		rec(TableClass, "k1", `{"n":1}`), rec(TableTimetable, "k1/mon", `{}`),
		rec(TableMember, "k1/s012", `{}`), rec(TableMember, "k1/s013", `{}`),
		rec(TableClass, "k2", `{"n":2}`), rec(TableTimetable, "k2/tue", `{}`), rec(TableMember, "k2/s013", `{}`))
	school = open(t, In(t.TempDir()))
	must(t, school.BelongTo(t.Context(), "s012"))
	return hub, school
}

// pull brings a store up to date, and tells how many records came, and whether all did.
func pull(t *testing.T, s, from *Store) (records int, whole bool) {
	t.Helper()
	st, err := s.Standing(t.Context())
	must(t, err)
	c, err := from.Since(t.Context(), st.Epoch, st.Rev, st.School)
	must(t, err)
	b, err := json.Marshal(c) // as it goes over a link
	must(t, err)
	var got Change
	must(t, json.Unmarshal(b, &got))
	must(t, s.Apply(t.Context(), got))
	must(t, s.Apply(t.Context(), got)) // twice is once
	return len(c.Records), c.Whole
}

func TestASchoolGetsItsSlice(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		pull(t, school, hub)
		want := []string{
			`camera s012/r1/c1 county {} hunter2`,
			`class k1 county {"n":1} `,
			`county name county {"is":"c1"} `,
			`member k1/s012 county {} `,
			`member k1/s013 county {} `,
			`room s012/r1 county {} `,
			`school s012 county {} `,
			`timetable k1/mon county {} `,
		}
		if got := dump(t, school); !slices.Equal(got, want) {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
	})
}

func TestAHubGetsAll(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, _ := hubAndSchool(t, s)
		second := open(t, In(t.TempDir()))
		pull(t, second, hub)
		if got, want := dump(t, second), dump(t, hub); !slices.Equal(got, want) || len(got) != 14 {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
		// It serves schools as the writer does, passwords too.
		school := open(t, In(t.TempDir()))
		must(t, school.BelongTo(t.Context(), "s012"))
		if n, whole := pull(t, school, second); n != 8 || !whole {
			t.Errorf("%d records, whole %t", n, whole)
		}
		if got := secretOf(t, school); got != "hunter2" {
			t.Errorf("the password is %s", got)
		}
	})
}

func TestOnlyWhatChangedComes(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		steps := []struct {
			name    string
			put     []Record
			records int
			has     []string
			hasNot  []string
		}{
			{"at first all of it", nil, 8, []string{"class k1"}, []string{"k2"}},
			{"nothing new", nil, 0, nil, nil},
			{"a room of its own", []Record{rec(TableRoom, "s012/r2", `{}`)}, 1, []string{"room s012/r2"}, nil},
			{"a room of another", []Record{rec(TableRoom, "s013/r2", `{}`)}, 0, nil, []string{"s013/r2"}},
			{"a user", []Record{rec(TableUser, "u", `{}`)}, 0, nil, []string{"user"}},
			{"its class changed", []Record{rec(TableClass, "k1", `{"n":3}`)}, 1, []string{`class k1 county {"n":3}`}, nil},
			{"another class changed", []Record{rec(TableClass, "k2", `{"n":4}`)}, 0, nil, []string{"k2"}},
			{
				"it joined that class, and all of it comes",
				[]Record{rec(TableMember, "k2/s012", `{}`)},
				4,
				[]string{"class k2", "timetable k2/tue", "member k2/s013"},
				nil,
			},
			{"another left its class", []Record{gone(TableMember, "k1/s013")}, 1, []string{"member k1/s012"}, []string{"k1/s013"}},
			{
				"it left its class, and nothing of it stays",
				[]Record{gone(TableMember, "k1/s012")},
				1,
				[]string{"class k2"},
				[]string{"k1"},
			},
			{"its room is gone", []Record{gone(TableRoom, "s012/r2")}, 1, nil, []string{"s012/r2"}},
			{"it joined again", []Record{rec(TableMember, "k1/s012", `{}`)}, 4, []string{"class k1", "timetable k1/mon"}, nil},
			{
				"its class is gone",
				[]Record{gone(TableClass, "k1"), gone(TableTimetable, "k1/mon"), gone(TableMember, "k1/s012")},
				1, nil,
				[]string{"k1"},
			},
		}
		for _, step := range steps {
			put(t, hub, step.put...)
			if n, _ := pull(t, school, hub); n != step.records {
				t.Errorf("%s: %d records came, want %d", step.name, n, step.records)
			}
			got := strings.Join(dump(t, school), "\n")
			for _, want := range step.has {
				if !strings.Contains(got, want) {
					t.Errorf("%s: without %s:\n%s", step.name, want, got)
				}
			}
			for _, not := range step.hasNot {
				if strings.Contains(got, not) {
					t.Errorf("%s: with %s:\n%s", step.name, not, got)
				}
			}
		}
	})
}

func TestWhoWasAwayForTooLongGetsAll(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		hub.trimAfter = 10
		pull(t, school, hub)
		put(t, hub, gone(TableRoom, "s012/r1"))
		for i := range 30 {
			put(t, hub, rec(TableCounty, "n", fmt.Sprintf(`{"n":%d}`, i)))
		}
		var left int
		must(t, hub.view(t.Context(), "count", func(t tx) error {
			return t.one([]any{&left}, `SELECT count(*) FROM record WHERE gone = 1`)
		}))
		if left != 0 {
			t.Errorf("%d records that are gone are remembered", left)
		}
		if _, whole := pull(t, school, hub); !whole {
			t.Error("it got a delta, which cannot tell what is gone")
		}
		if got := strings.Join(dump(t, school), "\n"); strings.Contains(got, "room") || !strings.Contains(got, `{"n":29}`) {
			t.Errorf("it has\n%s", got)
		}
		put(t, hub, rec(TableCounty, "n", `{"n":99}`))
		if n, whole := pull(t, school, hub); n != 1 || whole {
			t.Errorf("then %d records, whole %t", n, whole)
		}
	})
}

func TestChangesThatDoNotFit(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		pull(t, school, hub)
		epoch, rev, err := hub.Position(t.Context())
		must(t, err)
		since := func(rev int64) Change {
			c, err := hub.Since(t.Context(), epoch, rev, "s012")
			must(t, err)
			return c
		}
		put(t, hub, rec(TableRoom, "s012/r2", `{}`))
		first := since(rev)
		put(t, hub, rec(TableRoom, "s012/r3", `{}`))
		second, both := since(rev+1), since(rev)

		if err := school.Apply(t.Context(), second); !errors.Is(err, ErrGap) {
			t.Errorf("one that begins later: %v", err)
		}
		must(t, school.Apply(t.Context(), first))
		must(t, school.Apply(t.Context(), both)) // overlaps
		must(t, school.Apply(t.Context(), first))
		if _, got, _ := school.Position(t.Context()); got != rev+2 {
			t.Errorf("an old one turned it back to %d", got)
		}
		other := both
		other.Slice = "s013"
		if err := school.Apply(t.Context(), other); !errors.Is(err, ErrWrongSlice) {
			t.Errorf("another school's: %v", err)
		}
		old := both
		old.Epoch--
		if err := school.Apply(t.Context(), old); !errors.Is(err, ErrOldEpoch) {
			t.Errorf("one of an old epoch: %v", err)
		}
		if _, err := school.Since(t.Context(), 0, 0, "s012"); !errors.Is(err, ErrWrongSlice) {
			t.Errorf("a school was asked: %v", err)
		}
		if _, err := hub.Since(t.Context(), epoch+1, 0, "s012"); !errors.Is(err, ErrBehind) {
			t.Errorf("somebody who knows more asked: %v", err)
		}
		if _, err := hub.Since(t.Context(), epoch, rev+3, "s012"); !errors.Is(err, ErrBehind) {
			t.Errorf("somebody who is further asked: %v", err)
		}
		if _, err := open(t, In(t.TempDir())).Since(t.Context(), 0, 0, ""); !errors.Is(err, ErrBehind) {
			t.Errorf("a new hub was asked: %v", err)
		}
		double := both
		double.Slice, double.Rev = "", rev+9
		if err := hub.Apply(t.Context(), double); !errors.Is(err, ErrWrongSlice) {
			t.Errorf("the writer got its own epoch from somewhere else: %v", err)
		}
	})
}

func TestRevokedSerialsComeAlong(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		pull(t, school, hub)
		takeIn(t, hub, Revocation{"0a", "s099", "stolen", noon()})
		pull(t, school, hub) // no record has changed
		serials, err := school.Revoked(t.Context())
		must(t, err)
		if !slices.Equal(serials, []string{"0a"}) {
			t.Errorf("got %v", serials)
		}
	})
}

func TestANewerMachinesTableIsHandedOn(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		second := open(t, In(t.TempDir()))
		c, err := hub.Since(t.Context(), 0, 0, "")
		must(t, err)
		c.Records = append(c.Records, Logged{
			Record: Record{Table: "drone", Key: "s012/d1", Owner: OwnerCounty, Row: json.RawMessage(`{"n":1}`)},
			Epoch:  c.Epoch, Rev: c.Rev, School: "s012", Secrets: map[string]Clear{"password": "p"},
		})
		must(t, second.Apply(t.Context(), c))
		pull(t, school, second)
		if got := rowOf(t, school, "drone", "s012/d1"); got != `{"n":1,"password":"********"}` {
			t.Errorf("got %s", got)
		}
	})
}
