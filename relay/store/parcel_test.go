package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// push sends what a school has changed, as it goes over a link.
func push(t *testing.T, school, to *Store) Receipt {
	t.Helper()
	p, err := school.Unsent(t.Context())
	must(t, err)
	b, err := json.Marshal(p)
	must(t, err)
	var got Parcel
	must(t, json.Unmarshal(b, &got))
	r, err := to.Accept(t.Context(), "s012", got)
	must(t, err)
	again, err := to.Accept(t.Context(), "s012", got)
	must(t, err)
	if again.Have != r.Have || len(again.Refused) != 0 {
		t.Errorf("the same parcel again: %+v", again)
	}
	return r
}

func unsent(t *testing.T, s *Store) int64 {
	t.Helper()
	g, err := s.Standing(t.Context())
	must(t, err)
	return g.Unsent
}

func TestWhatASchoolChangedWhileCutOffGoesUp(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		pull(t, school, hub)
		for i := range 100 {
			put(t, school, rec(TableCamera, "s012/r1/own", fmt.Sprintf(`{"n":%d,"password":"p%d"}`, i, i)))
		}
		put(t, school, rec(TableLAN, "s012/dns", `{}`), rec(TableLAN, "s012/ntp", `{}`), gone(TableLAN, "s012/ntp"))
		if n := unsent(t, school); n != 3 {
			t.Errorf("%d records wait, want 3: not each edit of one", n)
		}
		put(t, hub, rec(TableRoom, "s012/r2", `{}`))
		pull(t, school, hub) // comes down before it has gone up
		if got := rowOf(t, school, TableCamera, "s012/r1/own"); !strings.Contains(got, `"n":99`) {
			t.Errorf("what came down has replaced what was not up: %s", got)
		}
		if r := push(t, school, hub); r.Have != 103 || len(r.Refused) != 0 {
			t.Errorf("the receipt is %+v", r)
		}
		if n := unsent(t, school); n != 3 {
			t.Errorf("%d wait before the school knows", n)
		}
		pull(t, school, hub)
		if n := unsent(t, school); n != 0 {
			t.Errorf("%d still wait", n)
		}
		got := dump(t, hub)
		for _, want := range []string{`camera s012/r1/own school {"n":99} p99`, `lan s012/dns school {} `} {
			if !slices.Contains(got, want) {
				t.Errorf("without %s:\n%s", want, strings.Join(got, "\n"))
			}
		}
		if slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "ntp") }) {
			t.Errorf("what is gone is there:\n%s", strings.Join(got, "\n"))
		}
		if r, err := school.Push(t.Context(), hub); r.Have != 0 || err != nil {
			t.Errorf("an empty parcel was sent: %+v, %v", r, err)
		}
	})
}

func TestASchoolsEditsOutliveTheWriterThatHadThem(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		second := open(t, In(t.TempDir()))
		pull(t, second, hub)
		pull(t, school, hub)
		put(t, school, rec(TableCamera, "s012/r1/own", `{"n":1}`))
		push(t, school, hub)
		pull(t, school, hub)
		if n := unsent(t, school); n != 0 {
			t.Fatalf("%d wait", n)
		}
		// The writer is lost before it has told anybody.
		_, err := second.Promote(t.Context(), "root")
		must(t, err)
		if _, whole := pull(t, school, second); !whole {
			t.Error("the school got a delta")
		}
		if got := rowOf(t, school, TableCamera, "s012/r1/own"); got != `{"n":1}` {
			t.Errorf("at the school it is %s", got)
		}
		if n := unsent(t, school); n != 1 {
			t.Errorf("%d wait", n)
		}
		push(t, school, second)
		if got := rowOf(t, second, TableCamera, "s012/r1/own"); got != `{"n":1}` {
			t.Errorf("at the new writer it is %s", got)
		}
		if list, err := school.Refused(t.Context()); len(list) != 0 || err != nil {
			t.Errorf("refused at the school: %+v, %v", list, err)
		}
	})
}

func TestANewBoxOfASchoolGoesOnFromWhatTheCountyHas(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		hub, school := hubAndSchool(t, s)
		pull(t, school, hub)
		put(t, school, rec(TableCamera, "s012/r1/own", `{"n":1,"password":"p"}`))
		push(t, school, hub)
		box := open(t, In(t.TempDir()))
		must(t, box.BelongTo(t.Context(), "s012"))
		pull(t, box, hub)
		put(t, box, rec(TableCamera, "s012/r1/own", `{"n":2,"password":"********"}`))
		push(t, box, hub)
		if got := dump(t, hub); !slices.Contains(got, `camera s012/r1/own school {"n":2} p`) {
			t.Errorf("the hub has\n%s", strings.Join(got, "\n"))
		}
		// The old box comes back with an edit of its own: the later one to arrive stays.
		put(t, school, rec(TableCamera, "s012/r1/own", `{"n":3}`))
		pull(t, school, hub)
		push(t, school, hub)
		pull(t, school, hub)
		pull(t, box, hub)
		for name, s := range map[string]*Store{"hub": hub, "old": school, "new": box} {
			if got := rowOf(t, s, TableCamera, "s012/r1/own"); got != `{"n":3}` {
				t.Errorf("at the %s it is %s", name, got)
			}
		}
	})
}

func TestWhatTheCountyTookOverIsNotChangedByTheSchool(t *testing.T) {
	own := Record{Table: TableCamera, Key: "s012/r1/own", Row: json.RawMessage(`{"n":"school"}`)}
	county := Record{Table: own.Table, Key: own.Key, Owner: OwnerCounty, Row: json.RawMessage(`{"n":"county"}`)}
	removed := Record{Table: own.Table, Key: own.Key, Owner: OwnerCounty, Gone: true}
	tests := []struct {
		name       string
		take       Record
		pushFirst  bool // else the school hears of it first
		refusedAt  string
		want       string
		afterAgain string // when the school then writes it once more
	}{
		{"it goes up first", county, true, "hub", `{"n":"county"}`, ErrNotOwner.Error()},
		{"it comes down first", county, false, "school", `{"n":"county"}`, ErrNotOwner.Error()},
		{"it was removed, and goes up first", removed, true, "hub", "no such record", ""},
		{"it was removed, and comes down first", removed, false, "school", "no such record", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *Store) {
				hub, school := hubAndSchool(t, s)
				pull(t, school, hub)
				put(t, school, rec(own.Table, own.Key, `{}`))
				push(t, school, hub)
				pull(t, school, hub)

				put(t, school, own)
				put(t, hub, test.take)
				if test.pushFirst {
					if r := push(t, school, hub); len(r.Refused) != 1 || r.Refused[0].Record.Key != own.Key {
						t.Errorf("the receipt is %+v", r)
					}
				}
				pull(t, school, hub)
				push(t, school, hub)
				pull(t, school, hub)
				for name, s := range map[string]*Store{"hub": hub, "school": school} {
					if got := rowOf(t, s, own.Table, own.Key); !strings.Contains(got, test.want) {
						t.Errorf("at the %s it is %s", name, got)
					}
					list, err := s.Refused(t.Context())
					must(t, err)
					if (len(list) == 1) != (name == test.refusedAt) ||
						len(list) == 1 && string(list[0].Record.Row) != `{"n":"school"}` {
						t.Errorf("at the %s are refused: %+v", name, list)
					}
				}
				if n := unsent(t, school); n != 0 {
					t.Errorf("%d wait", n)
				}
				_, err := school.Put(t.Context(), own)
				if got := fmt.Sprint(err); test.afterAgain == "" && err != nil || !strings.Contains(got, test.afterAgain) {
					t.Errorf("once more: %v", err)
				}
				if test.afterAgain != "" {
					return
				}
				push(t, school, hub) // the school knew that it was removed, and made it anew
				if got := rowOf(t, hub, own.Table, own.Key); got != `{"n":"school"}` {
					t.Errorf("then at the hub it is %s", got)
				}
			})
		})
	}
}

func TestParcelsThatNoSchoolSends(t *testing.T) {
	hub, _ := hubAndSchool(t, open(t, In(t.TempDir())))
	ok := Logged{Record: Record{Table: TableCamera, Key: "s012/r1/x", Owner: OwnerSchool, Row: json.RawMessage(`{}`)}, Ver: 1}
	with := func(f func(v *Logged)) Parcel {
		v := ok
		f(&v)
		return Parcel{Author: "box", Records: []Logged{ok, v}}
	}
	tests := []struct {
		name string
		p    Parcel
	}{
		{"another school's camera", with(func(v *Logged) { v.Key, v.Ver = "s013/r1/x", 2 })},
		{"another school's camera, said to be ours", with(func(v *Logged) { v.Key, v.School, v.Ver = "s013/r1/x", "s012", 2 })},
		{"the county's record", with(func(v *Logged) { v.Owner, v.Ver = OwnerCounty, 2 })},
		{"a class", with(func(v *Logged) { v.Table, v.Key, v.Ver = TableClass, "k1", 2 })},
		{"a table that is none", with(func(v *Logged) { v.Table, v.Ver = "x", 2 })},
		{"a row that is none", with(func(v *Logged) { v.Row, v.Ver = json.RawMessage(`1`), 2 })},
		{"a secret in its row", with(func(v *Logged) { v.Row, v.Ver = json.RawMessage(`{"password":"p"}`), 2 })},
		{"a secret that is none", with(func(v *Logged) { v.Secrets, v.Ver = map[string]Clear{"x": "p"}, 2 })},
		{"no author", Parcel{Records: []Logged{ok}}},
		{"a long author", Parcel{Author: strings.Repeat("a", 201), Records: []Logged{ok}}},
		{"very many records", Parcel{Author: "box", Records: slices.Repeat([]Logged{ok}, largestParcel+1)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := dump(t, hub)
			if r, err := hub.Accept(t.Context(), "s012", test.p); err == nil {
				t.Errorf("it was taken in: %+v", r)
			}
			if got := dump(t, hub); !slices.Equal(got, before) {
				t.Errorf("some of it was taken in:\n%s", strings.Join(got, "\n"))
			}
		})
	}
	second := open(t, In(t.TempDir()))
	if _, err := second.Accept(t.Context(), "s012", Parcel{Author: "box", Records: []Logged{ok}}); !errors.Is(err, ErrNotWriter) {
		t.Errorf("at a hub that is not the writer: %v", err)
	}
}

func TestASchoolCannotSpoilAnothersCount(t *testing.T) {
	hub, school := hubAndSchool(t, open(t, In(t.TempDir())))
	pull(t, school, hub)
	put(t, school, rec(TableLAN, "s012/dns", `{}`))
	p, err := school.Unsent(t.Context())
	must(t, err)
	_, err = hub.Accept(t.Context(), "s013", Parcel{Author: p.Author, Records: []Logged{{
		Record: Record{Table: TableLAN, Key: "s013/dns", Owner: OwnerSchool, Row: json.RawMessage(`{}`)}, Ver: math.MaxInt64,
	}}})
	must(t, err)
	pull(t, school, hub)
	push(t, school, hub)
	if got := rowOf(t, hub, TableLAN, "s012/dns"); got != `{}` {
		t.Errorf("at the hub it is %s", got)
	}
}
