package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Span is one epoch of the county's records, up to the last revision in it that the
// next writer knew.
type Span struct {
	Epoch int64 `json:"epoch"`
	Last  int64 `json:"last"`
}

// line is the history of the records on a machine: one span for each writer there was,
// oldest first. Two machines whose positions are both in one line differ only by what
// was written later; what is in no line was written by a writer that had been replaced.
type line []Span

// has tells whether a revision of an epoch is part of this history.
func (l line) has(epoch, rev int64) bool {
	return slices.ContainsFunc(l, func(s Span) bool { return s.Epoch == epoch && rev <= s.Last })
}

// epochStep is between the epochs of two writers that follow each other. The digits
// below it are random: two machines that are promoted at the same time, neither knowing
// of the other, get different epochs (one time in a million they do not), so the higher
// one wins everywhere and nothing is mixed.
const epochStep = 1_000_000

func lineTable() []string {
	return []string{`CREATE TABLE line (epoch BIGINT PRIMARY KEY, last BIGINT NOT NULL)`}
}

// line reads the history up to now.
func (t tx) line(st *state) (line, error) {
	l, err := all(t, func(r row) (s Span, err error) { return s, r.Scan(&s.Epoch, &s.Last) },
		`SELECT epoch, last FROM line ORDER BY epoch`)
	if err != nil || st.epoch == 0 {
		return l, err
	}
	return append(l, Span{st.epoch, st.rev}), nil
}

// setLine replaces the history before the present epoch.
func (t tx) setLine(l line, present int64) error {
	if err := t.exec(`DELETE FROM line`); err != nil {
		return err
	}
	for _, s := range l {
		if s.Epoch == present {
			continue
		}
		if err := t.exec(`INSERT INTO line (epoch, last) VALUES ($1, $2)`, s.Epoch, s.Last); err != nil {
			return err
		}
	}
	return nil
}

// meets tells whether two histories have an epoch in common. Those of one county have:
// each writer goes on from what one before it had written.
func (l line) meets(other line) bool {
	return slices.ContainsFunc(l, func(s Span) bool {
		return slices.ContainsFunc(other, func(o Span) bool { return s.Epoch == o.Epoch })
	})
}

// Begin makes this machine, which has no records, the first writer of a new county. A
// machine that is to take part in a county that is there fetches its records instead.
// Where there are records, Begin is Promote. Actor is who asks for it, for the audit log.
func (s *Store) Begin(ctx context.Context, actor string) (epoch int64, err error) {
	return s.promote(ctx, actor, true)
}

// Promote makes this machine the writer of the county, and every other one that was is
// fenced: with the first change of the higher epoch that it gets it stops being it. On
// the machine that is the writer already it does nothing.
//
// What the writer before had not handed on to this machine yet is left behind; it is
// kept there as refused edits, when that machine comes back. Promote fails with
// ErrBehind on a machine that has no records, see Begin, and with ErrWrongSlice on that
// of a school.
func (s *Store) Promote(ctx context.Context, actor string) (epoch int64, err error) {
	return s.promote(ctx, actor, false)
}

func (s *Store) promote(ctx context.Context, actor string, first bool) (epoch int64, err error) {
	err = s.update(ctx, "promote this machine", func(t tx) error {
		st, err := t.state()
		epoch = st.epoch
		switch {
		case err != nil || st.writer:
			return err
		case st.school != "":
			return fmt.Errorf("%w: it is %s: promote a hub", ErrWrongSlice, whose(st.school))
		case st.epoch == 0 && !first:
			return fmt.Errorf("%w: it has no records yet: let it fetch them from another hub; "+
				"to begin a new county: classrelay promote --first", ErrBehind)
		}
		if st.epoch != 0 {
			if err := t.exec(`INSERT INTO line (epoch, last) VALUES ($1, $2)`, st.epoch, st.rev); err != nil {
				return err
			}
		}
		epoch = (st.epoch/epochStep+1)*epochStep + rand.Int64N(epochStep)
		st.epoch, st.writer = epoch, true
		if err := t.setState(&st); err != nil {
			return err
		}
		return appendAudit(t, Event{
			At: time.Now(), Actor: actor, Source: "store", Action: "epoch.promote",
			Object: fmt.Sprintf("epoch %d from revision %d", epoch, st.rev), Result: "ok",
		})
	})
	return epoch, err
}

// fence ends our being the writer, because a newer one is there.
func (t tx) fence(st *state, by int64) error {
	if !st.writer || by <= st.epoch {
		return nil
	}
	st.writer = false
	return appendAudit(t, Event{
		At: time.Now(), Actor: "classrelay", Source: "store", Action: "epoch.fenced",
		Object: fmt.Sprintf("epoch %d at revision %d", st.epoch, st.rev), Result: fmt.Sprintf("replaced by epoch %d", by),
	})
}
