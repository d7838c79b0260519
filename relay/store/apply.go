package store

import (
	"context"
	"fmt"
	"time"
)

// Apply takes in a change from a hub machine. Taking in the same one twice, or an older
// one of the same epoch, does nothing. A machine that was the writer and gets a change
// of a newer epoch stops being it; what it had written that the newer writer does not
// know is kept, see Refused.
//
// It fails with ErrOldEpoch when the sender has been replaced (ask another one), with
// ErrGap when the change begins after our position (ask again), with ErrWrongSlice when
// it is meant for somebody else, and with ErrOtherCounty when the sender's records were
// begun anew: an empty hub does not empty the others.
func (s *Store) Apply(ctx context.Context, c Change) error {
	return s.update(ctx, "take in a change", func(t tx) error {
		if err := revokeAll(t, c.Revoked); err != nil {
			return err
		}
		st, err := t.state()
		if err != nil {
			return err
		}
		if err := st.fits(&c); err != nil {
			return err
		}
		if c.Epoch == st.epoch && c.Rev <= st.rev {
			return nil
		}
		mine, err := t.line(&st)
		if err != nil {
			return err
		}
		if st.epoch != 0 && !mine.meets(c.Line) {
			return fmt.Errorf("%w: one of the two machines was begun anew; "+
				"to take part in the other county, move the store of this one away", ErrOtherCounty)
		}
		if !c.Whole && (st.rev < c.From || !line(c.Line).has(st.epoch, st.rev)) {
			return fmt.Errorf("%w: it begins at revision %d, this machine is at epoch %d, revision %d",
				ErrGap, c.From, st.epoch, st.rev)
		}
		a := applying{Store: s, tx: t, st: &st, c: &c}
		return a.run()
	})
}

// fits tells whether a change is for this machine, and newer.
func (st *state) fits(c *Change) error {
	switch {
	case st.school != c.Slice && (st.school != "" || st.epoch != 0):
		return fmt.Errorf("%w: it is %s, the change is %s", ErrWrongSlice, whose(st.school), whose(c.Slice))
	case c.Epoch < st.epoch:
		return fmt.Errorf("%w: %d, this machine has %d", ErrOldEpoch, c.Epoch, st.epoch)
	case c.Epoch == st.epoch && st.writer && c.Rev > st.rev:
		return fmt.Errorf("%w: it has our own epoch %d and is ahead of us: two stores are copies of one file",
			ErrWrongSlice, c.Epoch)
	}
	return nil
}

// applying is one change on its way in.
type applying struct {
	*Store
	tx
	st   *state
	c    *Change
	have map[string]int64 // which of our changes the sender has
}

func (a *applying) run() error {
	if err := a.fence(a.st, a.c.Epoch); err != nil {
		return err
	}
	a.st.school = a.c.Slice
	if err := a.setHave(a.c.Have); err != nil {
		return err
	}
	a.have = make(map[string]int64, len(a.c.Have))
	for _, h := range a.c.Have {
		a.have[h.Author] = h.Ver
		if h.Author == a.st.name {
			a.st.ver = max(a.st.ver, h.Ver)
		}
	}
	if a.c.Whole {
		if err := a.removeOthers(); err != nil {
			return err
		}
		a.st.floor = a.c.Rev // what went before is not in it
	}
	for i := range a.c.Records {
		if err := a.record(&a.c.Records[i]); err != nil {
			return err
		}
	}
	if err := a.setLine(a.c.Line, a.c.Epoch); err != nil {
		return err
	}
	a.st.epoch, a.st.rev = a.c.Epoch, a.c.Rev
	if err := a.tidy(); err != nil {
		return err
	}
	return a.setState(a.st)
}

// removeOthers drops what a whole change does not have.
func (a *applying) removeOthers() error {
	stays := make(map[[2]string]bool, len(a.c.Records))
	for _, r := range a.c.Records {
		stays[[2]string{r.Table, r.Key}] = true
	}
	list, err := all(a.tx, scanLogged, `SELECT `+recordColumns+` FROM record r`)
	if err != nil {
		return err
	}
	for i := range list {
		old := &list[i]
		ownRemoval := old.Gone && old.Author == a.st.name // see tidy
		if stays[[2]string{old.Table, old.Key}] || a.unsent(old) || ownRemoval {
			continue
		}
		if err := a.refuse(old, nil); err != nil {
			return err
		}
		if err := a.drop(old.Table, old.Key); err != nil {
			return err
		}
	}
	return nil
}

// record takes in one record.
func (a *applying) record(v *Logged) error {
	old, found, err := a.find(v.Table, v.Key)
	if err != nil {
		return err
	}
	if found && a.unsent(&old) && !overrules(v, &old) {
		return nil // ours is newer; the writer will get it
	}
	sealed, err := a.sealed(v.Table, v.Key)
	if err != nil {
		return err
	}
	if found {
		if err := a.refuse(&old, v); err != nil {
			return err
		}
	}
	if err := a.save(v); err != nil {
		return err
	}
	return a.keep(a.tx, v, sealed)
}

// unsent tells whether a record is a change of ours that the sender does not have.
func (a *applying) unsent(v *Logged) bool {
	return v.Author == a.st.name && v.Ver > a.have[v.Author]
}

// overrules tells whether the county has taken a record over after its school, which
// did not know, has changed it.
func overrules(v, unsent *Logged) bool {
	return v.Owner == OwnerCounty && (!v.Gone || v.Rev > unsent.Rev)
}

// refuse keeps a record of ours that another one replaces, or removes, when the line
// of the new writer does not have it.
func (a *applying) refuse(old, by *Logged) error {
	switch {
	case old.Epoch == 0 && !a.unsent(old), old.Epoch != 0 && line(a.c.Line).has(old.Epoch, old.Rev):
		return nil // it is known there
	case by == nil && old.Gone:
		return nil // gone either way
	case by != nil && a.saysTheSame(by, old):
		return nil // it says the same
	}
	_, err := a.addRefused(a.st, old, a.reason(old), time.Now())
	return err
}

func (a *applying) reason(old *Logged) string {
	if old.Epoch == 0 {
		return "the county has taken the record over"
	}
	return fmt.Sprintf("written in epoch %d, revision %d, after epoch %d had begun without it",
		old.Epoch, old.Rev, a.c.Epoch)
}

// saysTheSame tells whether a record that comes in is what ours is, secrets included.
func (a *applying) saysTheSame(by, old *Logged) bool {
	sealed, err := a.sealed(old.Table, old.Key)
	if err != nil {
		return false
	}
	same, err := a.same(by, old, true, sealed)
	return err == nil && same
}

// tidy removes what is not, or no longer, of use here. A school keeps nothing of
// classes it has left, and forgets what is gone, as it hands nothing on. What it removed
// itself it remembers for good: a next writer may not have heard of it.
func (a *applying) tidy() error {
	if a.st.school == "" {
		return a.trim(a.tx, a.st)
	}
	if err := a.exec(`DELETE FROM record WHERE class <> '' AND class NOT IN (
		SELECT m.class FROM record m WHERE m.tab = $1 AND m.school = $2 AND m.gone = 0)`,
		TableMember, a.st.school); err != nil {
		return err
	}
	return a.exec(`DELETE FROM record WHERE gone = 1 AND author <> $1`, a.st.name)
}
