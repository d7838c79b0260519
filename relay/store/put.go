package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// Put changes records, all or none, and returns the revision after it.
//
// At the writer of the county it changes the county's records, and may hand one over to
// its school (Owner OwnerSchool) or take one over from it (Owner OwnerCounty). On a
// school's machine it changes the school's own records; they go up when there is a way,
// see Unsent. Elsewhere it fails with ErrNotWriter, for what another level owns with
// ErrNotOwner. Writing what is there already changes nothing.
func (s *Store) Put(ctx context.Context, records ...Record) (rev int64, err error) {
	err = s.update(ctx, "change records", func(t tx) error {
		st, err := t.state()
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := s.put(t, &st, r); err != nil {
				return err
			}
		}
		rev = st.rev
		if err := s.trim(t, &st); err != nil {
			return err
		}
		return t.setState(&st)
	})
	return rev, err
}

// put changes one record and counts it in st.
func (s *Store) put(t tx, st *state, r Record) error {
	v, err := prepare(r, st.school)
	if err != nil {
		return err
	}
	old, found, err := t.find(v.Table, v.Key)
	if err != nil {
		return err
	}
	if err := st.mayPut(&v, &old, found && !old.Gone); err != nil {
		return fmt.Errorf("%v: %w", &v.Record, err)
	}
	if v.Gone && (!found || old.Gone) {
		return nil
	}
	sealed, err := t.sealed(v.Table, v.Key)
	if err != nil {
		return err
	}
	if err := v.keepable(sealed); err != nil {
		return err
	}
	same, err := s.same(&v, &old, found, sealed)
	if err != nil || same {
		return err
	}
	st.stamp(&v)
	if err := t.save(&v); err != nil {
		return err
	}
	return s.keep(t, &v, sealed)
}

// prepare reads a record that somebody wrote. At is the school whose machine this is.
func prepare(r Record, at string) (Logged, error) {
	kind, err := tableNamed(r.Table)
	if err != nil {
		return Logged{}, err
	}
	reach, err := kind.reach(r.Key)
	if err != nil {
		return Logged{}, err
	}
	v := Logged{Record: r, School: reach.school, Class: reach.class}
	switch {
	case r.Owner == "" && at == "":
		v.Owner = OwnerCounty
	case r.Owner == "":
		v.Owner = OwnerSchool
	}
	switch {
	case v.Owner != OwnerCounty && v.Owner != OwnerSchool:
		return v, fmt.Errorf("%v: its owner is %q: %s or %s", &r, r.Owner, OwnerCounty, OwnerSchool)
	case v.Owner == OwnerSchool && !kind.school:
		return v, fmt.Errorf("%v: %w: only the county owns records of that table", &r, ErrNotOwner)
	case r.Gone:
		v.Row = []byte("{}")
		return v, nil
	}
	v.Row, v.Secrets, err = kind.part(r.Key, r.Row)
	return v, err
}

// mayPut tells whether this machine may change a record, which is there or not.
func (st *state) mayPut(v, old *Logged, there bool) error {
	if st.school != "" {
		switch {
		case v.Owner != OwnerSchool:
			return fmt.Errorf("%w: this one belongs to the county", ErrNotWriter)
		case v.School != st.school:
			return fmt.Errorf("%w: this is %s", ErrNotOwner, whose(st.school))
		case there && old.Owner != OwnerSchool:
			return fmt.Errorf("%w: the county", ErrNotOwner)
		}
		return nil
	}
	switch {
	case !st.writer && st.epoch == 0:
		return fmt.Errorf("%w: the first hub of a county becomes it by: classrelay promote --first", ErrNotWriter)
	case !st.writer:
		return fmt.Errorf("%w: write there; if it is lost, run classrelay promote here", ErrNotWriter)
	case there && old.Owner == OwnerSchool && v.Owner == OwnerSchool:
		return fmt.Errorf("%w: school %s, which changes it; as owner %s the county takes it over",
			ErrNotOwner, old.School, OwnerCounty)
	}
	return nil
}

// stamp gives a changed record its place in the log.
func (st *state) stamp(v *Logged) {
	if st.school != "" {
		st.ver++
		v.Epoch, v.Rev, v.Author, v.Ver = 0, st.rev, st.name, st.ver
		return
	}
	st.rev++
	v.Epoch, v.Rev = st.epoch, st.rev
}

// keepable refuses a mask where there is no secret behind it.
func (v *Logged) keepable(sealed map[string]string) error {
	for field, secret := range v.Secrets {
		if _, ok := sealed[field]; secret == Mask && !ok {
			return fmt.Errorf("%v: %w: type it", place{v.Table, v.Key, field}, ErrNoSecret)
		}
	}
	return nil
}

// same tells whether a record says what the one that is there says.
func (s *Store) same(v, old *Logged, found bool, sealed map[string]string) (bool, error) {
	if !found || v.Owner != old.Owner || v.Gone != old.Gone || !bytes.Equal(v.Row, old.Row) ||
		len(v.Secrets) != len(sealed) {
		return false, nil
	}
	if len(sealed) == 0 {
		return true, nil
	}
	keys, err := readSealKeys(s.keyFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for field, secret := range v.Secrets {
		text, ok := sealed[field]
		if !ok {
			return false, nil
		}
		if secret == Mask {
			continue
		}
		was, err := keys.open(place{v.Table, v.Key, field}, text)
		if err != nil || Clear(was) != secret { // one that does not open is written anew
			return false, nil //nolint:nilerr // the new one replaces it
		}
	}
	return true, nil
}

// trimAfter is how many revisions what is gone is remembered for. Who has been away for
// longer gets all its records again; at the thousand changes of a busy week that is
// months.
const trimAfter = 10_000

// trim forgets what has been gone for long.
func (s *Store) trim(t tx, st *state) error {
	if st.school != "" || st.rev-st.floor < 2*s.trimAfter { // now and then, not each time
		return nil
	}
	st.floor = st.rev - s.trimAfter
	return t.exec(`DELETE FROM record WHERE gone = 1 AND rev <= $1`, st.floor)
}
