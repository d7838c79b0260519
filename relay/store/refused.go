package store

import (
	"context"
	"encoding/json"
	"time"
)

// RefusedEdit is a change that was made and then had to give way: a writer made it that
// had been replaced already and did not know, or a school did, of a record that had
// become the county's. It is kept for a person, who writes it again with Put where it
// is still wanted. Its secrets are masked and have to be typed again.
type RefusedEdit struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"` // when it was refused
	Record Record    `json:"record"`
	Author string    `json:"author,omitempty"` // the school's store, empty for a writer's edit
	Reason string    `json:"reason"`
}

// mostRefused bounds the list: an old writer that was cut off for days leaves some
// hundreds. The oldest go first.
const mostRefused = 10_000

func refusedTable() []string {
	return []string{`CREATE TABLE refused (
		id BIGINT PRIMARY KEY, at BIGINT NOT NULL, tab TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL,
		body TEXT NOT NULL, gone BIGINT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL)`}
}

// Refused lists the edits that were refused on this machine, oldest first.
func (s *Store) Refused(ctx context.Context) (list []RefusedEdit, err error) {
	err = s.view(ctx, "list the refused edits", func(t tx) error {
		list, err = all(t, scanRefused,
			`SELECT id, at, tab, key, owner, body, gone, author, reason FROM refused ORDER BY id`)
		return err
	})
	return list, err
}

func scanRefused(r row) (e RefusedEdit, err error) {
	var (
		at, gone int64
		body     string
	)
	err = r.Scan(&e.ID, &at, &e.Record.Table, &e.Record.Key, &e.Record.Owner, &body, &gone, &e.Author, &e.Reason)
	e.At, e.Record.Row, e.Record.Gone = fromMillis(at), json.RawMessage(body), gone != 0
	return e, err
}

// addRefused keeps a refused edit and says so in the audit log.
func (t tx) addRefused(st *state, v *Logged, reason string, now time.Time) (e RefusedEdit, err error) {
	e = RefusedEdit{At: fromMillis(millis(now)), Author: v.Author, Reason: reason}
	if e.Record, err = v.masked(t); err != nil {
		return e, err
	}
	if err := t.one([]any{&e.ID}, `SELECT coalesce(max(id), 0) + 1 FROM refused`); err != nil {
		return e, err
	}
	if err := t.insertRefused(&e); err != nil {
		return e, err
	}
	actor := v.Author
	if actor == "" {
		actor = st.name
	}
	return e, appendAudit(t, Event{
		At: now, Actor: "store " + actor, Source: "store", Action: "edit.refused",
		Object: e.Record.String(), Result: reason,
	})
}

func (t tx) insertRefused(e *RefusedEdit) error {
	gone := 0
	if e.Record.Gone {
		gone = 1
	}
	if err := t.exec(`INSERT INTO refused (id, at, tab, key, owner, body, gone, author, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, e.ID, millis(e.At), e.Record.Table, e.Record.Key,
		e.Record.Owner, string(e.Record.Row), gone, e.Author, e.Reason); err != nil {
		return err
	}
	return t.exec(`DELETE FROM refused WHERE id <= $1`, e.ID-mostRefused)
}
