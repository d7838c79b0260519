package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// heardName is the row of meta that has it: no new version of the tables, which an older
// classrelay would refuse.
const heardName = "heard"

// Hear keeps when a hub has last told this machine what it lacked, or that it lacks
// nothing. See Standing.
func (s *Store) Hear(ctx context.Context, at time.Time) error {
	return s.update(ctx, "keep when a hub was heard", func(t tx) error {
		return t.exec(`INSERT INTO meta (name, value) VALUES ('`+heardName+`', $1)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, strconv.FormatInt(millis(at), 10))
	})
}

// heard reads it; zero for never.
func (t tx) heard() (time.Time, error) {
	var value string
	err := t.one([]any{&value}, `SELECT value FROM meta WHERE name = '`+heardName+`'`)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	at, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: meta.%s is %q", ErrDamaged, heardName, value)
	}
	return fromMillis(at), nil
}
