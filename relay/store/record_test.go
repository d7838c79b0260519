package store

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// writer makes a new store the writer of a county.
func writer(t *testing.T, s *Store) *Store {
	t.Helper()
	_, err := s.Begin(t.Context(), "test")
	must(t, err)
	return s
}

// rec makes a record of a row.
func rec(table, key, row string) Record {
	return Record{Table: table, Key: key, Row: json.RawMessage(row)}
}

// gone makes the removal of a record.
func gone(table, key string) Record { return Record{Table: table, Key: key, Gone: true} }

// put changes records, and must.
func put(t *testing.T, s *Store, records ...Record) int64 {
	t.Helper()
	rev, err := s.Put(t.Context(), records...)
	must(t, err)
	return rev
}

// row reads a record's row, or says why there is none.
func rowOf(t *testing.T, s *Store, table, key string) string {
	t.Helper()
	r, err := s.Get(t.Context(), table, key)
	if err != nil {
		return err.Error()
	}
	return string(r.Row)
}

func TestARecordIsWrittenReadListedAndRemoved(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		writer(t, s)
		if rev := put(t, s, rec(TableSchool, "s012", `{"name": "鹰山小学",  "a": 1}`), rec(TableRoom, "s012/r1", `{}`)); rev != 2 {
			t.Errorf("the revision is %d", rev)
		}
		put(t, s, rec(TableRoom, "s012/r0", `{}`), rec(TableRoom, "s0123/r0", `{}`))
		r, err := s.Get(t.Context(), TableSchool, "s012")
		must(t, err)
		if string(r.Row) != `{"a":1,"name":"鹰山小学"}` || r.Owner != OwnerCounty || r.Gone {
			t.Errorf("got %+v", r)
		}
		rooms, err := s.List(t.Context(), TableRoom, "s012/")
		must(t, err)
		if len(rooms) != 2 || rooms[0].Key != "s012/r0" || rooms[1].Key != "s012/r1" {
			t.Errorf("got %+v", rooms)
		}
		if rev := put(t, s, gone(TableRoom, "s012/r1")); rev != 5 {
			t.Errorf("the revision is %d", rev)
		}
		if _, err := s.Get(t.Context(), TableRoom, "s012/r1"); !errors.Is(err, ErrNoRecord) {
			t.Errorf("a record that is gone: %v", err)
		}
		if rooms, err := s.List(t.Context(), TableRoom, "s012/"); len(rooms) != 1 || err != nil {
			t.Errorf("got %+v, %v", rooms, err)
		}
	})
}

func TestWritingWhatIsThereChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		writer(t, s)
		camera := rec(TableCamera, "s012/r1/c1", `{"url":"rtsp://10.0.0.5/1","password":"secret"}`)
		put(t, s, rec(TableSchool, "s012", `{"a":1,"b":2}`), camera, gone(TableSchool, "s013"))
		if rev := put(t, s, rec(TableSchool, "s012", ` {"b":2, "a":1}`), camera, gone(TableSchool, "s013")); rev != 2 {
			t.Errorf("the revision is %d", rev)
		}
		camera.Row = json.RawMessage(`{"url":"rtsp://10.0.0.5/1","password":"another"}`)
		if rev := put(t, s, camera); rev != 3 {
			t.Errorf("with another password the revision is %d", rev)
		}
	})
}

func TestAllRecordsOfAPutOrNone(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		writer(t, s)
		if _, err := s.Put(t.Context(), rec(TableSchool, "s012", `{}`), rec(TableSchool, "s013", `[]`)); err == nil {
			t.Fatal("a row that is no object was written")
		}
		if _, err := s.Get(t.Context(), TableSchool, "s012"); !errors.Is(err, ErrNoRecord) {
			t.Errorf("half of it is there: %v", err)
		}
		if _, rev, err := s.Position(t.Context()); rev != 0 || err != nil {
			t.Errorf("the revision is %d, %v", rev, err)
		}
	})
}

func TestRecordsThatCannotBe(t *testing.T) {
	s := writer(t, open(t, In(t.TempDir())))
	tests := []struct {
		name   string
		record Record
		want   string
	}{
		{"an unknown table", rec("rooms", "s012/r1", `{}`), `no table "rooms"`},
		{"too few parts", rec(TableRoom, "s012", `{}`), "2 parts"},
		{"too many parts", rec(TableSchool, "s012/r1", `{}`), "1 parts"},
		{"an empty part", rec(TableRoom, "/r1", `{}`), "part 1"},
		{"everyone's mark", rec(TableSchool, "*", `{}`), "part 1"},
		{"a line break", rec(TableSchool, "s0\n12", `{}`), "part 1"},
		{"no UTF-8", rec(TableSchool, "s\xff", `{}`), "part 1"},
		{"a long key", rec(TableSchool, strings.Repeat("s", 201), `{}`), "200 bytes"},
		{"a row that is no object", rec(TableSchool, "s012", `[1]`), "no JSON object"},
		{"a row that is null", rec(TableSchool, "s012", `null`), "no JSON object"},
		{"no row", rec(TableSchool, "s012", ``), "no JSON object"},
		{"a row that is not UTF-8", rec(TableSchool, "s012", "{\"a\":\"\xff\"}"), "UTF-8"},
		{"a large row", rec(TableSchool, "s012", `{"a":"`+strings.Repeat("x", largestRow)+`"}`), "65536 bytes"},
		{"an unknown owner", Record{Table: TableSchool, Key: "s012", Owner: "me", Row: json.RawMessage(`{}`)}, `"me"`},
		{"a class owned by a school", Record{Table: TableClass, Key: "k1", Owner: OwnerSchool, Row: json.RawMessage(`{}`)}, "only the county"},
		{"a password in an address", rec(TableCamera, "s012/r1/c1", `{"url":"rtsp://admin:secret@10.0.0.5/1"}`), "url holds a password"},
		{"a password in an address that is no URL", rec(TableCamera, "s012/r1/c1", `{"url":"rtsp://admin:p%ss@10.0.0.5/1"}`), "url holds a password"},
		{"a secret that is no text", rec(TableCamera, "s012/r1/c1", `{"password":1}`), "no text"},
		{"a mask over nothing", rec(TableCamera, "s012/r1/c1", `{"password":"********"}`), "no secret to keep"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := s.Put(t.Context(), test.record)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret@") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestWhoMayChangeWhat(t *testing.T) {
	own := func(r Record, owner string) Record { r.Owner = owner; return r }
	camera := rec(TableCamera, "s012/r1/c1", `{"n":1}`)
	tests := []struct {
		name   string
		at     string // whose machine; empty for a hub
		writer bool
		before []Record // at the writer, handed on to the machine
		put    Record
		want   error
	}{
		{"the writer changes the county's", "", true, nil, rec(TableClass, "k1", `{}`), nil},
		{"another hub does not", "", false, nil, rec(TableClass, "k1", `{}`), ErrNotWriter},
		{"a school does not", "s012", false, nil, own(rec(TableClass, "k1", `{}`), OwnerCounty), ErrNotWriter},
		{"a school makes its own", "s012", false, nil, camera, nil},
		{"a school does not make one of another", "s013", false, nil, camera, ErrNotOwner},
		{
			"a school does not change what the county owns", "s012", false,
			[]Record{camera},
			own(rec(TableCamera, "s012/r1/c1", `{"n":2}`), OwnerSchool), ErrNotOwner,
		},
		{
			"a school changes what the county has handed over", "s012", false,
			[]Record{own(camera, OwnerSchool)},
			rec(TableCamera, "s012/r1/c1", `{"n":2}`), nil,
		},
		{
			"the writer does not change what a school owns", "", true,
			[]Record{own(camera, OwnerSchool)},
			own(rec(TableCamera, "s012/r1/c1", `{"n":2}`), OwnerSchool), ErrNotOwner,
		},
		{
			"the writer takes it over", "", true,
			[]Record{own(camera, OwnerSchool)},
			own(rec(TableCamera, "s012/r1/c1", `{"n":2}`), OwnerCounty), nil,
		},
		{"a school does not make a room", "s012", false, nil, rec(TableRoom, "s012/r1", `{}`), ErrNotOwner},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub := writer(t, open(t, In(t.TempDir())))
			put(t, hub, test.before...)
			at := hub
			if !test.writer {
				at = open(t, In(t.TempDir()))
				if test.at != "" {
					must(t, at.BelongTo(t.Context(), test.at))
				}
				_, err := at.Pull(t.Context(), hub)
				must(t, err)
			}
			if _, err := at.Put(t.Context(), test.put); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestAStoreBelongsToOneSchoolForGood(t *testing.T) {
	s := open(t, In(t.TempDir()))
	must(t, s.BelongTo(t.Context(), "s012"))
	must(t, s.BelongTo(t.Context(), "s012"))
	if err := s.BelongTo(t.Context(), "s013"); !errors.Is(err, ErrWrongSlice) {
		t.Errorf("another school: %v", err)
	}
	hub := writer(t, open(t, In(t.TempDir())))
	if err := hub.BelongTo(t.Context(), "s012"); !errors.Is(err, ErrWrongSlice) {
		t.Errorf("a hub that has records: %v", err)
	}
}
