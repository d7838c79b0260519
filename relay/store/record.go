package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Record is one thing that the county keeps: a school, a camera, a class.
type Record struct {
	Table string `json:"table"` // one of the Table constants
	Key   string `json:"key"`   // of the form that the table has
	// Owner is the level that may change it: OwnerCounty (which empty means at a hub) or
	// OwnerSchool (which empty means at a school).
	Owner string `json:"owner"`
	// Row is a JSON object. Where it has a secret, reading gives Mask; writing Mask back
	// leaves the secret as it was, and leaving the key out removes it.
	Row  json.RawMessage `json:"row"`
	Gone bool            `json:"gone,omitempty"` // it was removed
}

func (r *Record) String() string { return r.Table + " " + r.Key }

// Logged is a record with its place in the change log, as machines send it to each
// other. It holds secrets in clear: it goes over encrypted links only, and never into
// a log file.
type Logged struct {
	Record
	Epoch int64 `json:"epoch,omitempty"`
	// Rev is the revision that the record got from the writer. In a record that only its
	// school has changed, Epoch is 0 and Rev is where the school was when it did.
	Rev int64 `json:"rev"`
	// Author is the store that changed a school's record, and Ver that store's count of
	// such changes; both are empty for what the writer changed.
	Author  string           `json:"author,omitempty"`
	Ver     int64            `json:"ver,omitempty"`
	School  string           `json:"school,omitempty"` // which slices it is in
	Class   string           `json:"class,omitempty"`
	Secrets map[string]Clear `json:"secrets,omitempty"`
}

// Clear is a secret that can be read. It prints as Mask.
type Clear string

// String gives Mask.
func (Clear) String() string { return Mask }

// GoString gives Mask too.
func (Clear) GoString() string { return Mask }

func recordTables() []string {
	return []string{
		`CREATE TABLE record (
			tab TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, body TEXT NOT NULL, gone BIGINT NOT NULL,
			epoch BIGINT NOT NULL, rev BIGINT NOT NULL, author TEXT NOT NULL, ver BIGINT NOT NULL,
			school TEXT NOT NULL, class TEXT NOT NULL, PRIMARY KEY (tab, key))`,
		`CREATE INDEX record_by_rev ON record (rev)`,
		`CREATE INDEX record_by_school ON record (school, class)`,
		`CREATE INDEX record_by_class ON record (class)`,
		`CREATE TABLE secret (
			tab TEXT NOT NULL, key TEXT NOT NULL, field TEXT NOT NULL, sealed TEXT NOT NULL,
			PRIMARY KEY (tab, key, field),
			FOREIGN KEY (tab, key) REFERENCES record (tab, key) ON DELETE CASCADE)`,
	}
}

// Get reads one record, its secrets masked; ErrNoRecord when it is not there.
func (s *Store) Get(ctx context.Context, table, key string) (r Record, err error) {
	err = s.view(ctx, "read "+table+" "+key, func(t tx) error {
		v, found, err := t.find(table, key)
		if err != nil {
			return err
		}
		if !found || v.Gone {
			return ErrNoRecord
		}
		r, err = v.masked(t)
		return err
	})
	return r, err
}

// List reads the records of a table whose key begins with prefix, by key, their secrets
// masked.
func (s *Store) List(ctx context.Context, table, prefix string) (list []Record, err error) {
	err = s.view(ctx, "list "+table, func(t tx) error {
		found, err := all(t, scanLogged, `SELECT `+recordColumns+` FROM record r WHERE tab = $1 AND gone = 0`, table)
		if err != nil {
			return err
		}
		for _, v := range found {
			if !strings.HasPrefix(v.Key, prefix) {
				continue
			}
			r, err := v.masked(t)
			if err != nil {
				return err
			}
			list = append(list, r)
		}
		slices.SortFunc(list, func(a, b Record) int { return strings.Compare(a.Key, b.Key) })
		return nil
	})
	return list, err
}

const recordColumns = `r.tab, r.key, r.owner, r.body, r.gone, r.epoch, r.rev, r.author, r.ver, r.school, r.class`

func scanLogged(r row) (v Logged, err error) {
	var (
		body string
		gone int64
	)
	err = r.Scan(&v.Table, &v.Key, &v.Owner, &body, &gone, &v.Epoch, &v.Rev, &v.Author, &v.Ver, &v.School, &v.Class)
	v.Row, v.Gone = json.RawMessage(body), gone != 0
	return v, err
}

// find reads a record, also one that is gone. Its secrets stay where they are.
func (t tx) find(table, key string) (v Logged, found bool, err error) {
	v, err = scanLogged(t.sql.QueryRowContext(t.ctx,
		`SELECT `+recordColumns+` FROM record r WHERE tab = $1 AND key = $2`, table, key))
	if errors.Is(err, sql.ErrNoRows) {
		return v, false, nil
	}
	return v, err == nil, err
}

// save writes a record over the one that is there. Its secrets are written by keep.
func (t tx) save(v *Logged) error {
	gone := 0
	if v.Gone {
		gone = 1
	}
	err := t.exec(`INSERT INTO record (tab, key, owner, body, gone, epoch, rev, author, ver, school, class)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (tab, key) DO UPDATE SET owner = excluded.owner, body = excluded.body, gone = excluded.gone,
			epoch = excluded.epoch, rev = excluded.rev, author = excluded.author, ver = excluded.ver,
			school = excluded.school, class = excluded.class`,
		v.Table, v.Key, v.Owner, string(v.Row), gone, v.Epoch, v.Rev, v.Author, v.Ver, v.School, v.Class)
	if err != nil {
		return fmt.Errorf("%v: %w", &v.Record, err)
	}
	return nil
}

// drop forgets a record, and its secrets with it.
func (t tx) drop(table, key string) error {
	return t.exec(`DELETE FROM record WHERE tab = $1 AND key = $2`, table, key)
}
