package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"modernc.org/sqlite"
)

// busyTimeout is how long a writer waits for another process. A commit takes some
// milliseconds, on a worn SD card a second or two; who holds the file for longer than
// this is stuck.
const busyTimeout = 10 * time.Second

// readers is how many reads go on at once, beside the one write that SQLite has. Each
// costs up to 2 MB of cache.
const readers = 4

// SQLite's primary result codes (https://sqlite.org/rescode.html).
const (
	sqliteBusy    = 5
	sqliteIOErr   = 10
	sqliteCorrupt = 11
	sqliteFull    = 13
	sqliteNotADB  = 26
)

// openSQLite opens the file twice: one connection that writes, so that our own writers
// queue in order instead of polling, and some that only read.
func openSQLite(path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	write, err := sql.Open("sqlite", sqliteName(abs, "immediate", ""))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", sqliteName(abs, "deferred", "query_only(1)"))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	return &Store{
		write: write, read: read, dialect: sqliteDialect(abs), keyFile: abs + ".key", trimAfter: trimAfter,
	}, nil
}

// sqliteName is the data source name of a file. The pragmas hold for each connection.
func sqliteName(path, begin, more string) string {
	q := url.Values{"_txlock": {begin}}
	for _, pragma := range []string{
		"busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")", // first: the next may have to wait
		"journal_mode(WAL)",           // readers and the writer do not wait for each other
		"synchronous(FULL)",           // fsync at each commit, before it is said to be done
		"foreign_keys(1)",             //
		"journal_size_limit(4194304)", // a burst's WAL gives its room back: 4 MiB is where it is by itself
		more,
	} {
		if pragma != "" {
			q.Add("_pragma", pragma)
		}
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// sqliteDialect is how SQLite differs.
func sqliteDialect(path string) dialect {
	return dialect{
		appendOnly: sqliteAppendOnly,
		check:      func(ctx context.Context, db *sql.DB) error { return sqliteCheck(ctx, db, path) },
		explain:    func(err error) error { return sqliteExplain(err, path) },
	}
}

// sqliteCheck reads every page. A file that is no database at all fails here too.
func sqliteCheck(ctx context.Context, db *sql.DB, path string) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return sqliteExplain(err, path)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s: %s", ErrDamaged, path, verdict)
	}
	return nil
}

// sqliteExplain says what an operator can do about an error of the file.
func sqliteExplain(err error, path string) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff { // the rest is the extended code
	case sqliteFull:
		return fmt.Errorf("%w: nothing was written to %s: make room there", ErrFull, path)
	case sqliteBusy:
		return fmt.Errorf("%w: another process has held %s for %v", ErrBusy, path, busyTimeout)
	case sqliteCorrupt, sqliteNotADB:
		return fmt.Errorf("%w: %s: %w", ErrDamaged, path, err)
	case sqliteIOErr:
		return fmt.Errorf("the disk under %s fails or is full: %w", path, err)
	default:
		return err
	}
}

// sqliteAppendOnly makes triggers that refuse to change a table with a column seq.
// The one on INSERT is for INSERT OR REPLACE, which deletes without asking triggers.
func sqliteAppendOnly(table string) []string {
	refuse := func(when, where string) string {
		return fmt.Sprintf(`CREATE TRIGGER %[1]s_refuses_%[2]s BEFORE %[2]s ON %[1]s%[3]s
			BEGIN SELECT RAISE(ABORT, '%[1]s is append-only'); END`, table, when, where)
	}
	return []string{
		refuse("UPDATE", ""),
		refuse("DELETE", ""),
		refuse("INSERT", " WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM "+table+")"),
	}
}
