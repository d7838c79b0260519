package store

import (
	"context"
	"fmt"
	"strconv"
)

// migrate brings the tables up to date. Each version of them is one transaction, so a
// power cut leaves an old version or the next one; two processes that start at once
// take turns.
func (s *Store) migrate(ctx context.Context) error {
	versions := migrations(s.dialect)
	for {
		done := false
		err := s.update(ctx, "bring the tables up to date", func(t tx) error {
			at, err := s.schemaVersion(t)
			if err != nil {
				return err
			}
			if at > len(versions) {
				return fmt.Errorf("%w: its tables have version %d, this one knows %d: update this classrelay",
					ErrNewer, at, len(versions))
			}
			if done = at == len(versions); done {
				return nil
			}
			for _, statement := range versions[at] {
				if err := t.exec(statement); err != nil {
					return fmt.Errorf("version %d: %w", at+1, err)
				}
			}
			return t.exec(`UPDATE meta SET value = $1 WHERE name = 'schema'`, strconv.Itoa(at+1))
		})
		if err != nil || done {
			return err
		}
	}
}

// schemaVersion reads how far the tables are, 0 for a new database.
func (s *Store) schemaVersion(t tx) (int, error) {
	if err := t.exec(`CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)`); err != nil {
		return 0, err
	}
	if err := t.exec(`INSERT INTO meta (name, value) VALUES ('schema', '0') ON CONFLICT (name) DO NOTHING`); err != nil {
		return 0, err
	}
	var value string
	if err := t.one([]any{&value}, `SELECT value FROM meta WHERE name = 'schema'`); err != nil {
		return 0, err
	}
	at, err := strconv.Atoi(value)
	if err != nil {
		return 0, fmt.Errorf("%w: meta.schema is %q", ErrDamaged, value)
	}
	return at, nil
}
