package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// OpenPostgres opens a store in a PostgreSQL database, for a province that has one and
// people who keep it. The caller opens the database with a driver of its choice and
// leaves it to the store, which closes it. Dir is the state folder of this machine: the
// key that seals passwords stays there, out of reach of those who keep the database.
//
// Whether a commit waits for the disk is up to the server there: synchronous_commit has
// to be on, as it is by default.
func OpenPostgres(ctx context.Context, db *sql.DB, dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s := &Store{
		write: db, read: db, dialect: postgresDialect(), keyFile: filepath.Join(dir, FileName+".key"), trimAfter: trimAfter,
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the store: %w", err), db.Close())
	}
	return s, nil
}

// postgresDialect is how PostgreSQL differs.
func postgresDialect() dialect {
	return dialect{
		begin:      `SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' classrelay'))`,
		snapshot:   &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		appendOnly: postgresAppendOnly,
		explain:    func(err error) error { return err },
	}
}

// postgresAppendOnly makes triggers that refuse to change a table with a column seq.
func postgresAppendOnly(table string) []string {
	refuse := func(when, each string) string {
		return fmt.Sprintf(`CREATE TRIGGER %[1]s_refuses_%[2]s BEFORE %[2]s ON %[1]s
			FOR EACH %[3]s EXECUTE FUNCTION %[1]s_refuses()`, table, when, each)
	}
	return []string{
		fmt.Sprintf(`CREATE FUNCTION %[1]s_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				IF TG_OP = 'INSERT' THEN
					IF NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM %[1]s) THEN
						RETURN NEW;
					END IF;
				END IF;
				RAISE EXCEPTION '%[1]s is append-only';
			END $$`, table),
		refuse("UPDATE", "ROW"),
		refuse("DELETE", "ROW"),
		refuse("INSERT", "ROW"),
		refuse("TRUNCATE", "STATEMENT"),
	}
}
