package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// FileName is what the database is called in a state folder.
const FileName = "classrelay.db"

// In gives the path of the database in a state folder.
func In(dir string) string { return filepath.Join(dir, FileName) }

// Store is one open database. It is safe for concurrent use.
type Store struct {
	write, read *sql.DB // the same for PostgreSQL
	dialect     dialect
	lock        *fileLock // nil for PostgreSQL
	keyFile     string    // what seals secrets
	damaged     string    // where a damaged file was moved to
	saved       string    // what was read out of it
	trimAfter   int64     // the constant; less in tests
}

// Open opens the database at path, making it and its folder when they are not there.
// It brings the tables up to date and checks the whole file. A damaged file is moved
// aside and a new one begins, with what can be read of the certificates in it: Damaged
// tells where the old one is, and Saved what was read.
//
// It fails with ErrDamaged when the file is damaged and another process has it open,
// with ErrNewer when a newer classrelay has written it.
func Open(path string) (*Store, error) {
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s, err := openChecked(path)
	damaged, reason := "", err
	if errors.Is(err, ErrDamaged) {
		if damaged, err = moveAside(path, lock, time.Now()); err == nil {
			s, err = openChecked(path)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the store: %w", err), lock.Close())
	}
	s.lock, s.damaged = lock, damaged
	if damaged == "" {
		return s, nil
	}
	if err := s.beginAnew(context.Background(), reason); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// beginAnew takes over what can be read of the damaged file, and says so in the new
// audit log.
func (s *Store) beginAnew(ctx context.Context, reason error) error {
	v := readDamaged(ctx, s.damaged)
	s.saved = v.String()
	if err := s.restore(ctx, v); err != nil {
		return err
	}
	return s.Audit(ctx, Event{
		At: time.Now(), Actor: "classrelay", Source: "store", Action: "store.move-aside",
		Object: s.damaged, Result: reason.Error() + "; " + s.saved,
	})
}

// OpenExisting is Open for those who only look: it makes nothing (ErrNoStore) and
// moves nothing aside (ErrDamaged).
func OpenExisting(path string) (*Store, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s", ErrNoStore, path)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s, err := openChecked(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the store: %w", err), lock.Close())
	}
	s.lock = lock
	return s, nil
}

// Damaged tells where Open has moved a damaged file, empty if it found none.
func (s *Store) Damaged() string { return s.damaged }

// Saved says in words what was read out of the damaged file, empty if there was none.
func (s *Store) Saved() string { return s.saved }

// Close ends what the store does. What was committed is on the disk already.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// openChecked opens the file, checks it and brings its tables up to date. The first two
// that open a new file switch it to WAL at the same time, and SQLite does not let one wait
// for the other there but tells it to try again.
func openChecked(path string) (*Store, error) {
	for began := time.Now(); ; time.Sleep(openAgain) {
		s, err := openOnce(path)
		if !errors.Is(err, ErrBusy) || time.Since(began) > busyTimeout {
			return s, err
		}
	}
}

// openAgain is how long a switch to WAL may take on a quick disk.
const openAgain = 20 * time.Millisecond

func openOnce(path string) (*Store, error) {
	s, err := openSQLite(path)
	if err != nil {
		return nil, err
	}
	ctx := context.Background() // at the start there is nobody to hurry us
	if err = s.dialect.check(ctx, s.write); err == nil {
		err = s.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
