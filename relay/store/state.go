package store

import (
	"context"
	"fmt"
	"time"
)

// state is where this machine is.
type state struct {
	name   string // of this store, random: a store that was lost and begun anew has another
	school string // whose slice it has, empty for a hub machine, which has all
	writer bool   // this machine changes the county's records
	epoch  int64  // which writer's records it has, 0 for none yet
	rev    int64  // up to which revision
	floor  int64  // the revision before which it has forgotten what is gone
	ver    int64  // how many changes a school has made to its own records
}

func stateTable(name string) []string {
	return []string{
		`CREATE TABLE state (
			id BIGINT PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, school TEXT NOT NULL, writer BIGINT NOT NULL,
			epoch BIGINT NOT NULL, rev BIGINT NOT NULL, floor BIGINT NOT NULL, ver BIGINT NOT NULL)`,
		`INSERT INTO state VALUES (1, '` + name + `', '', 0, 0, 0, 0, 0)`,
	}
}

func (t tx) state() (st state, err error) {
	var writer int64
	err = t.one([]any{&st.name, &st.school, &writer, &st.epoch, &st.rev, &st.floor, &st.ver},
		`SELECT name, school, writer, epoch, rev, floor, ver FROM state WHERE id = 1`)
	st.writer = writer != 0
	return st, err
}

func (t tx) setState(st *state) error {
	writer := 0
	if st.writer {
		writer = 1
	}
	return t.exec(`UPDATE state SET school = $1, writer = $2, epoch = $3, rev = $4, floor = $5, ver = $6
		WHERE id = 1`, st.school, writer, st.epoch, st.rev, st.floor, st.ver)
}

// Position tells which records this machine has: those of an epoch, up to a revision.
// Both are 0 for none yet.
func (s *Store) Position(ctx context.Context) (epoch, rev int64, err error) {
	err = s.view(ctx, "read the position", func(t tx) error {
		st, err := t.state()
		epoch, rev = st.epoch, st.rev
		return err
	})
	return epoch, rev, err
}

// Standing is what there is to say about a store, for status pages.
type Standing struct {
	School     string // whose slice it is, empty for a hub machine
	Writer     bool   // the county's records are changed here
	Epoch, Rev int64  // as Position
	Unsent     int64  // changes of a school that the writer has not got yet
	Refused    int64  // see Refused
	// Heard is when a hub has last answered, as Hear was told; zero: never.
	Heard time.Time
}

// Standing tells where this machine is.
func (s *Store) Standing(ctx context.Context) (g Standing, err error) {
	err = s.view(ctx, "read the standing", func(t tx) error {
		st, err := t.state()
		if err != nil {
			return err
		}
		g = Standing{School: st.school, Writer: st.writer, Epoch: st.epoch, Rev: st.rev}
		if g.Heard, err = t.heard(); err != nil {
			return err
		}
		have, err := t.have(st.school)
		if err != nil {
			return err
		}
		if err := t.one([]any{&g.Unsent}, `SELECT count(*) FROM record WHERE author = $1 AND ver > $2`,
			st.name, have[st.name]); err != nil {
			return err
		}
		return t.one([]any{&g.Refused}, `SELECT count(*) FROM refused`)
	})
	return g, err
}

// BelongTo makes a new store that of a school's machine: it will have the school's
// slice, and the school's own records can be changed on it. It does nothing when it is
// that school's already, and fails with ErrWrongSlice when it is not new.
func (s *Store) BelongTo(ctx context.Context, school string) error {
	return s.update(ctx, "make this the store of "+school, func(t tx) error {
		st, err := t.state()
		if err != nil || st.school == school {
			return err
		}
		if st.school != "" || st.epoch != 0 {
			return fmt.Errorf("%w: %s, epoch %d", ErrWrongSlice, whose(st.school), st.epoch)
		}
		st.school = school
		return t.setState(&st)
	})
}

// whose says in words what a store holds.
func whose(school string) string {
	if school == "" {
		return "that of a hub, with all records"
	}
	return "that of school " + school
}
