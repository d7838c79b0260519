package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// onEach runs a test on each kind of database that is there.
func onEach(t *testing.T, f func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, open(t, In(t.TempDir()))) })
	if os.Getenv(postgresURL) != "" {
		t.Run("postgres", func(t *testing.T) { f(t, openPostgres(t)) })
	}
}

// open opens a store of SQLite. It does not wait for the disk at each commit: what that
// is for, the tests in power_test.go show.
func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// noon is when the tests happen.
func noon() time.Time { return time.Date(2026, 9, 8, 12, 0, 0, 0, time.UTC) }

// must ends the test at an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyTheOwnerReadsTheFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "state")
	s := open(t, In(dir))
	must(t, s.Audit(t.Context(), Event{At: noon(), Action: "test"}))
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		if rights := info.Mode().Perm(); rights&0o077 != 0 {
			t.Errorf("%s has the rights %v", path, rights)
		}
		return nil
	})
	must(t, err)
	if files < 5 { // folder, database, -wal, -shm, .lock
		t.Errorf("there are %d files", files)
	}
}

func TestAFileThatOthersCouldReadIsClosedToThem(t *testing.T) {
	path := In(t.TempDir())
	for _, file := range []string{path, path + ".key"} {
		must(t, os.WriteFile(file, nil, 0o644))
	}
	open(t, path)
	for _, file := range []string{path, path + ".key"} {
		info, err := os.Stat(file)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the rights %v", file, info.Mode().Perm())
		}
	}
}

func TestAnOddFolderNameIsNoParameter(t *testing.T) {
	path := In(filepath.Join(t.TempDir(), "50% of ?mode=memory#1 状态"))
	s := open(t, path)
	must(t, s.Audit(t.Context(), Event{At: noon(), Action: "test"}))
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Errorf("the log is not beside %s: %v", path, err)
	}
}

func TestADamagedFileIsMovedAsideAndSaid(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, path string)
	}{
		{"a page in the middle was overwritten", func(t *testing.T, path string) { overwrite(t, path, 3*4096, 4096) }},
		{"the first page was overwritten", func(t *testing.T, path string) { overwrite(t, path, 0, 4096) }},
		{"the end is missing", func(t *testing.T, path string) { must(t, os.Truncate(path, 5*4096)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := In(t.TempDir())
			fill(t, path)
			test.damage(t, path)

			if s, err := OpenExisting(path); !errors.Is(err, ErrDamaged) {
				t.Fatalf("who only looks got %v, %v", s, err)
			}
			s := open(t, path)
			if !strings.HasPrefix(s.Damaged(), path+".damaged-") {
				t.Fatalf("moved to %q", s.Damaged())
			}
			if _, err := os.Stat(s.Damaged()); err != nil {
				t.Error(err)
			}
			log, err := s.AuditLog(t.Context(), 0, 10)
			must(t, err)
			if len(log) != 1 || log[0].Action != "store.move-aside" || log[0].Object != s.Damaged() {
				t.Errorf("the new log says %+v", log)
			}
			if again := open(t, path); again.Damaged() != "" {
				t.Errorf("the new file was moved to %s", again.Damaged())
			}
		})
	}
}

// fill makes a database of many pages and closes it.
func fill(t *testing.T, path string) {
	t.Helper()
	s, err := Open(path)
	must(t, err)
	for range 100 {
		must(t, s.Audit(t.Context(), Event{At: noon(), Action: "fill", Object: strings.Repeat("x", 500)}))
	}
	must(t, s.Close())
}

func overwrite(t *testing.T, path string, at int64, n int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte(strings.Repeat("\xa5", n)), at)
	must(t, err)
	must(t, f.Close())
}

func TestADamagedFileThatSomebodyUsesStaysWhereItIs(t *testing.T) {
	path := In(t.TempDir())
	fill(t, path)
	open(t, path)
	overwrite(t, path, 3*4096, 4096)
	if s, err := Open(path); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "stop that one") {
		t.Fatalf("got %v, %v", s, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestANewerDatabaseIsLeftAlone(t *testing.T) {
	path := In(t.TempDir())
	s := open(t, path)
	_, err := s.write.ExecContext(t.Context(), `UPDATE meta SET value = '99' WHERE name = 'schema'`)
	must(t, err)
	if s, err := Open(path); !errors.Is(err, ErrNewer) {
		t.Fatalf("got %v, %v", s, err)
	}
}

func TestWhoOnlyLooksMakesNothing(t *testing.T) {
	dir := t.TempDir()
	if s, err := OpenExisting(In(dir)); !errors.Is(err, ErrNoStore) {
		t.Fatalf("got %v, %v", s, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("made %v, %v", files, err)
	}
}

func TestAFullDiskRefusesWritesAndReadsGoOn(t *testing.T) {
	s := open(t, In(t.TempDir()))
	_, err := s.write.ExecContext(t.Context(), `PRAGMA max_page_count = 40`)
	must(t, err)
	var acknowledged int64
	for range 1000 {
		if err = s.Audit(t.Context(), Event{At: noon(), Action: "fill", Object: strings.Repeat("x", 500)}); err != nil {
			break
		}
		acknowledged++
	}
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "make room") {
		t.Fatalf("after %d entries: %v", acknowledged, err)
	}
	if n, err := s.VerifyAudit(t.Context()); n != acknowledged || err != nil {
		t.Errorf("%d were acknowledged, %d are there: %v", acknowledged, n, err)
	}
	_, err = s.write.ExecContext(t.Context(), `PRAGMA max_page_count = 1000`)
	must(t, err)
	must(t, s.Audit(t.Context(), Event{At: noon(), Action: "there is room again"}))
}

func TestACancelledWriteChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Audit(ctx, Event{Action: "late"}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if n, err := s.VerifyAudit(t.Context()); n != 0 || err != nil {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}

// A hub that starts beside the command that makes its first code: both find no file.
func TestSeveralMayMakeTheFileAtOnce(t *testing.T) {
	for range 10 {
		path := filepath.Join(t.TempDir(), "classrelay.db")
		opened := make(chan error, 6)
		for range cap(opened) {
			go func() { // ends with its result
				s, err := Open(path)
				if err == nil {
					err = s.Close()
				}
				opened <- err
			}()
		}
		for range cap(opened) {
			if err := <-opened; err != nil {
				t.Error(err)
			}
		}
	}
}
