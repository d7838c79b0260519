package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// Change is what a machine gets to come up to date: what has changed since its position,
// or all its records. It holds secrets in clear.
type Change struct {
	// Slice is whose records these are: a school's, or everybody's when empty.
	Slice string `json:"slice,omitempty"`
	// Whole says that Records are all there are; what is not among them is gone.
	Whole bool `json:"whole,omitempty"`
	// From is the revision that the change begins after, when it is not whole.
	From int64 `json:"from"`
	// Epoch and Rev are the position after it.
	Epoch int64 `json:"epoch"`
	Rev   int64 `json:"rev"`
	// Line is the history of the sender.
	Line []Span `json:"line"`
	// Have is, for each school's store, up to which of its own changes the sender has.
	Have    []Have   `json:"have,omitempty"`
	Records []Logged `json:"records,omitempty"`
	// Revoked are all revoked certificates. To a machine that is up to date too.
	Revoked []Revocation `json:"revoked,omitempty"`
}

// String tells the size only, never a secret.
func (c Change) String() string {
	return fmt.Sprintf("change of %d records from %d to epoch %d revision %d, whole %t, slice %q",
		len(c.Records), c.From, c.Epoch, c.Rev, c.Whole, c.Slice)
}

// GoString is String, so that no way of printing shows a secret.
func (c Change) GoString() string { return c.String() }

// Have says that the changes of a school's store up to Ver have been taken in.
type Have struct {
	School string `json:"school"`
	Author string `json:"author"`
	Ver    int64  `json:"ver"`
}

// inSlice is which records a school $2 gets: its own, what everyone gets, its place in
// classes, and all of the classes it takes part in.
const inSlice = `((r.class = '' AND r.school IN ($2, '` + everyone + `'))
	OR (r.tab = '` + TableMember + `' AND r.school = $2)
	OR (r.class <> '' AND r.class IN (
		SELECT m.class FROM record m WHERE m.tab = '` + TableMember + `' AND m.school = $2 AND m.gone = 0)))`

// newInSlice is which of them have changed after revision $1, or have come into the
// slice: joining a class brings all of it, however old.
const newInSlice = inSlice + ` AND (r.rev > $1 OR (r.class <> '' AND r.class IN (
	SELECT m.class FROM record m WHERE m.tab = '` + TableMember + `' AND m.school = $2 AND m.rev > $1)))`

// Since gives what a machine at a position needs to come up to date, with the records
// of a school's slice or, for a hub, all. It is a delta when the position is in our
// history and what has gone since is still known, otherwise all there is.
//
// It fails with ErrBehind when the other one has newer records than we, and with
// ErrWrongSlice on a school's machine.
func (s *Store) Since(ctx context.Context, epoch, rev int64, slice string) (c Change, err error) {
	err = s.view(ctx, "read what has changed", func(t tx) error {
		st, err := t.state()
		if err != nil {
			return err
		}
		switch {
		case st.school != "":
			return fmt.Errorf("%w: it is %s: ask a hub", ErrWrongSlice, whose(st.school))
		case epoch > st.epoch || (epoch == st.epoch && rev > st.rev) || st.epoch == 0:
			return fmt.Errorf("%w: it has epoch %d, revision %d; you have epoch %d, revision %d",
				ErrBehind, st.epoch, st.rev, epoch, rev)
		}
		c, err = s.since(t, &st, epoch, rev, slice)
		return err
	})
	return c, err
}

func (s *Store) since(t tx, st *state, epoch, rev int64, slice string) (c Change, err error) {
	c = Change{Slice: slice, Epoch: st.epoch, Rev: st.rev}
	l, err := t.line(st)
	if err != nil {
		return c, err
	}
	c.Line = l
	where, args := "r.rev > $1", []any{rev}
	if c.Whole = !l.has(epoch, rev) || rev < st.floor; c.Whole {
		where, args = "r.gone = 0 AND r.rev > $1", []any{0}
	} else {
		c.From = rev
	}
	if slice != "" {
		where, args = where+" AND "+inSlice, append(args, slice)
		if !c.Whole {
			where = newInSlice
		}
	}
	if c.Have, err = t.haveOf(slice); err != nil {
		return c, err
	}
	if c.Revoked, err = revocations(t); err != nil {
		return c, err
	}
	if c.Whole || c.From < c.Rev { // else nothing is new, which is the usual answer
		c.Records, err = s.clearRecords(t, where, args)
	}
	return c, err
}

// clearRecords reads records with their secrets opened, by revision.
func (s *Store) clearRecords(t tx, where string, args []any) ([]Logged, error) {
	list, err := all(t, scanLogged,
		`SELECT `+recordColumns+` FROM record r WHERE `+where+` ORDER BY r.rev, r.ver`, args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	type secret struct {
		place
		text string
	}
	secrets, err := all(t, func(r row) (x secret, err error) { return x, r.Scan(&x.table, &x.key, &x.field, &x.text) },
		`SELECT x.tab, x.key, x.field, x.sealed FROM secret x
			JOIN record r ON r.tab = x.tab AND r.key = x.key WHERE `+where, args...)
	if err != nil || len(secrets) == 0 {
		return list, err
	}
	sealed := make(map[string]map[string]string)
	for _, x := range secrets {
		k := x.table + "/" + x.key
		if sealed[k] == nil {
			sealed[k] = make(map[string]string)
		}
		sealed[k][x.field] = x.text
	}
	keys, err := readSealKeys(s.keyFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for i := range list {
		keys.openAll(&list[i], sealed[list[i].Table+"/"+list[i].Key])
	}
	return list, nil
}
