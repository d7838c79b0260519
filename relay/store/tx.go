package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// tx is a transaction and the context it runs in.
type tx struct {
	ctx context.Context
	sql *sql.Tx
}

// update runs f in a transaction that writes: one at a time, of all processes. When
// update returns nil, the changes are on the disk; otherwise nothing has changed.
func (s *Store) update(ctx context.Context, what string, f func(tx) error) error {
	return s.run(ctx, what, s.write, nil, func(t tx) error {
		if s.dialect.begin != "" {
			if err := t.exec(s.dialect.begin); err != nil {
				return err
			}
		}
		return f(t)
	})
}

// view runs f in a transaction that sees one state of the database.
func (s *Store) view(ctx context.Context, what string, f func(tx) error) error {
	return s.run(ctx, what, s.read, s.dialect.snapshot, f)
}

func (s *Store) run(ctx context.Context, what string, db *sql.DB, opts *sql.TxOptions, f func(tx) error) error {
	t, err := db.BeginTx(ctx, opts)
	if err == nil {
		if err = f(tx{ctx, t}); err == nil {
			err = t.Commit()
		} else {
			_ = t.Rollback() // f's error says more
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, s.dialect.explain(err))
	}
	return nil
}

func (t tx) exec(query string, args ...any) error {
	_, err := t.sql.ExecContext(t.ctx, query, args...)
	return err
}

// one reads a single row; sql.ErrNoRows when there is none.
func (t tx) one(dest []any, query string, args ...any) error {
	return t.sql.QueryRowContext(t.ctx, query, args...).Scan(dest...)
}

// all reads every row, each by scan.
func all[T any](t tx, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := t.sql.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err has what matters
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// row is what a row is read from: sql.Row or sql.Rows.
type row interface{ Scan(dest ...any) error }

// text reads a row of one text.
func text(r row) (s string, err error) { return s, r.Scan(&s) }

// millis is how a time is stored: milliseconds since 1970, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
