package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// makeFile makes an empty database file and its folder, where they are not there, and
// takes the rights of all but the owner from those that are. SQLite gives what it
// makes beside the file the same rights.
func makeFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Chmod(0o600); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Chmod(path+".key", 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return syncDir(dir)
}

// moveAside renames a damaged database and what belongs to it, so that nothing of it
// is lost, and returns its new name. Nobody else may have it open: they would go on
// writing to what was moved.
func moveAside(path string, lock *fileLock, now time.Time) (string, error) {
	if err := lock.alone(); err != nil {
		return "", fmt.Errorf("%w: %s, and another process has it open: stop that one, then start again: %w",
			ErrDamaged, path, err)
	}
	aside := path + ".damaged-" + now.UTC().Format("20060102T150405.000Z")
	for _, suffix := range []string{"-wal", "-shm", ""} {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	if err := makeFile(path); err != nil {
		return "", err
	}
	return aside, lock.shared()
}

// syncDir makes sure that a new or renamed file is still there after a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
